"""Several data sets in one training: which clip comes when, what is held out of which, and what teaches nothing."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bensmot_builder import make_dataset
from tiny import tiny_config
from training_cases import EVERYTHING, example, make_objective

from smot_vlm.config import DataSourceConfig, TrainingConfig, config_from_dict
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.structures.open_annotations import BOXES, CAPTIONS, INTERACTIONS
from smot_vlm.training.examples import ExampleOptions, make_example
from smot_vlm.training.export import data_name
from smot_vlm.training.mixture import LessKnown, Mixture, Part, apportion, firsts_of, spread
from smot_vlm.training.order import Draw, RunOrder
from smot_vlm.training.splits import HELD_OUT_FILE, open_splits, write_held_out

OPTIONS = ExampleOptions(image_size=64, most_frames=4, feature_frames=3, detector_frames=(2, 3))


def parts(*weights: float) -> tuple[Part, ...]:
    """Lists of letters and numbers in place of sequences: a0 a1 a2, b0 b1 b2 b3 b4 and so on."""
    names = "abcdefg"
    return tuple(
        Part([f"{names[row]}{index}" for index in range(3 + 2 * row)], names[row], weight)
        for row, weight in enumerate(weights)
    )


def drawn(order: RunOrder, mixture: Mixture) -> list[str]:
    return [mixture[draw.sequence] for draw in order]


def test_sources_come_by_weight_and_a_sources_sequences_equally_often():
    mixture = Mixture(parts(6, 2, 1))
    names = drawn(RunOrder(mixture.parts, 9000, seed=1), mixture)
    shares = Counter(name[0] for name in names)
    assert [shares[letter] / 9000 for letter in "abc"] == pytest.approx([6 / 9, 2 / 9, 1 / 9], abs=0.004)
    for letter in "abc":
        counts = [count for name, count in Counter(names).items() if name[0] == letter]
        assert max(counts) - min(counts) <= 1, "epoch after epoch"


def test_the_order_of_several_sources_goes_on_where_it_stopped_and_further():
    mixture = Mixture(parts(3, 1, 1))
    whole = list(RunOrder(mixture.parts, 300, seed=5))
    assert list(RunOrder(mixture.parts, 300, seed=5, start=131)) == whole[131:]
    assert list(RunOrder(mixture.parts, 500, seed=5))[:300] == whole, "a longer training begins alike"
    assert list(RunOrder(mixture.parts, 300, seed=6)) != whole
    assert len({(draw.epoch, draw.sequence) for draw in whole}) == len(whole), "no clip is cut twice alike"


def test_one_source_is_drawn_as_ever():
    """Runs of before go on: seed, epoch and permutation of one data set are these."""
    expected = [int(index) for epoch in (0, 1) for index in np.random.default_rng((3, epoch)).permutation(5)]
    order = list(RunOrder((Part(list(range(5))),), 10, seed=3))
    assert [draw.sequence for draw in order] == expected
    assert order[7] == Draw(7, 1, expected[7])


def test_processes_draw_what_one_draws_together():
    """As Accelerate deals it out: batches in turn."""
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler

    order = RunOrder(parts(2, 1), 24, seed=0)
    whole = [list(batch) for batch in BatchSampler(order, 2, drop_last=False)]
    own = [list(BatchSamplerShard(BatchSampler(order, 2, drop_last=False), 2, index)) for index in (0, 1)]
    assert [batch for both in zip(*own, strict=True) for batch in both] == whole


def test_numbers_are_divided_by_weight_as_far_as_there_is_something():
    assert apportion([6, 2, 1], [100, 100, 100], 9) == [6, 2, 1]
    assert apportion([6, 2, 1], [2, 100, 100], 9) == [2, 5, 2]
    assert apportion([1, 1], [2, 1], 9) == [2, 1]
    mixture = Mixture(parts(1, 1))
    assert spread(mixture, 4) == ["a0", "a2", "b0", "b4"]
    assert [mixture[first] for first in firsts_of(mixture.parts)] == ["a0", "b0"]
    with pytest.raises(IndexError, match="sequence 8 of 8"):
        mixture[8]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data")
    make_dataset(root / "bensmot", "train", 5)
    make_dataset(root / "stills", "train", 4)
    make_dataset(root / "stills", "val", 2)
    make_dataset(root / "extra", "test", 2)
    for folder in (root / "extra").glob("test/walking/seq*"):
        (folder / "interactions.graphml").unlink()
    return root


def sources(data: Path, **changes) -> TrainingConfig:
    return TrainingConfig(
        sources=(
            DataSourceConfig(str(data / "bensmot"), weight=6),
            DataSourceConfig("synthetic", name="drawn", measured=False),
            DataSourceConfig(str(data / "stills"), weight=2, unknown=(BOXES,)),
            DataSourceConfig(str(data / "extra"), split="test", measured=False, unknown=(CAPTIONS,)),
        ),
        **{"held_out": 0.4, "validation_videos": 3, "calibration_videos": 3, "synthetic_sequences": 7} | changes,
    )  # fmt: skip


def test_every_source_is_opened_with_its_split_and_held_out_by_itself(data, tmp_path):
    splits = open_splits(sources(data))
    assert [(part.name, part.weight, len(part.source)) for part in splits.train.parts] == [
        ("bensmot", 6, 3), ("drawn", 1, 7), ("stills", 2, 4), ("extra", 1, 2),
    ]  # fmt: skip
    assert [(part.name, len(part.source)) for part in splits.validation.parts] == [("bensmot", 2), ("stills", 2)]
    write_held_out(splits, tmp_path)
    written = json.loads((tmp_path / HELD_OUT_FILE).read_text())
    apart = [splits.validation[index].name for index in (0, 1)]
    assert written == {"sources": {"bensmot": {"split": "train", "sequences": apart}}}
    again = open_splits(sources(data, seed=9, held_out=0.2), tmp_path)
    assert [again.validation[index].name for index in (0, 1)] == apart, "what the run wrote counts"
    measured = splits.measured(3)
    assert [sequence.folder.parents[2].name for sequence in measured] == ["bensmot", "bensmot", "stills"]
    assert data_name(sources(data)) == "bensmot + drawn + stills + extra"


def test_what_a_source_leaves_open_is_told_by_its_sequences(data):
    splits = open_splits(sources(data))
    _, _, stills, extra = (part.source[0] for part in splits.train.parts)
    assert (stills.unknown, extra.unknown) == ({BOXES}, {INTERACTIONS, CAPTIONS}), "extra has no file of interactions"
    assert [track.caption for track in extra.tracks] == ["", ""]
    assert extra.caption == ""
    assert stills.tracks[0].caption
    cut = make_example(stills, OPTIONS, 1.0, np.random.default_rng(0))
    assert (len(cut.detector), cut.all_interactions) == (0, True)
    cut = make_example(extra, OPTIONS, 1.0, np.random.default_rng(0))
    assert (len(cut.detector) > 0, cut.all_interactions, cut.teach_video) == (True, False, False)


def test_what_is_open_teaches_nothing(tiny_language_model):
    objective = make_objective(tiny_config(tiny_language_model))
    told = example(verbs=False)
    open_ends = replace(
        told, all_interactions=False, detector=told.detector[:0], teach_video=False, events=(),
        tracks=tuple(replace(track, caption="") for track in told.tracks),
    )  # fmt: skip
    losses = {name: total.item() for name, total in objective([open_ends], EVERYTHING).items()}
    assert losses == dict.fromkeys(losses, 0.0)
    assert set(objective.count_targets([open_ends]).values()) == {0.0}
    assert objective([told], EVERYTHING)["interactions"].item() > 0, "where all is told, nobody doing anything teaches"
    both = objective([told, open_ends], EVERYTHING)
    alone = objective([told], EVERYTHING)
    for name in ("interactions", "instance", "video", "grounding"):
        assert both[name].item() == pytest.approx(alone[name].item(), rel=1e-3), name
    known = replace(example(), all_interactions=False)
    assert objective([known], EVERYTHING)["interactions"].item() > 0, "what is there is learned"
    assert torch.isfinite(sum(both.values()))


def test_names_of_a_masked_source_are_those_of_its_data(data):
    source = BenSmot(data / "stills", "train")
    assert LessKnown(source, frozenset({BOXES})).names == source.names


@pytest.mark.parametrize(("training", "told"), [
    ({"dataset": "x", "sources": [{"dataset": "y"}]}, "training.dataset is 'x' and training.sources lists 1 data sets"),
    ({"sources": [{"dataset": "a/y"}, {"dataset": "b/y"}]}, "training.sources has 'y' more than once"),
    ({"sources": [{"dataset": "y", "weight": 0}]}, r"training.sources\[0\].weight"),
    ({"sources": [{"dataset": "y", "unknown": ["faces"]}]}, "holds 'faces'; it takes boxes, interactions, captions"),
    ({"sources": [{"dataset": "synthetic", "unknown": ["boxes"]}]}, "what is drawn is known"),
    ({"sources": [{"data": "y"}]}, "dataset"),
    ({"balance": "verbs"}, "training.balance is 'verbs'; it takes off, verb, scenario, both"),
    ({"best_by": "loss"}, "training.best_by is 'loss'; it takes score, hota, fact_recall, verb_f1"),
    ({"patience": 3, "validation_videos": 0}, "training.patience counts validations"),
    ({"average": 1.0}, "training.average"),
    ({"balance_cap": 0.5}, "training.balance_cap"),
])  # fmt: skip
def test_settings_that_cannot_be_are_told_in_one_line(training, told):
    with pytest.raises(ValueError, match=told) as caught:
        config_from_dict({"training": training})
    assert "\n" not in str(caught.value)


def test_a_source_without_its_split_is_told(data):
    with pytest.raises(FileNotFoundError, match=r"extra: no split 'train'; folders there are \['test'\]"):
        open_splits(TrainingConfig(sources=(DataSourceConfig(str(data / "extra")),)))
