"""Which pairs are asked about."""

import numpy as np

from smot_vlm.semantics.pairs import candidate_pairs, closest_distances
from smot_vlm.structures import Trajectory


def person(id: int, x: float, frames: list[int]) -> Trajectory:
    return Trajectory(id, frames, [[x, 0, x + 5, 10]] * len(frames), np.ones(len(frames)))


def test_everybody_with_everybody_else_in_both_directions():
    tracks = [person(id, 10.0 * id, [0]) for id in range(3)]
    assert candidate_pairs(tracks, 100).tolist() == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]


def test_one_person_or_none_has_no_pair():
    assert candidate_pairs([], 10).shape == (0, 2)
    assert candidate_pairs([person(1, 0, [0])], 10).shape == (0, 2)


def test_in_a_crowd_the_closest_pairs_are_taken_both_ways():
    tracks = [person(1, 0, [0, 1]), person(2, 100, [1]), person(3, 110, [1]), person(4, 0, [5])]
    assert candidate_pairs(tracks, 2).tolist() == [[1, 2], [2, 1]]


def test_only_those_who_come_near_are_asked_about():
    tracks = [person(1, 0, [0, 1]), person(2, 15, [1]), person(3, 40, [1]), person(4, 0, [5])]
    assert candidate_pairs(tracks, 100, max_gap=1.5).tolist() == [[0, 1], [1, 0]]
    assert candidate_pairs(tracks, 100, max_gap=2.5).tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert candidate_pairs(tracks, 2, max_gap=2.5).tolist() == [[0, 1], [1, 0]]
    assert candidate_pairs([], 100, max_gap=2.5).shape == (0, 2)


def test_distances_are_in_heights_and_infinite_for_those_who_never_meet():
    closest = closest_distances([person(1, 0, [0, 1]), person(2, 20, [1, 2]), person(3, 0, [7])])
    assert closest[0, 1] == 2.0
    assert np.isinf(closest[0, 2])
