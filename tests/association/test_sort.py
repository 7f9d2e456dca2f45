"""SORT against recorded tracks of its authors' code, and its rules one by one."""

import numpy as np
import pytest
from golden_tracks import check_replay, golden_files

from smot_vlm.association.sort import Sort, match_by_iou, match_by_total_iou
from smot_vlm.structures import Detections


def boxes_at(*offsets: float, score: float = 0.9) -> Detections:
    boxes = [[offset, 0.0, offset + 50, 100.0] for offset in offsets]
    return Detections(np.array(boxes).reshape(-1, 4), np.full(len(offsets), score))


def feed(sort: Sort, *frames: tuple[float, ...]) -> list[list[int]]:
    """Frames given by the offsets of their boxes; the ids shown in each."""
    return [sort.update(boxes_at(*offsets)).ids.tolist() for offsets in frames]


@pytest.mark.parametrize("path", golden_files("sort.npz"))
def test_recorded_tracks_are_replayed(path):
    check_replay(path, Sort, above=0.5, same_order=False)


def test_tracks_are_shown_at_once_in_the_first_frames_and_after_three_hits_later():
    assert feed(Sort(), *[(0.0,)] * 4) == [[1]] * 4
    assert feed(Sort(), (), (), (), *[(0.0,)] * 5) == [[], [], [], [], [], [], [1], [1]]
    assert feed(Sort(min_hits=1), (), *[(0.0,)] * 3) == [[], [], [1], [1]]
    assert feed(Sort(min_hits=0), (), *[(0.0,)] * 3) == [[], [1], [1], [1]]


def test_a_track_outlives_one_missed_frame_and_starts_its_streak_anew():
    seen, missed = (0.0,), ()
    assert feed(Sort(), *[seen] * 5, missed, *[seen] * 4)[5:] == [[], [], [], [1], [1]]
    assert feed(Sort(), *[seen] * 5, missed, missed, *[seen] * 5)[7:] == [[], [], [], [2], [2]]


def test_a_lost_track_is_kept_for_the_buffer():
    seen, missed = (0.0,), ()
    frames = [*[seen] * 5, *[missed] * 3, *[seen] * 4]
    assert feed(Sort(buffer_frames=3), *frames)[-1] == [1]
    assert feed(Sort(buffer_frames=2), *frames)[-1] == [2]


@pytest.mark.parametrize("score", [0.5, 0.3])
def test_scores_up_to_the_limit_are_not_used(score):
    sort = Sort()
    assert len(sort.update(boxes_at(0.0, score=score))) == 0
    assert sort.update(boxes_at(0.0, score=0.6)).ids.tolist() == [1]


def test_a_box_that_overlaps_less_than_needed_is_another_person():
    """A shift of 25 of 50 pixels leaves an IoU of 1 / 3, one of 28 leaves 22 / 78."""
    assert feed(Sort(), (0.0,), (25.0,)) == [[1], [1]]
    assert feed(Sort(), (0.0,), (28.0,)) == [[1], [2]]


def test_good_pairs_that_are_one_to_one_are_kept_though_a_poor_total_is_greater():
    """Tracks a and b, boxes 1 and 2: a1 alone is good, but a2 and b1 together are more."""
    pairs = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.35, 0.29, 0.29])
    assert [index.tolist() for index in match_by_iou(*pairs, 0.3)] == [[0], [0]]
    assert [index.tolist() for index in match_by_total_iou(*pairs, 0.3)] == [[], []]


def test_where_good_pairs_compete_the_total_decides():
    tracks, boxes = match_by_iou(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.6, 0.5, 0.5, 0.1]), 0.3)
    assert sorted(zip(tracks.tolist(), boxes.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_a_box_that_shrinks_fast_keeps_an_area():
    sort = Sort(buffer_frames=60)
    for width in (200.0, 120.0, 70.0, 40.0, 20.0, 10.0):
        sort.update(Detections(np.array([[0, 0, width, width]]), np.array([0.9])))
    for _ in range(30):
        sort.update(Detections.empty())
    out = sort.update(Detections(np.array([[0, 0, 10.0, 10]]), np.array([0.9])))
    assert np.isfinite(out.boxes).all()
    assert np.isfinite(sort._kalman_states).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"least_iou": -0.1}, "least_iou is -0.1"),
        ({"min_hits": -1}, "min_hits is -1; give a whole number of at least 0"),
        ({"buffer_frames": 0}, "buffer_frames is 0; give a whole number of at least 1"),
    ],
)
def test_a_setting_out_of_range_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        Sort(**settings)
