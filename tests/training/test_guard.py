"""Steps that are not finite: skipped in every process alike, counted, and the end of a training where they do not stop."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate.optimizer import AcceleratedOptimizer
from training_cases import small_training, write_config

from smot_vlm.models.build import build_model
from smot_vlm.training import objective
from smot_vlm.training.checkpoints import Checkpoints, Progress
from smot_vlm.training.guard import NotFiniteError, flaws_of
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.optim import make_optimizer
from smot_vlm.training.records import StepRecord, read_log
from smot_vlm.training.stepper import Stepper

pytestmark = pytest.mark.drawn

REPO = Path(__file__).parents[2]
# Trains with every value of the second step's images not a number, in the second process only.
ONE_BAD_PROCESS = """
import json, sys
from pathlib import Path
import torch
from smot_vlm.config import load_config
from smot_vlm.training import objective
from smot_vlm.training.loop import Run, Trainer

stack, calls = objective._stack_canvases, []
def spoilt(*given):
    calls.append(1)
    images = stack(*given)
    return images * float("nan") if len(calls) == 2 and trainer.accelerator.process_index == 1 else images
objective._stack_canvases = spoilt
folder = Path(sys.argv[2])
trainer = Trainer(load_config(sys.argv[1]), Run(folder))
trainer.train()
total = float(sum(weight.detach().double().sum() for weight in trainer.model.parameters() if weight.requires_grad))
(folder / f"seen-{trainer.accelerator.process_index}.json").write_text(json.dumps([trainer.stepper.guard.skipped, total]))
"""


def spoil(monkeypatch, steps: set[int]) -> None:
    """Images of these steps, counted from 1, hold no numbers."""
    stack, calls = objective._stack_canvases, []

    def spoilt(*given):
        calls.append(1)
        images = stack(*given)
        return images * float("nan") if len(calls) in steps else images

    monkeypatch.setattr(objective, "_stack_canvases", spoilt)


def detector_training(language_model, **changes):
    """The detector alone: the quickest training with running statistics of its own."""
    return small_training(
        language_model, detector_only_steps=50, ctc_start_step=50, caption_start_step=50, checkpoint_every=1, **changes
    )


def state(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items() if tensor.is_floating_point()}


def test_a_bad_step_changes_nothing_and_is_counted(tiny_language_model, tmp_path, monkeypatch):
    spoil(monkeypatch, {2})
    states, records = [], []

    def note(record: StepRecord) -> None:
        states.append(state(trainer))
        records.append(record)

    trainer = Trainer(detector_training(tiny_language_model, steps=3), Run(tmp_path), on_step=note)
    trainer.train()
    assert [record.skipped for record in records] == [False, True, False]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0]), "weights and running statistics"
    assert all(torch.isfinite(tensor).all() for tensor in states[2].values())
    assert any(not torch.equal(states[1][name], states[2][name]) for name in states[0]), "the next step learns again"
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["skipped"] for line in logged] == [0, 1, 0]
    assert logged[1]["losses"] == {}, "nothing in the log that JSON does not know"


def test_many_in_a_row_end_it_and_the_checkpoints_stay_good(tiny_language_model, tmp_path, monkeypatch):
    spoil(monkeypatch, {2, 4, 5, 6})
    trainer = Trainer(detector_training(tiny_language_model, steps=9, skip_limit=2, keep=2), Run(tmp_path))
    with pytest.raises(NotFiniteError, match=r"2 steps in a row, up to step 5, .*detection.*learning_rate"):
        trainer.train()
    kept = trainer.checkpoints.all()
    assert [path.name for path in kept] == ["step-0000003.pt", "step-0000004.pt"]
    for path in kept:
        weights = torch.load(path, weights_only=True)["weights"]
        assert all(torch.isfinite(tensor).all() for tensor in weights.values() if tensor.is_floating_point())
    assert [entry.step for entry in read_log(tmp_path / "log.jsonl")] == [1, 2, 3, 4]


@pytest.mark.subprocess
def test_what_one_process_sees_all_skip(tiny_language_model, tmp_path):
    config = detector_training(tiny_language_model, steps=3)
    config = replace(config, training=replace(config.training, checkpoint_every=100))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    (tmp_path / "train.py").write_text(ONE_BAD_PROCESS)
    command += [str(tmp_path / "train.py"), str(write_config(config, tmp_path / "c.yaml")), str(tmp_path / "run")]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPO)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (json.loads((tmp_path / "run" / f"seen-{number}.json").read_text()) for number in (0, 1))
    assert first[0] == second[0] == 1
    assert first[1] == pytest.approx(second[1], rel=1e-9), "the same weights"


def test_a_checkpoint_with_weights_that_are_not_finite_is_not_written(tiny_language_model, tmp_path):
    model = build_model(small_training(tiny_language_model))
    optimizer = make_optimizer([{"params": list(model.interaction_head.parameters()), "name": "heads", "rate": 1.0}])
    checkpoints = Checkpoints(tmp_path, keep=1)
    good = checkpoints.save(model, optimizer, Progress(1))
    with torch.no_grad():
        model.interaction_head.bias[0] = float("inf")
    with pytest.raises(ValueError, match=r"step-0000002.pt was not written: interaction_head.bias .*not finite"):
        checkpoints.save(model, optimizer, Progress(2))
    assert checkpoints.all() == [good]


def test_flaws_are_named():
    assert flaws_of({"detection": 1.0, "video": float("nan")}, {"lora": float("inf")}) == (
        "loss of video, gradient of lora"
    )
    assert not flaws_of({"detection": 1.0}, {"lora": 0.0})


def test_gradients_are_unscaled_before_they_are_clipped(tiny_language_model, tmp_path, monkeypatch):
    """The scale of float16 losses changes neither the norms nor the update."""
    norms, weights = [], []
    for scale in (None, 1024.0):
        records: list[StepRecord] = []
        config = detector_training(tiny_language_model, steps=1, clip_norm=0.5)
        trainer = Trainer(config, Run(tmp_path / str(scale)), on_step=records.append)
        if scale is not None:
            scale_losses(trainer, scale, monkeypatch)
        trainer.train()
        norms.append(records[0].norms)
        weights.append(state(trainer))
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    assert norms[0]["backbone"] > 0.5, "so that clipping matters"
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-5), name


def test_a_scale_that_is_too_high_is_lowered_and_does_not_end_it(tiny_language_model, tmp_path, monkeypatch):
    records: list[StepRecord] = []
    config = detector_training(tiny_language_model, steps=6, skip_limit=1)
    trainer = Trainer(config, Run(tmp_path), on_step=records.append)
    scale_losses(trainer, 2.0**127, monkeypatch)
    trainer.train()
    skipped = sum(record.skipped for record in records)
    assert 0 < skipped < 6, "halved as often as it takes, which is no reason to stop"
    assert [record.skipped for record in records] == [True] * skipped + [False] * (6 - skipped)


def scale_losses(trainer: Trainer, scale: float, monkeypatch) -> None:
    """Accelerate, which refuses float16 on a CPU, takes its road for float16; autocast stays off."""
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    monkeypatch.setattr(trainer.accelerator, "scaler", scaler)
    monkeypatch.setattr(trainer.accelerator, "native_amp", True)
    monkeypatch.setattr(trainer.accelerator.state, "_mixed_precision", "fp16")
    optimizer = AcceleratedOptimizer(trainer.optimizer.optimizer, scaler=scaler)
    trainer.stepper = Stepper(trainer.accelerator, trainer.wrapped, optimizer, trainer.objective, trainer.settings)
