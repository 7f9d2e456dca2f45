"""Timing a training step: every part is there and together they are no more than the step."""

from dataclasses import replace

import pytest
from tiny import tiny_config

from smot_vlm.bench.train import run
from smot_vlm.config import TrainingConfig

pytestmark = pytest.mark.drawn


def test_parts_of_a_step(tiny_language_model):
    config = tiny_config(tiny_language_model)
    training = TrainingConfig(synthetic_sequences=2, synthetic_width=160, workers=0, most_frames=4, feature_frames=2)
    told: list[tuple[int, int]] = []
    timings = run(replace(config, training=training), steps=2, progress=lambda done, total: told.append((done, total)))
    parts = {timing.part: timing for timing in timings}
    assert {"data", "association", "features", "detector", "language", "backward", "optimiser", "step"} <= set(parts)
    assert all(0 <= timing.seconds <= parts["step"].seconds for timing in timings)
    assert parts["step"].tokens_per_second > 0
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_step_is_refused(tiny_language_model):
    with pytest.raises(ValueError, match="steps is 0"):
        run(tiny_config(tiny_language_model), steps=0)
