"""In which precision a language model's weights are stored: as the launch and the configuration say, in training and after it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from tiny import mot_text, moving_squares
from tiny_vision import save_tiny_vision_language
from torch import nn
from training_cases import small_training

from smot_vlm.config import Config, PicturesConfig, VisionLanguageConfig
from smot_vlm.tracker import Tracker
from smot_vlm.training.accelerator import LAUNCHED_PRECISION
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord

TWO_STEPS = {"steps": 2, "detector_only_steps": 0, "ctc_start_step": 0, "caption_start_step": 0, "checkpoint_every": 9}


@pytest.fixture(autouse=True)
def one_launch():
    """Accelerate keeps what the first launch of a process said."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def stored(decoder: nn.Module) -> set[torch.dtype]:
    """Of the language model's own weights; what is trained beside them must be float32 always."""
    weights = {name: weight for name, weight in decoder.named_parameters() if name.startswith("language_model")}
    trained = {weight.dtype for name, weight in decoder.named_parameters() if weight.requires_grad}
    assert trained <= {torch.float32}
    return {weight.dtype for weight in weights.values() if not weight.requires_grad}


def trained(config: Config, folder: Path) -> Trainer:
    """After two steps with captions, none of which was skipped."""
    records: list[StepRecord] = []
    trainer = Trainer(config, Run(folder / "run"), on_step=records.append)
    trainer.train()
    assert len(records) == 2
    assert all(np.isfinite(record.losses["instance"]) and not record.skipped for record in records)
    return trainer


def describes(tracker: Tracker, folder: Path) -> None:
    (folder / "mot.txt").write_text(mot_text(6))
    assert len(tracker.describe(moving_squares(6), trajectories=folder / "mot.txt").tracks) == 2


@pytest.mark.drawn
@pytest.mark.learning
@pytest.mark.parametrize(
    ("launched", "precision", "expected"),
    [("no", "float32", torch.float32), ("bf16", "auto", torch.bfloat16), ("bf16", "float32", torch.float32)],
)
def test_a_launch_says_how_frozen_weights_are_stored(
    launched, precision, expected, tiny_language_model, tmp_path, monkeypatch
):
    monkeypatch.setenv(LAUNCHED_PRECISION, launched)
    trainer = trained(small_training(tiny_language_model, **TWO_STEPS, precision=precision), tmp_path)
    assert stored(trainer.model.decoder) == {expected}
    trainer.export(tmp_path / "model")
    for asked, dtype in {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}.items():
        tracker = Tracker.from_pretrained(tmp_path / "model", device="cpu", dtype=asked)
        assert stored(tracker.model.decoder) == {dtype}, "a folder is loaded as it is asked for, however it was trained"
    describes(tracker, tmp_path)


@pytest.mark.drawn
@pytest.mark.learning
@pytest.mark.parametrize("launched", ["no", "bf16"])
@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
def test_a_configured_dtype_is_that_of_the_weights(name, launched, tiny_language_model, tmp_path, monkeypatch):
    monkeypatch.setenv(LAUNCHED_PRECISION, launched)
    small = small_training(tiny_language_model, **TWO_STEPS, precision="bf16" if launched == "bf16" else "float32")
    family = save_tiny_vision_language(tmp_path / "family", "idefics3")
    words = VisionLanguageConfig(language_model=str(family), soft_tokens=3, num_segments=0, lora_rank=2, dtype=name)
    config = replace(
        small,
        decoder=replace(small.decoder, name="vision-language", max_new_tokens=6, vision_language=words),
        pictures=PicturesConfig(scene_frames=2, track_crops=2, frame_size=64, crop_size=32),
    )
    dtype = getattr(torch, name)
    trainer = trained(config, tmp_path)
    assert stored(trainer.model.decoder) == {torch.bfloat16 if launched == "bf16" else dtype}
    trainer.export(tmp_path / "model")
    tracker = Tracker.from_pretrained(tmp_path / "model", device="cpu")
    assert stored(tracker.model.decoder) == {dtype}
    describes(tracker, tmp_path)
