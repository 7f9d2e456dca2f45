"""The assignment against full search and against another solver."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from smot_vlm.association.assignment import assign, assign_all

GAINS = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([-1.0, 0.0, 0.1, 0.2, 0.3, 0.5, 0.9]))
)


def assign_matrix(gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(gain > 0)
    chosen = assign(rows, columns, gain[rows, columns])
    return rows[chosen], columns[chosen]


def best_total(gain: np.ndarray) -> float:
    """The greatest sum, by trying every order of the columns, some of which may be unmatched."""
    padded = np.hstack([np.maximum(gain, 0), np.zeros((len(gain), len(gain)))])
    return max(padded[np.arange(len(gain)), order].sum() for order in permutations(range(padded.shape[1]), len(gain)))


@given(gain=GAINS.filter(lambda gain: gain.shape[0] <= 3))
@settings(max_examples=100, deadline=None)
def test_no_other_choice_of_pairs_is_better(gain):
    rows, columns = assign_matrix(gain)
    assert len(set(rows)) == len(rows)
    assert len(set(columns)) == len(columns)
    assert (gain[rows, columns] > 0).all()
    np.testing.assert_allclose(gain[rows, columns].sum(), best_total(gain), atol=1e-12)


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60), columns=st.integers(1, 60), density=st.floats(0, 0.3))
@settings(max_examples=100, deadline=None)
def test_another_solver_finds_the_same_pairs(seed, rows, columns, density):
    random = np.random.default_rng(seed)
    gain = np.where(random.random((rows, columns)) < density, random.random((rows, columns)), -1)
    clipped = np.maximum(gain, 0)
    other_rows, other_columns = linear_sum_assignment(clipped, maximize=True)
    used = clipped[other_rows, other_columns] > 0
    mine = assign_matrix(gain)
    assert set(zip(*mine, strict=True)) == set(zip(other_rows[used], other_columns[used], strict=True))


def test_two_good_pairs_beat_one_very_good_one():
    gain = np.array([[0.8, 0.7], [0.7, -1.0]])
    rows, columns = assign_matrix(gain)
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_one_very_good_pair_beats_two_poor_ones():
    gain = np.array([[0.8, 0.3], [0.3, -1.0]])
    rows, columns = assign_matrix(gain)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0)]


def test_one_column_takes_the_best_of_many_rows():
    assert assign(np.array([0, 3, 7]), np.array([2, 2, 2]), np.array([0.1, 0.5, 0.4])).tolist() == [1]
    assert assign(np.array([2, 2, 2]), np.array([0, 3, 7]), np.array([0.1, 0.4, 0.5])).tolist() == [2]


def test_a_limit_on_the_cost_weighs_a_pair_against_two_left_alone():
    """Costs 0.1, 0.6 / 0.6, 1.3 at L = 0.7: both crossing pairs cost 1.2, one straight pair and two alone 0.8."""
    cost = np.array([[0.1, 0.6], [0.6, 1.3]])
    rows, columns = assign_matrix(0.7 - cost)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0)]


@given(gain=arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.floats(-1, 1, width=16)))
@settings(max_examples=80, deadline=None)
def test_all_are_assigned_where_poor_pairs_count_too(gain):
    rows, columns = assign_all(gain)
    assert len(set(rows)) == len(set(columns)) == min(gain.shape)
    other = linear_sum_assignment(gain, maximize=True)
    np.testing.assert_allclose(gain[rows, columns].sum(), gain[other].sum(), atol=1e-9)
