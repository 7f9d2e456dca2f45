"""What is held out of a data set without a validation split: the same always, some of every scenario, never learned from."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from smot_vlm.config import TrainingConfig
from smot_vlm.training.mixture import spread
from smot_vlm.training.splits import HELD_OUT_FILE, hold_out, open_splits, write_held_out

NAMES = [f"{scenario}/{index}" for scenario, count in (("a", 40), ("b", 20), ("c", 10)) for index in range(count)]
SETTINGS = TrainingConfig(held_out=0.25, validation_videos=2, calibration_videos=2)


def data_set(root: Path, splits: dict[str, list[str]]) -> Path:
    for split, names in splits.items():
        for name in names:
            (root / split / name / "gt").mkdir(parents=True)
            (root / split / name / "gt" / "gt.txt").write_text("1,1,2,3,10,20,1,1,1\n")
    return root


@pytest.fixture
def without_val(tmp_path) -> TrainingConfig:
    names = [f"{scenario}/{index}" for scenario in "ab" for index in range(4)]
    return replace(SETTINGS, dataset=str(data_set(tmp_path / "data", {"train": names, "test": ["a/9"]})))


def names_of(source) -> list[str]:
    return [source[index].name for index in range(len(source))]


def test_the_same_share_of_every_scenario():
    held_out = hold_out(NAMES, 0.1, seed=3)
    assert Counter(name[0] for name in held_out) == {"a": 4, "b": 2, "c": 1}
    assert held_out == hold_out(list(reversed(NAMES)), 0.1, seed=3), "not of their order"
    assert held_out != hold_out(NAMES, 0.1, seed=4)


@pytest.mark.parametrize(("names", "count"), [(["a/1", "a/2"], 1), (["a/1", "b/1", "c/1"], 1)])
def test_at_least_one_and_never_all(names, count):
    assert len(hold_out(names, 0.01, seed=0)) == count
    assert len(hold_out(names, 0.5, seed=0)) < len(names)


def test_train_and_held_out_share_nothing_and_test_is_not_touched(without_val):
    splits = open_splits(without_val)
    train, apart = names_of(splits.train), names_of(splits.validation)
    assert sorted(train + apart) == [f"{scenario}/{index}" for scenario in "ab" for index in range(4)]
    assert Counter(name[0] for name in apart) == {"a": 1, "b": 1}
    assert [sequence.name for sequence in splits.measured(9)] == apart


def test_what_the_run_wrote_counts(without_val, tmp_path):
    write_held_out(open_splits(without_val), tmp_path)
    written = json.loads((tmp_path / HELD_OUT_FILE).read_text())
    again = open_splits(replace(without_val, seed=99, held_out=0.5), tmp_path)
    assert names_of(again.validation) == written["sequences"]
    (tmp_path / HELD_OUT_FILE).write_text(json.dumps(written | {"sequences": ["a/1", "z/8"]}))
    with pytest.raises(ValueError, match=r"not the data of this run, whose held_out.json names z/8"):
        open_splits(without_val, tmp_path)
    (tmp_path / HELD_OUT_FILE).write_text('{"sequences": 3}')
    with pytest.raises(ValueError, match=r"held_out.json: .*another --out"):
        open_splits(without_val, tmp_path)


def test_a_split_that_is_there_is_taken(tmp_path):
    root = data_set(tmp_path, {"train": ["a/0", "a/1"], "val": ["a/2"]})
    splits = open_splits(replace(SETTINGS, dataset=str(root)))
    assert (names_of(splits.train), names_of(splits.validation)) == (["a/0", "a/1"], ["a/2"])
    assert not splits.held_out


def test_a_split_of_another_name_must_be_there(without_val):
    with pytest.raises(FileNotFoundError, match=r"no split 'dev'; folders there are \['test', 'train'\]"):
        open_splits(replace(without_val, validation_split="dev"))


def test_nothing_is_held_out_where_nothing_is_measured(without_val):
    splits = open_splits(replace(without_val, validation_videos=0, calibration_videos=0))
    assert len(splits.train) == 8
    assert splits.validation is None
    assert splits.measured(3) == []


def test_a_share_of_nothing_is_told(without_val):
    with pytest.raises(ValueError, match=r"no split 'val'.*training.held_out above 0"):
        open_splits(replace(without_val, held_out=0.0))


def test_measured_sequences_come_from_all_over_the_split():
    assert spread(list("abcdefghi"), 3) == ["a", "e", "i"]
    assert spread(list("ab"), 5) == ["a", "b"]
    assert spread(list("ab"), 0) == []
