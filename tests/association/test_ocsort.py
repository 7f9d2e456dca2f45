"""OC-SORT against recorded tracks of its authors' code, and its three ideas one by one."""

import numpy as np
import pytest
from golden_tracks import check_replay, golden_files

from smot_vlm.association.boxes import corners_to_xysr
from smot_vlm.association.kalman import VALUE, XYSR_FILTER
from smot_vlm.association.observed_tracks import ObservedTracks
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.sort import Sort
from smot_vlm.structures import Detections


def boxes_at(*offsets: float, score: float = 0.9) -> Detections:
    boxes = [[offset, 0.0, offset + 50, 100.0] for offset in offsets]
    return Detections(np.array(boxes).reshape(-1, 4), np.full(len(offsets), score))


def corners(*offsets: float) -> np.ndarray:
    return boxes_at(*offsets).boxes.T.copy()


def walk(tracks: ObservedTracks, *offsets: float | None) -> None:
    """The first track is seen at each offset, one frame after another, or missed (None)."""
    for offset in offsets:
        tracks.predict()
        if offset is None:
            tracks.observe(np.zeros(0, dtype=int), np.zeros((4, 0)))
        else:
            tracks.observe(np.array([0]), corners(offset))


@pytest.mark.parametrize("path", golden_files("ocsort.npz"))
def test_recorded_tracks_are_replayed(path):
    check_replay(path, OCSort, same_order=False)


@pytest.mark.parametrize("path", golden_files("ocsort_byte.npz"))
def test_recorded_tracks_with_the_low_score_round_are_replayed(path):
    check_replay(path, lambda: OCSort(low_score_round=True), same_order=False)


def test_boxes_are_those_detected():
    ocsort = OCSort()
    for offset in (0.0, 7.0, 9.0):
        out = ocsort.update(boxes_at(offset))
        np.testing.assert_array_equal(out.boxes, boxes_at(offset).boxes)


@pytest.mark.parametrize(("missed", "again"), [(30, [1]), (31, [])])
def test_a_lost_track_is_found_again_within_the_buffer(missed, again):
    ocsort = OCSort(min_hits=0)
    for _ in range(3):
        ocsort.update(boxes_at(0.0))
    for _ in range(missed):
        assert len(ocsort.update(boxes_at())) == 0
    assert (1 in ocsort.update(boxes_at(0.0)).ids) == bool(again)


@pytest.mark.parametrize(("low_score_round", "shown"), [(False, []), (True, [1])])
def test_low_scores_continue_a_track_only_in_their_round(low_score_round, shown):
    ocsort = OCSort(low_score_round=low_score_round, min_hits=0)
    for _ in range(3):
        ocsort.update(boxes_at(0.0))
    assert ocsort.update(boxes_at(0.0, score=0.3)).ids.tolist() == shown
    assert ocsort.update(boxes_at(0.0, score=0.1)).ids.tolist() == []
    assert ocsort.update(boxes_at(0.0, score=0.5)).ids.tolist() == []


def test_recovery_finds_who_stopped_where_they_were_last_seen():
    """Someone runs, is missed while stopping, and stands where they were last seen: the prediction has run on."""
    offsets = [step * 22.0 for step in range(6)]
    frames = [*[boxes_at(offset) for offset in offsets], boxes_at(), boxes_at(), boxes_at(offsets[-1])]
    last = {}
    for associator in (Sort(min_hits=0, buffer_frames=30), OCSort(min_hits=0)):
        for frame in frames:
            last[type(associator)] = associator.update(frame).ids.tolist()
    assert last == {Sort: [2], OCSort: [1]}


def test_direction_runs_from_the_oldest_recent_observation():
    tracks = ObservedTracks.start(corners(0.0), 1, 3)
    walk(tracks, 0.0)
    np.testing.assert_array_equal(tracks.direction[:, 0], [0, 0])
    walk(tracks, 10.0)
    np.testing.assert_allclose(tracks.direction[:, 0], [1, 0], atol=1e-6)
    walk(tracks, 4.0, 2.0)
    # Three frames before, at the first observation, it stood at 0; two frames before at 10.
    np.testing.assert_allclose(tracks.direction[:, 0], [1, 0], atol=1e-6)
    walk(tracks, 2.0)
    np.testing.assert_allclose(tracks.direction[:, 0], [-1, 0], atol=1e-6)
    walk(tracks, None, None, None, 20.0)
    np.testing.assert_allclose(tracks.direction[:, 0], [1, 0], atol=1e-6)


