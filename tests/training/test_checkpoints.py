"""Checkpoints on a disk that fails: damage is noticed and told, an older whole one is taken, and half-written ones never are."""

import logging
from pathlib import Path

import pytest
import torch
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.models.smot import SmotModel
from smot_vlm.system.checksums import SUMS, checksum, read_sums
from smot_vlm.training.checkpoints import BEST, Checkpoints, DamagedCheckpoint, Progress, read_checkpoint
from smot_vlm.training.records import StepLog, read_log


@pytest.fixture(scope="module")
def model(tiny_language_model) -> SmotModel:
    return build_model(tiny_config(tiny_language_model))


@pytest.fixture
def optimizer(model) -> torch.optim.Optimizer:
    return torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=0.1, momentum=0.9)


@pytest.fixture
def checkpoints(model, optimizer, tmp_path) -> Checkpoints:
    """Those of steps 2 and 4, told apart by a bias."""
    made = Checkpoints(tmp_path / "checkpoints", keep=2)
    for step in (2, 4):
        with torch.no_grad():
            model.interaction_head.bias.fill_(step)
        made.save(model, optimizer, Progress(step, 0.5))
    return made


def flip(path: Path) -> None:
    """One bit of a weight, which torch.load does not notice."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def bias(model: SmotModel) -> float:
    return float(model.interaction_head.bias[0])


def test_the_newest_whole_one_is_taken(checkpoints, model, optimizer):
    assert checkpoints.restore_newest(model, optimizer) == Progress(4, 0.5)
    assert bias(model) == 4


@pytest.mark.parametrize("damage", [flip, cut, empty])
def test_a_damaged_newest_one_falls_back_and_is_told(checkpoints, model, optimizer, damage, caplog):
    damage(checkpoints.all()[-1])
    with caplog.at_level(logging.WARNING):
        assert checkpoints.restore_newest(model, optimizer) == Progress(2, 0.5)
    assert bias(model) == 2
    assert "step-0000004.pt: damaged, its checksum is not the saved one" in caplog.text
    assert "going on from the older step-0000002.pt" in caplog.text


def test_a_flipped_bit_is_noticed_by_the_checksum_alone(checkpoints):
    path = checkpoints.all()[-1]
    flip(path)
    torch.load(path, weights_only=True)
    with pytest.raises(DamagedCheckpoint, match=r"step-0000004\.pt: damaged"):
        read_checkpoint(path)


def test_all_damaged_is_an_error(checkpoints, model, optimizer):
    for path in checkpoints.all():
        flip(path)
    with pytest.raises(ValueError, match=r"step-0000004\.pt: damaged.*no older whole one") as caught:
        checkpoints.restore_newest(model, optimizer)
    assert "\n" not in str(caught.value)


def test_the_best_is_the_last_resort(checkpoints, model, optimizer, caplog):
    checkpoints.keep_best(checkpoints.all()[0])
    for path in checkpoints.all():
        flip(path)
    with caplog.at_level(logging.WARNING):
        assert checkpoints.restore_newest(model, optimizer).step == 2
    assert "step-0000002.pt: damaged" in caplog.text
    assert "going on from the older best.pt" in caplog.text


def test_what_is_damaged_is_set_aside_and_never_pushes_a_whole_one_out(checkpoints, model, optimizer):
    flip(checkpoints.all()[-1])
    progress = checkpoints.restore_newest(model, optimizer)
    checkpoints.save(model, optimizer, Progress(progress.step + 1))
    assert [path.name for path in checkpoints.all()] == ["step-0000002.pt", "step-0000003.pt"]
    assert (checkpoints.folder / "step-0000004.damaged").is_file()
    assert checkpoints.restore_newest(model, optimizer).step == 3


def test_a_damaged_one_written_anew_is_whole(checkpoints, model, optimizer):
    flip(checkpoints.all()[-1])
    checkpoints.save(model, optimizer, Progress(4))
    assert checkpoints.restore_newest(model, optimizer).step == 4


def test_half_written_ones_and_others_are_never_taken(checkpoints, model, optimizer):
    whole = checkpoints.all()[-1].read_bytes()
    for name in (".step-0000009-x.pt", "step-0000009.pt.tmp", "step-9x.pt", "step-.pt", "step-" + "9" * 5000):
        if len(name) < 200:
            (checkpoints.folder / name).write_bytes(whole[:1000])
    assert checkpoints.restore_newest(model, optimizer).step == 4


def test_the_list_holds_what_is_there_and_sha256sum_would_agree(checkpoints, model, optimizer):
    checkpoints.keep_best(checkpoints.all()[-1])
    checkpoints.save(model, optimizer, Progress(6))
    sums = read_sums(checkpoints.folder)
    assert set(sums) == {"step-0000004.pt", "step-0000006.pt", BEST}
    assert all(checksum(checkpoints.folder / name) == digest for name, digest in sums.items())
    assert all(len(line.split("  ")) == 2 for line in (checkpoints.folder / SUMS).read_text().splitlines())


def test_an_earlier_training_without_a_list_goes_on(checkpoints, model, optimizer):
    (checkpoints.folder / SUMS).unlink()
    assert checkpoints.restore_newest(model, optimizer).step == 4


def test_a_damaged_list_is_told_and_the_checkpoint_read(checkpoints, model, optimizer, caplog):
    (checkpoints.folder / SUMS).write_bytes(bytes(range(256)))
    with caplog.at_level(logging.WARNING):
        assert checkpoints.restore_newest(model, optimizer).step == 4
    assert "not a list of checksums" in caplog.text


def test_a_kill_between_the_file_and_its_checksum_leaves_no_wrong_one(checkpoints, model, optimizer, monkeypatch):
    flip(checkpoints.all()[-1])
    note = Checkpoints._note

    def killed(self, name, digest):
        if digest is not None:
            raise KeyboardInterrupt
        note(self, name, digest)

    monkeypatch.setattr(Checkpoints, "_note", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(model, optimizer, Progress(4))
    monkeypatch.undo()
    assert checkpoints.restore_newest(model, optimizer).step == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": None},
        {"weights": {"a": 3}},
        {"weights": {3: torch.zeros(1)}},
        {"optimizer": []},
        {"step": "4"},
        {"step": -1},
        {"step": 2**70},
        {"step": True},
        {"best": "x"},
        {"best": float("nan")},
    ],
)
def test_another_content_is_no_checkpoint(checkpoints, changes):
    path = checkpoints.folder / "other.pt"
    torch.save({**torch.load(checkpoints.all()[-1], weights_only=True), **changes}, path)
    with pytest.raises(ValueError, match=r"other\.pt: not a checkpoint, or damaged") as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "state", [{}, {"state": 3, "param_groups": []}, {"state": {}, "param_groups": [{"params": [0]}]}]
)
def test_the_state_of_another_optimiser_is_told(checkpoints, model, optimizer, state):
    path = checkpoints.all()[-1]
    torch.save({**torch.load(path, weights_only=True), "optimizer": state}, path)
    (checkpoints.folder / SUMS).unlink()
    with pytest.raises(ValueError, match=r"step-0000004\.pt: its optimiser's state is not of the configured model"):
        checkpoints.restore_newest(model, optimizer)


def test_broken_lines_of_a_log_are_counted_and_left_out(tmp_path, caplog):
    path = tmp_path / "log.jsonl"
    lines = [
        '{"step": 1, "losses": {"a": NaN}}',
        "null",
        '{"step": "x"}',
        '{"step": 2}',
        "[" * 10_000,
        '{"step": 3, "lo',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert [entry.step for entry in read_log(path)] == [1, 2]
    assert "4 of 6 lines are no entries of a training" in caplog.text
    StepLog(path, start=1)
    assert path.read_text(encoding="utf-8") == lines[0] + "\n"
