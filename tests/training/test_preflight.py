"""The check before the first step: it runs everything, leaves the training as it was, and names what does not work."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from training_cases import small_training

from smot_vlm.training import preflight
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.preflight import PreflightError, check_room
from smot_vlm.training.records import StepRecord

pytestmark = pytest.mark.drawn


def config_of(language_model, **changes):
    return small_training(language_model, validation_videos=1, calibration_videos=1, **changes)


def broken(*_given, **_named):
    raise RuntimeError("CUDA out of memory\nTried to allocate 2 GiB")


@pytest.fixture
def trainer(tiny_language_model, tmp_path) -> Trainer:
    return Trainer(config_of(tiny_language_model), Run(tmp_path / "run"))


def test_it_leaves_the_training_as_it_was(tiny_language_model, tmp_path):
    records: dict[bool, list[StepRecord]] = {False: [], True: []}
    for checked, seen in records.items():
        config = replace(config_of(tiny_language_model, steps=1, detector_only_steps=0, ctc_start_step=0,
                                   caption_start_step=0), name=str(checked))  # fmt: skip
        config = replace(config, training=replace(config.training, validation_videos=0))
        trainer = Trainer(config, Run(tmp_path / str(checked)), on_step=seen.append)
        before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
        modes = [module.training for module in trainer.model.modules()]
        if checked:
            trainer.check()
            assert not [path for path in (tmp_path / "True").iterdir() if path.name != "log.jsonl"], "nothing is left"
        for name, tensor in trainer.model.state_dict().items():
            assert torch.equal(tensor, before[name]), name
        assert [module.training for module in trainer.model.modules()] == modes
        assert all(weight.grad is None for weight in trainer.model.parameters())
        trainer.train()
    assert records[True][0].losses == records[False][0].losses
    assert records[True][0].norms == records[False][0].norms


@pytest.mark.parametrize(("place", "told"), [
    ("smot_vlm.training.objective.run_tracker", "a step of detection and features on found trajectories"),
    ("smot_vlm.semantics.lora_lm.LoraLM.loss", "a step of detection and features and ctc and captions"),
    ("smot_vlm.training.preflight.validate", "validation"),
    ("smot_vlm.training.export.calibrate", "calibration and export"),
    ("smot_vlm.training.export.save_pretrained", "calibration and export"),
    ("smot_vlm.training.checkpoints.torch.save", "a checkpoint"),
    ("smot_vlm.training.sequence_sources.DrawnSequence.read_frame", "the splits of the data"),
])  # fmt: skip
def test_what_fails_later_fails_now_in_one_line(trainer, place, told, monkeypatch):
    monkeypatch.setattr(place, broken)
    with pytest.raises(PreflightError, match=f"before the first step, {told} failed: .*out of memory") as caught:
        trainer.check()
    assert "\n" not in str(caught.value)


def test_a_disk_without_room_for_the_checkpoints_is_told(trainer, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    with pytest.raises(OSError, match=r"4 checkpoints of 0.0\d GB take 0.\d\d GB, and 0.00 GB are free"):
        check_room(tmp_path, trainer.model, trainer.checkpoints)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**12))
    check_room(tmp_path, trainer.model, trainer.checkpoints)


def test_what_is_there_already_counts_as_room(trainer, tmp_path, monkeypatch):
    trainer.checkpoints.folder.mkdir(parents=True)
    with (trainer.checkpoints.folder / "step-0000001.pt").open("wb") as file:
        file.truncate(10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    check_room(tmp_path, trainer.model, trainer.checkpoints)


def test_a_clip_with_told_people_is_chosen():
    def sequence(*captions: str) -> SimpleNamespace:
        tracks = tuple(SimpleNamespace(caption=caption) for caption in captions)
        return SimpleNamespace(tracks=tracks, read_frame=lambda _: None)

    nobody, silent, told = sequence(), sequence("", ""), sequence("walks", "runs")
    assert preflight.first_with_people([nobody, silent, told]) is told
    assert preflight.first_with_people([nobody, silent]) is silent
    assert preflight.first_with_people([nobody]) is nobody
