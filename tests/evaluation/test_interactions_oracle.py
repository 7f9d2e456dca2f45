"""Strict scores of interactions against scikit-learn, and by hand."""

import numpy as np
import pytest
from evaluation_cases import track
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from smot_vlm.evaluation.sequence_pairs import Pair, SequencePrediction, SequenceTruth
from smot_vlm.evaluation.strict_interactions import (
    COLUMNS,
    average_precision,
    collect_triplets,
    interactions_part,
    verb_scores,
)
from smot_vlm.structures import Interaction

PEOPLE = (1, 2, 3)
VERBS = ("hit.v.03", "look.v.01", "talk.v.01")
SAME = {1: 1, 2: 2, 3: 3}
CELLS = [(a, verb, b) for a in PEOPLE for verb in VERBS for b in PEOPLE if a != b]


def pair(name: str, true, predicted) -> Pair:
    people = tuple(track(person, 200.0 * person) for person in PEOPLE)
    return Pair(
        SequenceTruth(name, people, tuple(Interaction(*cell) for cell in true)),
        SequencePrediction(name, people, tuple(Interaction(*cell, score) for cell, score in predicted)),
    )


def score(pairs, matches, weights=None) -> dict[str, float]:
    values = interactions_part(collect_triplets(pairs, matches)).score(
        np.ones(len(pairs)) if weights is None else weights
    )
    return dict(zip((column.name for column in COLUMNS), values, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_against_scikit_learn(seed):
    """Every cell <subject, verb, object> of three sequences is a yes-or-no question with a score."""
    generator = np.random.default_rng(seed)
    true = generator.random((3, len(CELLS))) < 0.3
    listed = generator.random((3, len(CELLS))) < 0.6
    # Few levels, so that there are ties. A cell that is not listed has the lowest score of all.
    levels = np.where(listed, generator.choice([0.1, 0.3, 0.5, 0.7, 0.9], (3, len(CELLS))), 0.0)
    pairs = [
        pair(
            f"a/{row}",
            [CELLS[i] for i in np.flatnonzero(true[row])],
            [(CELLS[i], levels[row, i]) for i in np.flatnonzero(listed[row])],
        )
        for row in range(3)
    ]
    triplets = collect_triplets(pairs, [SAME] * 3)
    weights = generator.integers(0, 3, 3).astype(float)
    weights[0] += 1
    values = score(pairs, [SAME] * 3, weights)
    verbs = np.tile([cell[1] for cell in CELLS], 3)
    repeats = np.repeat(weights, len(CELLS)).astype(int)
    labels, scores, verbs = (np.repeat(column, repeats) for column in (true.ravel(), levels.ravel(), verbs))
    for average in ("micro", "macro"):
        # As multi-label rows, one verb a column.
        table = [np.stack([rows * (verbs == verb) for verb in VERBS], axis=1) for rows in (labels, scores > 0)]
        expected = precision_recall_fscore_support(*table, average=average, zero_division=0)[:3]
        names = [name if average == "micro" else f"macro {name}" for name in ("precision", "recall", "F1")]
        np.testing.assert_allclose([values[name] for name in names], expected, atol=1e-12)
    areas = average_precision(triplets, weights)
    for verb in VERBS:
        here = verbs == verb
        if labels[here].any():
            # scikit-learn finds what is not listed at the end of its ranking; here it is never found.
            unfound = (labels & (scores == 0))[here].sum() / labels[here].sum() * labels[here].mean()
            area = average_precision_score(labels[here], scores[here]) - unfound
            assert areas[triplets.verbs.index(verb)] == pytest.approx(area)


def test_direction_and_verb_must_be_right():
    true = [(1, "talk.v.01", 2)]
    assert score([pair("a/b", true, [((1, "talk.v.01", 2), 0.9)])], [SAME])["F1"] == 1
    for wrong in ((2, "talk.v.01", 1), (1, "look.v.01", 2), (1, "talk.v.01", 3)):
        values = score([pair("a/b", true, [(wrong, 0.9)])], [SAME])
        assert values["F1"] == values["mAP"] == 0


def test_unmatched_people_cost_a_miss_and_a_false_positive():
    both = [(1, "talk.v.01", 2), (2, "talk.v.01", 3)]
    pairs = [pair("a/b", both, [(cell, 0.9) for cell in both])]
    values = score(pairs, [{1: 1, 2: 2}])
    assert values["precision"] == values["recall"] == 1 / 2
    assert values["mAP"] == pytest.approx(1 / 4)  # one tie of a hit and a miss: precision 1/2 at recall 1/2
    (talk,) = verb_scores(collect_triplets(pairs, [{1: 1, 2: 2}]), 1)
    assert (talk.verb, talk.true_positives, talk.false_positives, talk.misses) == ("talk.v.01", 1, 1, 1)


def test_every_listed_triplet_counts_and_scores_only_rank():
    pairs = [pair("a/b", [(1, "talk.v.01", 2)], [((1, "talk.v.01", 2), 0.03), ((2, "talk.v.01", 1), 0.02)])]
    values = score(pairs, [SAME])
    assert values["recall"] == 1
    assert values["precision"] == 1 / 2
    assert values["mAP"] == 1


def test_a_triplet_said_twice_counts_once_with_its_best_score():
    said = [((1, "talk.v.01", 2), 0.1), ((1, "talk.v.01", 2), 0.8), ((1, "talk.v.01", 2), 0.2)]
    assert score([pair("a/b", [(1, "talk.v.01", 2)], said)], [SAME])["precision"] == 1


def test_a_set_without_interactions_has_no_value_unless_some_are_predicted():
    silent = interactions_part(collect_triplets([pair("a/b", [], [])], [SAME]))
    assert np.isnan(silent.score(np.ones(1))).all()
    assert "no interaction" in silent.missing["F1"]
    values = score([pair("a/b", [], [((1, "talk.v.01", 2), 0.9)])], [SAME])
    assert values["precision"] == values["macro F1"] == 0
    assert np.isnan(values["mAP"])


def test_macro_weighs_verbs_alike():
    """Talk is right nine times of nine, hit never: micro 9 of 10, macro one half."""
    pairs = [pair(f"a/{row}", [(1, "talk.v.01", 2)], [((1, "talk.v.01", 2), 0.9)]) for row in range(9)]
    pairs.append(pair("a/9", [(1, "hit.v.03", 2)], []))
    values = score(pairs, [SAME] * 10)
    assert values["recall"] == 9 / 10
    assert values["macro recall"] == 1 / 2
    assert values["mAP"] == 1 / 2
