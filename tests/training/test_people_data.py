"""People to learn from: their crops, and the batches that are drawn of them."""

from collections import Counter

import numpy as np
import pytest
import torch
from people_cases import SHIRTS, facts_of, make_people, source_of

from smot_vlm.appearance.crops import crop_people
from smot_vlm.appearance.network import CROP_SIZE
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.config import PeopleSourceConfig
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.training.people.augment import augment
from smot_vlm.training.people.batches import Batches, batches_from, shares, told_weight
from smot_vlm.training.people.people import KEPT_SIZE, center, read_source


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_people(tmp_path_factory.mktemp("people") / "figures", frames=3)


def test_people_of_whom_something_is_said_are_read_with_their_looks(root):
    source = source_of(root, looks=2)
    assert (source.name, source.scenarios) == ("figures", ("figures",))
    assert [person.facts for person in source.people] == [facts_of(shirt) for shirt in SHIRTS]
    assert [len(person.looks) for person in source.people] == [2, 2, 2]
    assert [len(person.looks) for person in source_of(root, looks=9).people] == [3, 3, 3]
    some = read_source(PeopleSourceConfig(str(root)), "train", 1, most=2)
    assert [person.facts for person in some.people] == [facts_of("red"), facts_of("blue")]


def test_the_middle_of_a_kept_crop_is_what_the_model_looks_at(root):
    """Through another resolution and JPEG, hence the tolerance; a shift of two pixels would exceed it at the edges."""
    sequence = BenSmot(root, "train")[0]
    seen = crop_people(sequence.read_frame(0).image, sequence.tracks[0].boxes[:1])[0]
    kept = center(source_of(root).people[0].crop(0))
    assert kept.shape == seen.shape == (*CROP_SIZE, 3)
    assert np.abs(kept.astype(int) - seen).mean() < 3


def test_a_margin_makes_the_person_larger(root):
    red = [
        int((center(source_of(root, margin=margin).people[0].crop(0))[..., 0].astype(int) > 180).sum())
        for margin in (0.0, 0.1)
    ]
    assert red[1] > 1.2 * red[0]


def test_a_set_without_facts_is_refused(tmp_path):
    root = make_people(tmp_path / "bare", splits=("train",))
    for file in root.rglob("people_facts.json"):
        file.unlink()
    with pytest.raises(ValueError, match=r"no person with facts; give a set with people_facts\.json"):
        source_of(root)


def test_augmented_crops_differ_and_keep_their_colours(root):
    crop = source_of(root).people[0].crop(0)
    assert crop.shape == (*KEPT_SIZE, 3)
    made = [augment(crop, np.random.default_rng(seed)) for seed in range(40)]
    assert all(one.shape == (*CROP_SIZE, 3) and one.dtype == np.float32 for one in made)
    assert all(one.min() >= 0 and one.max() <= 1 for one in made)
    assert not np.allclose(made[0], made[1])
    # The shirt is in the upper half and stays the only thing that is more red than anything else.
    redness = [one[: CROP_SIZE[0] // 2, :, 0].mean() - one[: CROP_SIZE[0] // 2, :, 1:].mean() for one in made]
    assert np.median(redness) > 0.05


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_follows_from_seed_and_step(root, workers):
    sources = [source_of(root, weight=2.0), source_of(root)]
    first, same = (Batches(sources, 6, seed=3)[7] for _ in range(2))
    assert first.crops.shape == (6, 3, *CROP_SIZE)
    assert torch.equal(first.crops, same.crops)
    assert not torch.equal(first.crops, Batches(sources, 6, seed=4)[7].crops)
    later = list(batches_from(Batches(sources, 6, seed=3), 7, 9, workers))
    assert len(later) == 2
    assert torch.equal(later[0].crops, first.crops)
    assert torch.equal(later[0].targets.said["upper"], first.targets.said["upper"])
    assert first.targets.said["upper"].shape == (6, len(QUESTIONS["upper"]))


def test_crops_are_shared_by_weight():
    assert shares([2, 1], 48) == [32, 16]
    assert shares([1, 1, 1], 7) == [3, 2, 2]
    assert shares([1000, 1], 10) == [9, 1]
    assert shares([1, 1], 2) == [1, 1]
    with pytest.raises(ValueError, match=r"people\.batch_people is 1 for 2 sources"):
        shares([1, 1], 1)


def test_people_of_whom_more_is_said_are_drawn_more_often(root):
    told = PersonFacts(kinds=("man",), worn=("red",), deeds=("walk",), things=("ball",))
    assert told_weight(told) == pytest.approx(2.55)
    assert told_weight(PersonFacts(kinds=("boy", "girl"), deeds=("smile",))) == pytest.approx(0.15)
    source = source_of(root)
    rare = [person.__class__(person.looks, PersonFacts(things=("ball",))) for person in source.people[1:]]
    mixed = source.__class__("mixed", 1.0, (source.people[0], *rare), ("figures",))
    batch = Batches([mixed], 200, seed=0)[0]
    drawn = Counter(batch.targets.said["kinds"].any(dim=1).tolist())
    # Weights 1.75 and twice 0.45.
    assert drawn[True] / 200 == pytest.approx(1.75 / 2.65, abs=0.1)
