"""BYTE against recorded tracks of the released code, and its rules one by one."""

import numpy as np
import pytest
from golden_tracks import check_replay, golden_files

from smot_vlm.association.byte import Byte
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.structures import Detections

BOX = [100.0, 100.0, 150.0, 220.0]


def detections(*rows: tuple) -> Detections:
    """Each row: x offset of BOX, score."""
    boxes = [[BOX[0] + offset, BOX[1], BOX[2] + offset, BOX[3]] for offset, _ in rows]
    return Detections(np.array(boxes).reshape(-1, 4), np.array([score for _, score in rows]))


def ids(out: Detections) -> list[int]:
    return [] if out.ids is None else out.ids.tolist()


def feed(byte: Byte, *scores: float | None) -> list[list[int]]:
    """One box at one place, a score for each frame, None for an empty frame; the ids shown in each."""
    return [ids(byte.update(detections() if score is None else detections((0.0, score)))) for score in scores]


@pytest.mark.parametrize("path", golden_files("byte.npz"))
def test_recorded_tracks_are_replayed(path):
    check_replay(path, Byte, same_ids=True)


@pytest.mark.parametrize("path", golden_files("byte_testpipe.npz"))
def test_recorded_tracks_of_high_scores_alone_are_replayed(path):
    check_replay(path, Byte, above=0.55, least_rows=5)


@pytest.mark.parametrize(
    ("missed", "again"), [(1, [1]), (30, [1]), (31, [1]), (32, []), (33, [])], ids=lambda value: str(value)
)
def test_a_lost_track_is_found_again_within_the_buffer(missed, again):
    byte = Byte()
    shown = feed(byte, *[0.9] * 5, *[None] * missed, 0.9, 0.9)
    assert shown[:5] == [[1]] * 5
    assert shown[5 : 5 + missed] == [[]] * missed
    assert shown[-2] == again
    assert shown[-1] == (again or [2])


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(1.0, 30.0, 30), (0.5, 10.0, 5), (1.0, 2.0, 2), (0.0, 2.0, 1)])
def test_the_buffer_is_seconds(seconds, fps, frames):
    for missed, last in ((frames + 1, [1]), (frames + 2, [])):
        byte = Byte(AssociationSettings(buffer_seconds=seconds, fps=fps))
        assert feed(byte, 0.9, 0.9, *[None] * missed, 0.9)[-1] == last


def test_a_track_revived_after_its_buffer_goes_for_good_at_its_next_loss():
    assert feed(Byte(), 0.9, 0.9, *[None] * 31, 0.9, None, 0.9, 0.9)[-4:] == [[1], [], [], [2]]
    assert feed(Byte(), 0.9, 0.9, *[None] * 30, 0.9, None, 0.9, 0.9)[-4:] == [[1], [], [1], [1]]


def test_a_low_score_continues_a_track_and_starts_none():
    assert feed(Byte(), 0.9, 0.3, 0.11, 0.9) == [[1]] * 4
    assert feed(Byte(), 0.3, 0.3, 0.3) == [[], [], []]


@pytest.mark.parametrize("score", [0.1, float(np.float32(0.1)), 0.09, 0.0, 0.5])
def test_scores_at_or_below_the_low_limit_and_exactly_the_high_one_are_ignored(score):
    assert feed(Byte(), 0.9, 0.9, score, 0.9) == [[1], [1], [], [1]]


def test_a_lost_track_is_not_revived_by_a_low_score():
    assert feed(Byte(), 0.9, None, 0.4, 0.9) == [[1], [], [], [1]]


@pytest.mark.parametrize(("score", "shown"), [(0.55, [[], [], []]), (0.6, [[], [1], [1]])])
def test_a_new_track_needs_its_score(score, shown):
    assert feed(Byte(), None, score, score, score)[1:] == shown


def test_after_the_first_frame_a_track_is_shown_from_its_second_match():
    assert feed(Byte(), 0.9, 0.9) == [[1], [1]]
    assert feed(Byte(), None, 0.9, 0.9, 0.9) == [[], [], [1], [1]]


def test_an_unconfirmed_track_that_is_missed_is_gone_with_its_id():
    assert feed(Byte(), None, 0.9, None, 0.9, 0.9) == [[], [], [], [], [2]]
    assert feed(Byte(), None, 0.9, 0.4, 0.9, 0.9) == [[], [], [], [], [2]]


