"""Boxes between boxes: on straight lines, in watched frames alone, and nothing that was seen is changed."""

import numpy as np

from smot_vlm.association.interpolation import LONGEST_INTERVAL, fill_gaps
from smot_vlm.structures import Trajectory


def track(frames: list[int], lefts: list[float], scores: list[float]) -> Trajectory:
    boxes = np.array([[left, 0.0, left + 10.0, 20.0] for left in lefts])
    return Trajectory(1, np.array(frames), boxes, np.array(scores))


def test_who_is_hidden_moves_on_a_straight_line_with_a_low_score():
    (filled,) = fill_gaps([track([0, 4], [0.0, 40.0], [0.9, 0.6])], np.arange(10))
    assert filled.frames.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(filled.boxes[:, 0], [0, 10, 20, 30, 40])
    np.testing.assert_allclose(filled.scores, [0.9, 0.3, 0.3, 0.3, 0.6])


def test_only_watched_frames_are_filled_and_none_before_or_after():
    (filled,) = fill_gaps([track([2, 8], [0.0, 60.0], [1.0, 1.0])], np.arange(0, 20, 2))
    assert filled.frames.tolist() == [2, 4, 6, 8]
    np.testing.assert_allclose(filled.boxes[:, 0], [0, 20, 40, 60])


def test_a_whole_track_stays_as_it_is():
    whole = track([3, 4, 5], [0.0, 1.0, 5.0], [0.9, 0.8, 0.7])
    assert fill_gaps([whole], np.arange(9)) == [whole]
    assert fill_gaps([], np.arange(9)) == []


def test_what_was_seen_is_kept():
    seen = track([0, 1, 3, 7], [0.0, 5.0, 3.0, 9.0], [0.9, 0.8, 0.7, 0.6])
    (filled,) = fill_gaps([seen], np.arange(8))
    places = np.searchsorted(filled.frames, seen.frames)
    np.testing.assert_array_equal(filled.boxes[places], seen.boxes)
    np.testing.assert_array_equal(filled.scores[places], seen.scores)
    assert filled.frames.tolist() == list(range(8))


def test_who_is_hidden_for_long_stays_hidden():
    # Every second frame is watched, so an interval has half as many frames as its numbers say.
    short, long = 2 * LONGEST_INTERVAL, 4 * LONGEST_INTERVAL + 2
    (filled,) = fill_gaps([track([0, short, long], [0.0, 40.0, 90.0], [0.9, 0.9, 0.9])], np.arange(0, 200, 2))
    assert filled.frames.tolist() == [*range(0, short + 1, 2), long]
