"""The loop: killed and gone on, two processes as one, stopped by a signal, out of disk."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bensmot_builder import make_dataset
from tiny import moving_squares
from training_cases import small_training, write_config

from smot_vlm.config import DataSourceConfig
from smot_vlm.tracker import Tracker
from smot_vlm.training.checkpoints import BEST, restore
from smot_vlm.training.export import export
from smot_vlm.training.loop import Run, Trainer
from smot_vlm.training.records import StepRecord
from smot_vlm.training.sequence_sources import DrawnWorld
from smot_vlm.training.validation import Validation

pytestmark = pytest.mark.drawn

REPO = Path(__file__).parents[2]
SCRIPT = REPO / "scripts" / "train.py"
ENVIRONMENT = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPO)}


def run(config, folder: Path, on_step=lambda record: None, **options) -> tuple[Trainer, list[StepRecord]]:
    records: list[StepRecord] = []

    def seen(record: StepRecord) -> None:
        records.append(record)
        on_step(record)

    trainer = Trainer(config, Run(folder), on_step=seen, **options)
    trainer.train()
    return trainer, records


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {
        name: parameter.detach().clone()
        for name, parameter in trainer.model.named_parameters()
        if parameter.requires_grad
    }


def logged(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


class Spied(DrawnWorld):
    """Notes the order in which sequences are asked for."""

    def __init__(self) -> None:
        super().__init__(0, 4, width=160)
        self.asked: list[int] = []

    def __getitem__(self, index: int):
        self.asked.append(index)
        return super().__getitem__(index)


@pytest.fixture(scope="module")
def whole(tiny_language_model, tmp_path_factory) -> tuple[Path, list[StepRecord], list[int]]:
    """An uninterrupted training: its folder, records and order of sequences."""
    world, folder = Spied(), tmp_path_factory.mktemp("whole")
    _, records = run(small_training(tiny_language_model), folder, train_sequences=world)
    return folder, records, world.asked


def test_every_phase_trains_what_it_should_and_tells_the_time_of_its_parts(whole):
    _, records, _ = whole
    assert [set(record.losses) for record in records[:3]] == [
        {"detection"},
        {"detection", "grounding", "frame_grounding", "interactions"},
        {"detection", "grounding", "frame_grounding", "interactions", "instance", "video"},
    ]
    assert {"data", "association", "features", "detector", "grounding", "language", "backward", "optimiser"} <= set(
        records[-1].parts
    )
    assert sum(records[-1].parts.values()) <= records[-1].seconds
    assert records[-1].tokens > 0


def test_killed_and_gone_on_it_takes_the_same_path(tiny_language_model, tmp_path, whole):
    config = small_training(tiny_language_model)
    folder = tmp_path / "run"
    command = [
        sys.executable,
        str(SCRIPT),
        "--config",
        str(write_config(config, tmp_path / "c.yaml")),
        "--out",
        str(folder),
    ]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if (folder / "log.jsonl").is_file() and len(logged_lines(folder)) >= 3:
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert 2 <= len(logged_lines(folder)) < 6, "killed on the way"
    world = Spied()
    trainer, records = run(config, folder, train_sequences=world)
    start = records[0].step
    assert 2 < start <= 5
    _, expected, order = whole
    for record in records:
        assert record.losses == pytest.approx(expected[record.step - 1].losses, rel=1e-5)
    assert world.asked == order[start - 1 :]
    assert [entry["step"] for entry in logged(folder)] == [1, 2, 3, 4, 5, 6]
    assert [path.name for path in trainer.checkpoints.all()] == ["step-0000004.pt", "step-0000006.pt"]


def logged_lines(folder: Path) -> list[str]:
    path = folder / "log.jsonl"
    return path.read_text().splitlines() if path.is_file() else []


def test_two_processes_are_one_with_twice_the_accumulation(tiny_language_model, tmp_path):
    # True trajectories: the running statistics of batch norms, by which people are found, are each process's own.
    config = small_training(
        tiny_language_model, steps=3, ctc_start_step=1, caption_start_step=1, true_tracks=(1.0, 1.0), checkpoint_every=3
    )
    # A world where some clips have nobody to interact with, and a balanced set beside it whose interactions are open.
    make_dataset(tmp_path / "more", "train", 3)
    (tmp_path / "more/train/walking/seq2/interactions.graphml").unlink()
    sources = (
        DataSourceConfig("synthetic", name="drawn", weight=2),
        DataSourceConfig(str(tmp_path / "more"), unknown=("boxes",), measured=False),
    )
    changes = {"sources": sources, "balance": "both", "average": 0.9, "validation_videos": 2, "patience": 1}
    config = replace(config, training=replace(config.training, synthetic_sequences=6, seed=4, **changes))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(SCRIPT)]
    command += ["--config", str(write_config(config, tmp_path / "c.yaml")), "--out", str(tmp_path / "two")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    alone, records = run(replace(config, training=replace(config.training, accumulate=2)), tmp_path / "one")
    entries = [entry for entry in logged(tmp_path / "two") if "losses" in entry]
    for entry, record in zip(entries, records, strict=True):
        assert entry["losses"] == pytest.approx(record.losses, rel=1e-4), record.step
    assert [entry["step"] for entry in logged(tmp_path / "two") if "validation" in entry] == [3], "both validated"
    last = tmp_path / "two" / "checkpoints" / "step-0000003.pt"
    with alone.stepper.average.in_place():
        averaged = weights(alone)
    for expected, is_average in ((weights(alone), False), (averaged, True)):
        restore(last, alone.model, averaged=is_average)
        found = weights(alone)
        for name, tensor in expected.items():
            assert torch.allclose(found[name], tensor, atol=2e-4), name


def test_a_signal_ends_it_with_a_checkpoint_and_it_goes_on(tiny_language_model, tmp_path, whole):
    config = small_training(tiny_language_model, checkpoint_every=100)

    def stop(record: StepRecord) -> None:
        if record.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    trainer, records = run(config, tmp_path, stop)
    assert len(records) <= 4
    assert [path.name for path in trainer.checkpoints.all()] == [f"step-{len(records):07d}.pt"]
    assert signal.getsignal(signal.SIGTERM) == before
    _, rest = run(config, tmp_path)
    assert rest[0].step == len(records) + 1
    assert rest[-1].losses == pytest.approx(whole[1][-1].losses, rel=1e-5)


def test_a_full_disk_is_told_and_the_last_good_checkpoint_stays(tiny_language_model, tmp_path, monkeypatch):
    config = small_training(tiny_language_model, steps=2, checkpoint_every=1)
    save = torch.save

    def full(content, path):
        if content["step"] == 2:
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(content, path)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match=r"step-0000002.pt: .*disk is full.*last good one is step-0000001.pt"):
        run(config, tmp_path)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["SHA256SUMS", "step-0000001.pt"]


def test_a_checkpoint_of_another_model_is_refused(tiny_language_model, tmp_path):
    config = small_training(tiny_language_model, steps=1)
    run(config, tmp_path)
    other = replace(config, features=replace(config.features, dim=16), training=replace(config.training, steps=2))
    with pytest.raises(ValueError, match=r"features.dim was 32 and is 16; give these back.*--resume force"):
        Trainer(other, Run(tmp_path))
    with pytest.raises(ValueError, match="not weights of the configured model"):
        Trainer(other, Run(tmp_path, force=True))
    with pytest.raises(FileExistsError, match="--resume auto"):
        Trainer(config, Run(tmp_path, resume=False))


def test_a_run_goes_on_longer_but_not_otherwise(tiny_language_model, tmp_path):
    config = small_training(tiny_language_model, steps=1)
    run(config, tmp_path)
    slower = replace(config, training=replace(config.training, learning_rate=0.5))
    with pytest.raises(ValueError, match=r"training.learning_rate was 0.001 and is 0.5"):
        Trainer(slower, Run(tmp_path))
    longer = replace(config, training=replace(config.training, steps=2))
    assert [record.step for record in run(longer, tmp_path)[1]] == [2]
    with pytest.raises(ValueError, match=r"has 2 steps and training.steps is 1; give as many or more"):
        Trainer(config, Run(tmp_path))
    forced = replace(slower, training=replace(slower.training, steps=3))
    Trainer(forced, Run(tmp_path, force=True)).train()
    assert json.loads((tmp_path / "config.json").read_text())["training"]["learning_rate"] == 0.5


def test_a_training_can_begin_with_the_weights_of_another(tiny_language_model, tmp_path, whole):
    config = small_training(tiny_language_model, steps=1)
    source = whole[0] / "checkpoints" / "step-0000006.pt"
    trainer = Trainer(config, Run(tmp_path, start=source))
    expected = torch.load(source, weights_only=True)["weights"]
    for name, tensor in weights(trainer).items():
        assert torch.equal(tensor, expected[name]), name
    assert trainer.progress.step == 0
    assert not trainer.optimizer.state_dict()["state"], "a fresh optimiser"


def test_a_checkpoint_becomes_a_model_that_describes(tiny_language_model, tmp_path, whole):
    config = small_training(tiny_language_model)
    source = whole[0] / "checkpoints" / "step-0000006.pt"
    export(config, source, tmp_path / "model", device=torch.device("cpu"))
    tracker = Tracker.from_pretrained(tmp_path / "model")
    expected = torch.load(source, weights_only=True)["weights"]
    found = dict(tracker.model.named_parameters())
    for name in expected.keys() & found.keys():
        assert torch.equal(found[name], expected[name].half().float()), f"{name}: float16, to the bit"
    assert tracker.describe(moving_squares()).model.trained
    card = (tmp_path / "model" / "README.md").read_text()
    assert "6 steps of 6" in card


def test_a_damaged_checkpoint_is_told(tiny_language_model, tmp_path):
    config = small_training(tiny_language_model)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "step-0000003.pt").write_bytes(b"\x00" * 64)
    with pytest.raises(ValueError, match="damaged"):
        Trainer(config, Run(tmp_path))


def test_the_best_is_kept(tiny_language_model, tmp_path, monkeypatch):
    config = small_training(
        tiny_language_model,
        steps=3,
        ctc_start_step=1,
        caption_start_step=1,
        validate_every=1,
        validation_videos=1,
        keep=1,
    )
    found = iter([0.2, 0.6, 0.4])
    empty = Validation(0.0, 0.0, 0.0, float("nan"), float("nan"), float("nan"), float("nan"), {})
    monkeypatch.setattr("smot_vlm.training.judge.validate", lambda *_: replace(empty, hota=next(found)))
    trainer, _ = run(config, tmp_path)
    assert torch.load(tmp_path / "checkpoints" / BEST, weights_only=True)["step"] == 2
    assert [path.name for path in trainer.checkpoints.all()] == ["step-0000003.pt"]
    assert [entry["validation"]["hota"] for entry in logged(tmp_path) if "validation" in entry] == [0.2, 0.6, 0.4]


def test_frozen_weights_are_not_in_a_checkpoint(whole):
    content = torch.load(whole[0] / "checkpoints" / "step-0000006.pt", weights_only=True)
    names = [name for name in content["weights"] if name.startswith("decoder.language_model")]
    assert names
    assert all("lora_" in name for name in names)
    assert np.isfinite(content["step"])