def test_consistency_is_half_right_ahead_minus_half_behind_and_none_beside():
    tracks = ObservedTracks.start(corners(0.0, 500.0), 1, 3)
    walk(tracks, 0.0, 10.0)
    ahead, behind, beside = [125.0, 50.0], [-75.0, 50.0], [25.0, 150.0]
    consistency = tracks.direction_consistency(np.array([ahead, behind, beside]).T)
    np.testing.assert_allclose(consistency[0], [0.5, -0.5, 0], atol=1e-3)
    np.testing.assert_array_equal(consistency[1], [0, 0, 0])


def test_a_box_ahead_is_preferred_to_one_behind_at_the_same_overlap():
    frames = [boxes_at(offset) for offset in (0.0, 8.0, 16.0, 24.0)]
    first = {}
    for weight in (0.0, 1.0):
        ocsort = OCSort(direction_weight=weight, min_hits=0)
        for frame in frames:
            ocsort.update(frame)
        # The prediction is near 32; the first box overlaps it a little more, but lies behind where it was at 8.
        out = ocsort.update(boxes_at(7.9, 58.0))
        first[weight] = dict(zip(out.ids.tolist(), out.rows.tolist(), strict=True))[1]
    assert first == {0.0: 0, 1.0: 1}


def test_re_update_follows_a_straight_line_from_the_loss():
    """Seen at 0, 2, 4, missed three times, found at 24: as if it had been seen at 9, 14, 19 and 24 (twice)."""
    tracks = ObservedTracks.start(corners(0.0), 1, 3)
    walk(tracks, 2.0, 4.0, None, None, None, 24.0)
    state = XYSR_FILTER.start(corners_to_xysr(corners(0.0)))
    for offset in (2.0, 4.0, 9.0, 14.0, 19.0, 24.0):
        state = XYSR_FILTER.predict(state)
        XYSR_FILTER.correct(state, corners_to_xysr(corners(offset)))
    XYSR_FILTER.correct(state, corners_to_xysr(corners(24.0)))
    np.testing.assert_allclose(tracks.kalman_states, state, rtol=1e-9, atol=1e-9)


def test_a_track_never_observed_before_its_loss_is_not_re_updated():
    tracks = ObservedTracks.start(corners(0.0), 1, 3)
    walk(tracks, None, None, 6.0)
    state = XYSR_FILTER.start(corners_to_xysr(corners(0.0)))
    for _ in range(3):
        state = XYSR_FILTER.predict(state)
    XYSR_FILTER.correct(state, corners_to_xysr(corners(6.0)))
    np.testing.assert_allclose(tracks.kalman_states[VALUE], state[VALUE], rtol=1e-9)


def test_many_gaps_at_once_are_followed_as_each_alone():
    random = np.random.default_rng(0)
    start = corners(*(np.arange(5) * 200.0))
    together = ObservedTracks.start(start, 1, 3)
    alone = [ObservedTracks.start(start[:, [index]], 1, 3) for index in range(5)]
    for _ in range(40):
        seen = np.flatnonzero(random.random(5) < 0.4)
        boxes = start[:, seen] + random.normal(0, 4, (1, len(seen)))
        together.predict()
        together.observe(seen, boxes)
        for index, tracks in enumerate(alone):
            mine = np.flatnonzero(seen == index)
            tracks.predict()
            tracks.observe(np.zeros(len(mine), dtype=int), boxes[:, mine])
    for index, tracks in enumerate(alone):
        np.testing.assert_allclose(together.kalman_states[:, :, [index]], tracks.kalman_states, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(together.direction[:, [index]], tracks.direction)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"least_iou": 1.1}, "least_iou is 1.1"),
        ({"min_hits": -2}, "min_hits is -2"),
        ({"direction_frames": 0}, "direction_frames is 0; give a whole number of at least 1"),
        ({"direction_weight": -1.0}, "direction_weight is -1.0"),
    ],
)
def test_a_setting_out_of_range_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        OCSort(**settings)
