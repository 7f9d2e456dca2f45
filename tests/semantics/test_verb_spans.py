"""Spans out of log-odds over time, and clauses aligned with observations."""

import itertools

import numpy as np
import pytest

from smot_vlm.semantics.alignment import align
from smot_vlm.semantics.verb_spans import SpanRule, cut_spans, smoothed

SHARP = SpanRule(smoothing_seconds=0.0, start=0.0, depth=2.0, gap_seconds=0.0, least_seconds=0.0)
TIMES = np.arange(8.0)


def cut(*values: float, rule: SpanRule = SHARP, threshold: float = 0.0) -> list[tuple[float, float]]:
    times = np.arange(float(len(values)))
    stretches = cut_spans(np.array(values), times, threshold, rule, (-0.5, len(values) - 0.5))
    return [(one.from_seconds, one.to_seconds) for one in stretches]


def test_a_span_ends_where_the_line_between_observations_falls_by_the_depth():
    # Peak 3, low at 1: half-way on the line from 3 to -1, a quarter on that from 2 to -2.
    assert cut(-1, 3, 2, -2, -5) == [(0.5, 2.25)]


def test_a_dip_above_the_lower_threshold_does_not_end_a_span_and_one_below_does():
    assert cut(-9, 3, 1.5, 3, -9) == [pytest.approx((1 - 2 / 12, 3 + 2 / 12))]
    assert len(cut(-9, 3, -3, 3, -9)) == 2


def test_what_never_reaches_the_start_begins_no_span_of_its_own():
    assert len(cut(3, -9, -1, -9)) == 1
    assert len(cut(3, -9, 1, -9)) == 2


def test_a_verb_that_was_found_has_a_span_even_below_its_threshold():
    assert cut(-3, -2, -7) == [pytest.approx((-0.5, 1 + 2 / 5))]


def test_spans_reach_the_ends_of_a_life():
    assert cut(3, 3, 3) == [(-0.5, 2.5)]
    assert cut(1) == [(-0.5, 0.5)]


def test_near_spans_are_one_and_short_ones_are_dropped_but_for_the_best():
    two = (3, 3, -4, 2, 2, 2)
    assert len(cut(*two)) == 2
    joining = SpanRule(0.0, 0.0, 2.0, gap_seconds=2.0, least_seconds=0.0)
    assert cut(*two, rule=joining) == [(-0.5, 5.5)]
    long = SpanRule(0.0, 0.0, 2.0, 0.0, least_seconds=2.0)
    assert [end - start > 2 for start, end in cut(-9, 2, -9, 1, 1, 1, -9, rule=long)] == [False, True], "the best stays"


def test_spans_never_overlap():
    rng = np.random.default_rng(0)
    for _ in range(200):
        values = rng.normal(0, 3, 12)
        rule = SpanRule(0.0, -3.0, float(rng.uniform(0, 4)), 0.0, 0.0)
        spans = cut(*values, rule=rule)
        assert spans
        assert all(start <= end for start, end in spans)
        assert all(before[1] <= after[0] + 1e-9 for before, after in itertools.pairwise(spans))


def test_smoothing_keeps_a_constant_and_shares_a_peak():
    assert smoothed(np.full(8, 2.5), TIMES, 1.0) == pytest.approx(np.full(8, 2.5))
    peak = smoothed(np.eye(41)[20], np.arange(41.0), 1.0)
    assert peak[18:23] == pytest.approx(np.exp([-2, -0.5, 0, -0.5, -2]) / np.sqrt(2 * np.pi), abs=1e-4)
    assert (smoothed(np.eye(8)[3], TIMES, 0.0) == np.eye(8)[3]).all()


@pytest.mark.parametrize("pause", [-np.inf, -0.3, 0.5])
def test_alignment_is_the_best_of_all_there_are(pause: float):
    rng = np.random.default_rng(1)
    # Every observation has the number of its clause, or -1; clauses are in order, each in one piece.
    every = [
        labels
        for labels in itertools.product((-1, 0, 1), repeat=6)
        if [label for label, _ in itertools.groupby(labels) if label >= 0] == [0, 1]
        and (pause > -np.inf or -1 not in labels)
    ]

    def total(labels: tuple[int, ...], scores: np.ndarray) -> float:
        return sum(pause if label < 0 else scores[row, label] for row, label in enumerate(labels))

    for _ in range(30):
        scores = rng.normal(size=(6, 2))
        best = max(every, key=lambda labels: total(labels, scores))
        expected = [(best.index(clause), 5 - best[::-1].index(clause)) for clause in (0, 1)]
        assert align(scores, pause) == expected


def test_what_no_clause_tells_is_left_out():
    scores = np.full((9, 2), -4.0)
    scores[2:4, 0] = scores[6:8, 1] = 3.0
    assert align(scores, pause=0.0) == [(2, 3), (6, 7)]
    assert align(scores)[0][0] == 0
    assert align(scores)[1][1] == 8


def test_alignment_needs_an_observation_a_clause():
    assert align(np.zeros((1, 1))) == [(0, 0)]
    with pytest.raises(ValueError, match="2 observations for 3 clauses"):
        align(np.zeros((2, 3)))
