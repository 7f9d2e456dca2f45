"""Timing a training step: every part is there and together they are no more than the step."""

from dataclasses import replace

import pytest
from tiny import tiny_config

from smot_vlm.bench.accelerator import peak_teraflops
from smot_vlm.bench.train import run
from smot_vlm.config import TrainingConfig

pytestmark = pytest.mark.drawn


def test_parts_of_a_step(tiny_language_model):
    config = tiny_config(tiny_language_model)
    training = TrainingConfig(synthetic_sequences=2, synthetic_width=160, workers=0, most_frames=4, feature_frames=2)
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    figures = run(replace(config, training=training), steps=2, peak=0.001, progress=progress)
    parts = {timing.part: timing for timing in figures.parts}
    assert {"data", "association", "features", "detector", "language", "backward", "optimiser", "step"} <= set(parts)
    assert all(0 <= timing.seconds <= parts["step"].seconds for timing in figures.parts)
    assert figures.tokens_per_second == parts["step"].tokens_per_second > 0
    assert figures.data_wait == parts["data"].share
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert figures.peak_memory_megabytes > 100
    # A detector of YOLO11n's size, forward and backward, is more than a product of two small matrices, less than a large model.
    assert 0.1 < figures.gigaflops_a_step < 1000
    assert figures.mfu == pytest.approx(figures.gigaflops_a_step / parts["step"].seconds)


def test_the_peak_of_a_card_is_known_by_its_name_or_withheld():
    assert peak_teraflops("NVIDIA H100 80GB HBM3", "bf16") == 989.4
    assert peak_teraflops("NVIDIA H100 PCIe", "bf16") == 756
    assert peak_teraflops("NVIDIA A100-SXM4-80GB", "tf32") == 156
    assert peak_teraflops("NVIDIA L40S", "fp16") == 362
    assert peak_teraflops("NVIDIA L4", "fp16") == 121
    assert peak_teraflops("NVIDIA GeForce GTX 1080", "float32") is None
    assert peak_teraflops("cpu", "float32") is None


def test_no_step_is_refused(tiny_language_model):
    with pytest.raises(ValueError, match="steps is 0"):
        run(tiny_config(tiny_language_model), steps=0)
