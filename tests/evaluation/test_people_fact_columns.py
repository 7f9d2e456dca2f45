"""Facts of real people: what is not said is not judged."""

import numpy as np
import pytest

from smot_vlm.evaluation.people_fact_columns import CATEGORIES, compare, people_notes, people_parts
from smot_vlm.evaluation.sequence_pairs import Pair, SequencePrediction, SequenceTruth
from smot_vlm.language.people_facts import PersonFacts, facts_of_caption
from smot_vlm.structures import Trajectory

CAPTION = "A woman in a red jacket and blue jeans with a backpack walks on the street."


def test_a_caption_is_read_whole():
    assert facts_of_caption(CAPTION) == PersonFacts(
        kinds=("woman",),
        upper=("red",),
        lower=("blue",),
        worn=("red", "blue"),
        upper_garments=("jacket",),
        lower_garments=("jeans",),
        has=("backpack",),
        things=("street",),
        deeds=("walk",),
    )
    assert facts_of_caption("A boy in black hugs a girl in a green and white dress.").kinds == ("boy",)
    assert facts_of_caption("") == PersonFacts()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (PersonFacts(kinds=("woman",), worn=("red",)), {"kind": (1, 1, 1), "colour": (1, 1, 2)}),
        (PersonFacts(kinds=("boy", "girl")), {}),  # a child is no kind yet
        (PersonFacts(deeds=("walk", "smile"), things=("dog",)), {"deed": (1, 2, 1), "thing": (0, 1, 1)}),
        (PersonFacts(upper_garments=("jacket",), has=("hat",)), {"garment": (1, 1, 2), "attribute": (0, 1, 1)}),
    ],
)
def test_what_is_not_said_is_not_judged(facts, expected):
    found = dict(zip(CATEGORIES, map(tuple, compare(facts, CAPTION).tolist()), strict=True))
    assert {name: counts for name, counts in found.items() if any(counts)} == expected


@pytest.fixture
def pairs() -> list[Pair]:
    boxes = [[0.0, 0, 10, 20]]
    captions = {1: CAPTION, 2: "A man stands."}
    tracks = tuple(Trajectory(number, [0], boxes, [1.0], caption) for number, caption in captions.items())
    people = {1: PersonFacts(kinds=("woman",)), 2: PersonFacts(kinds=("man",), deeds=("run",))}
    truth = SequenceTruth("a/b", tuple(Trajectory(number, [0], boxes, [1.0]) for number in (1, 2)), people=people)
    return [Pair(truth, SequencePrediction("a/b", tracks))]


def test_columns_and_control(pairs):
    (part,) = people_parts(pairs, [{1: 1, 2: 2}])
    values = dict(zip((column.name for column in part.columns), part.score(np.ones(1)), strict=True))
    assert values["recall"] == pytest.approx(2 / 3)
    assert values["kind recall"] == 1.0
    assert values["deed recall"] == 0.0
    assert np.isnan(values["thing recall"])
    assert people_notes(pairs, [{1: 1, 2: 2}]) == [
        "people facts: this run's captions given to the wrong people recall 0.000"
    ]


def test_a_missed_person_states_nothing(pairs):
    (part,) = people_parts(pairs, [{2: 2}])
    assert part.score(np.ones(1))[0] == pytest.approx(1 / 3)


def test_data_without_such_facts_have_no_such_columns():
    pair = Pair(SequenceTruth("a/b", ()), SequencePrediction("a/b"))
    assert people_parts([pair], [{}]) == []
    assert people_notes([pair], [{}]) == []
