"""Tiers of interactions: what counts as near and as the same kind, and cells computed by hand."""

import importlib.util
from pathlib import Path

import pytest
from evaluation_cases import FRAMES, track

from smot_vlm.evaluation.sequence_pairs import Pair, SequencePrediction, SequenceTruth
from smot_vlm.evaluation.verb_tiers import COLUMNS, _relations, agree, tiers_part
from smot_vlm.evaluation.wordnet import load_wordnet
from smot_vlm.structures import Interaction
from smot_vlm.verbs import VERBS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("first", "second", "near", "coarse"),
    [
        ("talk.v.01", "talk.v.01", True, True),
        ("talk.v.01", "talk.v.02", True, True),  # another sense of the word
        ("look.v.01", "stare.v.02", True, True),  # parent and child
        ("hold.v.02", "hold.v.0", True, True),  # a misspelt label
        ("push.v.01", "pull.v.01", False, False),  # both can be "force", which names neither
        ("hit.v.03", "embrace.v.02", False, True),  # both contact
        ("talk.v.01", "hit.v.03", False, False),
        ("through", "towards", False, False),  # no kind at all
        ("through", "through", True, True),
        ("dance together", "talk.v.01", False, False),  # a phrase of one's own
    ],
)
def test_what_agrees(first, second, near, coarse):
    for tier, expected in (("near", near), ("coarse", coarse)):
        assert agree(first, second, tier) == agree(second, first, tier) == expected


def test_every_sense_has_its_line_and_nearness_is_mutual():
    table = _relations()
    assert list(table) == [sense.label for sense in VERBS]
    assert all(label in table[other].near and label != other for label, row in table.items() for other in row.near)


def test_the_table_is_what_wordnet_says():
    try:
        load_wordnet()
    except (FileNotFoundError, ImportError) as error:
        pytest.skip(str(error))
    spec = importlib.util.spec_from_file_location("make_verb_relations", ROOT / "scripts/make_verb_relations.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = {label: (kind, frozenset(near)) for label, kind, near in script.relations()}
    assert made == {label: (row.kind, row.near) for label, row in _relations().items()}


def score(true, predicted, match) -> dict[str, float]:
    people = tuple(track(number, 100.0 * number) for number in (1, 2, 3))
    truth = SequenceTruth("a/b", people, tuple(Interaction(*edge) for edge in true), "", FRAMES)
    run = SequencePrediction("a/b", people, tuple(Interaction(*edge) for edge in predicted))
    part = tiers_part([Pair(truth, run)], [match])
    return dict(zip((column.name for column in COLUMNS), part.score([1.0]), strict=True))


def test_cells_by_hand():
    """Four predicted, three true. Near: talk for talk, glance for look. Coarse: hit for embrace as well."""
    true = [(1, "talk.v.02", 2), (2, "look.v.01", 1), (1, "embrace.v.02", 3)]
    said = [(1, "talk.v.01", 2), (2, "glance.v.01", 1), (1, "hit.v.03", 3), (3, "talk.v.01", 2)]
    cells = score(true, said, {1: 1, 2: 2, 3: 3})
    assert cells["near precision"] == 2 / 4
    assert cells["near recall"] == pytest.approx(2 / 3)
    assert cells["near F1"] == pytest.approx(4 / 7)
    assert cells["coarse precision"] == 3 / 4
    assert cells["coarse recall"] == 1
    assert cells["coarse F1"] == pytest.approx(6 / 7)


def test_a_true_triplet_is_found_once_and_by_its_people():
    one = [(1, "talk.v.01", 2)]
    twice = score(one, [(1, "talk.v.01", 2), (1, "talk.v.02", 2)], {1: 1, 2: 2})
    assert (twice["near precision"], twice["near recall"]) == (0.5, 1)
    # The other way round, and of people that were not found.
    assert score(one, [(2, "talk.v.01", 1)], {1: 1, 2: 2})["coarse recall"] == 0
    assert score(one, one, {1: 1})["near precision"] == 0
    # Two agreements are had though the first verb could take either.
    both = [(1, "talk.v.01", 2), (1, "converse.v.01", 2)]
    assert score(both, [(1, "talk.v.01", 2), (1, "talk.v.02", 2)], {1: 1, 2: 2})["near recall"] == 1


def test_nothing_to_measure():
    assert all(value != value for value in score([], [], {}).values())