def test_an_unconfirmed_track_needs_a_closer_match_than_a_confirmed_one():
    """A shift of 20 of 51 pixels: IoU 31 / 71 = 0.44. At score 0.6 its cost is 0.74: above 0.7, below 0.9."""
    confirmed = Byte()
    confirmed.update(detections((0.0, 0.9)))
    assert ids(confirmed.update(detections((20.0, 0.6)))) == [1]
    unconfirmed = Byte()
    unconfirmed.update(detections())
    unconfirmed.update(detections((0.0, 0.9)))
    assert ids(unconfirmed.update(detections((20.0, 0.6)))) == []


def test_of_two_tracks_on_one_object_the_longer_one_stays():
    """A lost track does not move; a new one drifts over its place, and takes over its id there."""
    byte = Byte()
    for _ in range(10):
        byte.update(detections((0.0, 0.9)))
    shown = [ids(byte.update(detections((offset, 0.9)))) for offset in (48.0, 42.0, 36.0, 30.0, 24.0, 18.0, 12.0)]
    assert shown[0] == []
    assert shown[1] == [2]
    for offset in (8.0, 4.0, 0.0, 0.0, 0.0, 0.0):
        shown.append(ids(byte.update(detections((offset, 0.9)))))
    assert [] in shown[2:]
    assert shown[-1] == [1]


def test_a_detection_of_score_zero_is_nobody():
    byte = Byte()
    out = byte.update(detections((0.0, 0.9), (200.0, 0.0)))
    assert (ids(out), out.rows.tolist()) == ([1], [0])


def test_three_hundred_people_get_their_ids_in_order():
    grid = np.array([[x * 60.0, y * 130.0, x * 60 + 50, y * 130 + 120] for y in range(15) for x in range(20)])
    byte = Byte()
    for shift in range(4):
        out = byte.update(Detections(grid + shift, np.full(300, 0.9)))
        assert out.ids.tolist() == list(range(1, 301))
        assert out.rows.tolist() == list(range(300))
    np.testing.assert_allclose(out.boxes, grid + 3, atol=1.5)


def test_two_who_cross_keep_their_ids():
    byte = Byte()
    for step in range(25):
        out = byte.update(detections((step * 8.0, 0.9), (192.0 - step * 8, 0.8)))
    assert dict(zip(out.ids.tolist(), out.rows.tolist(), strict=True)) == {1: 0, 2: 1}


def test_rows_follow_the_detections_wherever_they_stand():
    byte = Byte()
    byte.update(detections((0.0, 0.9), (300.0, 0.8)))
    out = byte.update(detections((500.0, 0.2), (300.0, 0.4), (0.0, 0.7)))
    assert dict(zip(out.ids.tolist(), out.rows.tolist(), strict=True)) == {1: 2, 2: 1}
    assert dict(zip(out.ids.tolist(), out.scores.tolist(), strict=True)) == {1: 0.7, 2: 0.4}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"match_cost": float("nan")}, "match_cost is nan"),
        ({"low_match_cost": 2.0}, "low_match_cost is 2.0"),
        ({"unconfirmed_match_cost": -1.0}, "unconfirmed_match_cost is -1.0"),
    ],
)
def test_a_setting_out_of_range_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        Byte(**settings)


def test_a_box_that_its_track_does_not_expect_is_another_persons():
    # A box that stood still for ten frames and is 40 pixels to the right overlaps by an eighth: 1 - IoU is within 0.9.
    def shown(**options) -> list[list[int]]:
        byte = Byte(**options)
        return [ids(byte.update(detections((offset, 0.95)))) for offset in [0.0] * 10 + [40.0]]

    assert shown()[-2:] == [[1], [1]]
    assert shown(gate=9.4877)[-2:] == [[1], []]
    assert shown(gate=1e6) == shown()


def test_the_distance_is_mahalanobis_of_the_whole_filter():
    # DeepSORT, equation 1: (d - y)' S^-1 (d - y), of the matrices that the closed form replaces.
    byte = Byte(compiled=False)
    for offset in (0.0, 3.0, 5.0):
        byte.update(detections((offset, 0.9)))
    state = byte._kalman_states[:, :, 0]
    height = state[0, 3]
    noise = np.diag(np.square([height / 20, height / 20, 0.1, height / 20]))
    spread = np.diag(state[2]) + noise
    box = detections((25.0, 0.9)).boxes
    left, top, right, bottom = box[0]
    away = np.array([(left + right) / 2, (top + bottom) / 2, (right - left) / (bottom - top), bottom - top]) - state[0]
    expected = away @ np.linalg.inv(spread) @ away
    assert byte._squared_distance(np.array([0]), box.T) == pytest.approx([expected])


@pytest.mark.parametrize("gate", [0, -1.0, float("nan")])
def test_a_gate_that_lets_nothing_through_is_refused(gate):
    with pytest.raises(ValueError, match=r"gate is .*; it takes a number above 0"):
        Byte(gate=gate)
