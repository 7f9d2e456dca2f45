"""`training.compile`: the same steps as without it, and a folder that describes, for decoders of words of each kind."""

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from bensmot_cases import shrink_smoter
from tiny import moving_squares
from training_cases import small_training

from smot_vlm.detection.detector import YoloDetector
from smot_vlm.tracker import Tracker
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord


@pytest.fixture(autouse=True)
def traced(monkeypatch):
    """The decoder is traced in earnest; what was traced is run as it is, since machine code takes minutes to make.

    So would tracing the detector, which is the same whatever the decoder.
    """
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    torch._dynamo.reset()
    monkeypatch.setattr(logging.getLogger("torch.__trace"), "disabled", True)
    monkeypatch.setattr(YoloDetector, "compile", lambda _: None)


def losses(language_model: Path, folder: Path, decoder: str, *, compile: bool) -> list[dict[str, float]]:
    """Of two steps with captions; and the folder that they end with."""
    small = small_training(
        language_model,
        steps=2,
        detector_only_steps=0,
        ctc_start_step=0,
        caption_start_step=0,
        checkpoint_every=9,
        average=0.5,
        compile=compile,
    )
    records: list[StepRecord] = []
    config = replace(small, decoder=replace(small.decoder, name=decoder))
    torch.manual_seed(0)
    trainer = Trainer(config, Run(folder / "run"), on_step=records.append)
    trainer.train()
    trainer.export(folder / "model")
    assert not any(record.skipped for record in records)
    return [record.losses for record in records]


@pytest.mark.drawn
@pytest.mark.learning
@pytest.mark.parametrize("decoder", ["smoter", pytest.param("lora-lm", marks=pytest.mark.slow)])
def test_a_compiled_model_takes_the_same_steps(decoder, tiny_language_model, tmp_path, monkeypatch):
    shrink_smoter(monkeypatch)
    plain, compiled = (
        losses(tiny_language_model, tmp_path / str(compile), decoder, compile=compile) for compile in (False, True)
    )
    assert len(compiled) == 2
    for expected, found in zip(plain, compiled, strict=True):
        assert found == pytest.approx(expected, rel=1e-3)
        assert {"instance", "video"} <= found.keys()
    description = Tracker.from_pretrained(tmp_path / "True/model", device="cpu").describe(moving_squares(4))
    assert description.model.decoder == decoder
