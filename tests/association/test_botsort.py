"""BoT-SORT: the camera's motion, appearance where boxes overlap, and the rest as in BYTE."""

import cv2
import numpy as np
import pytest

from smot_vlm.association.botsort import BotSort, moved_by_camera
from smot_vlm.association.byte import Byte
from smot_vlm.association.camera_motion import STILL, CameraMotion
from smot_vlm.association.kalman import COVARIANCE, VALUE, VALUE_VARIANCE, XYWH_FILTER
from smot_vlm.structures import Detections

NOBODY = np.zeros((0, 4))


@pytest.fixture(scope="module")
def wall() -> np.ndarray:
    """A wall (600, 900, 3) with blots on it, larger than a frame."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (30, 45, 3), dtype=np.uint8)
    return cv2.resize(coarse, (900, 600), interpolation=cv2.INTER_CUBIC)


def view(wall: np.ndarray, x: int, y: int) -> np.ndarray:
    return np.ascontiguousarray(wall[y : y + 240, x : x + 320])


def one(x: float, y: float = 80.0, score: float = 0.9) -> Detections:
    return Detections(np.array([[x, y, x + 40, y + 100]]), np.array([score]))


def test_a_camera_that_pans_moves_places_the_other_way(wall):
    camera = CameraMotion()
    assert camera.follow(view(wall, 100, 100), NOBODY) is STILL
    motion = camera.follow(view(wall, 112, 93), NOBODY)
    np.testing.assert_allclose(motion, [[1, 0, -12], [0, 1, 7]], atol=0.3)


def test_a_zoom_is_a_zoom(wall):
    camera = CameraMotion()
    first = view(wall, 100, 100)
    camera.follow(first, NOBODY)
    motion = camera.follow(cv2.warpAffine(first, np.array([[1.05, 0, -8], [0, 1.05, -6]]), (320, 240)), NOBODY)
    np.testing.assert_allclose(motion, [[1.05, 0, -8], [0, 1.05, -6]], atol=0.6)
    np.testing.assert_allclose(motion[:, :2], [[1.05, 0], [0, 1.05]], atol=0.01)


def test_people_who_move_are_not_the_background(wall):
    """A person walks over most of the picture; the wall stands."""
    camera = CameraMotion()
    person = view(wall, 400, 300)[:200, :160]
    for x in (20, 40):
        frame = view(wall, 100, 100)
        frame[20:220, x : x + 160] = person
        motion = camera.follow(frame, np.array([[x, 20.0, x + 160, 220]]))
    corners = np.array([[0.0, 320, 0, 320], [0, 0, 240, 240], [1, 1, 1, 1]])
    np.testing.assert_allclose(motion @ corners, corners[:2], atol=1.0)


def test_behind_a_cut_nothing_is_said_about_the_camera(wall):
    camera = CameraMotion()
    camera.follow(view(wall, 100, 100), NOBODY)
    other = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    assert camera.follow(other, NOBODY) is STILL
    assert camera.follow(np.zeros((100, 100, 3), dtype=np.uint8), NOBODY) is STILL


def test_a_jolt_of_the_camera_loses_nobody(wall):
    """The picture jumps by 36 of a person's 40 pixels: their boxes hardly overlap any more."""
    found = {}
    for name, tracker in (("byte", Byte()), ("botsort", BotSort()), ("still", BotSort(camera=False))):
        for x in (100, 100, 100, 136):
            out = tracker.update(one(240.0 - x), view(wall, x, 100))
        found[name] = out.ids.tolist()
    assert found == {"byte": [], "botsort": [1], "still": []}


def test_the_cameras_motion_is_that_of_the_whole_matrices():
    """Against R P R^T of the full covariance: the mean is equal, and so are the variances of x and y."""
    state = XYWH_FILTER.predict(XYWH_FILTER.start(np.array([[100.0], [50], [40], [90]])))
    turn = 1.1 * np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    motion = np.concatenate([turn, [[5.0], [-3.0]]], axis=1)
    moved = moved_by_camera(state, motion)
    np.testing.assert_allclose(moved[VALUE, :2, 0], turn @ [100, 50] + [5, -3])
    np.testing.assert_allclose(moved[VALUE, 2:, 0], [44, 99])
    for row in (VALUE_VARIANCE, COVARIANCE):
        full = turn @ np.diag(state[row, :2, 0]) @ turn.T
        np.testing.assert_allclose(moved[row, :2, 0], np.diag(full))
        np.testing.assert_allclose(moved[row, 2:, 0], 1.21 * state[row, 2:, 0])


def test_the_filter_has_the_papers_noise():
    """One twentieth and one 160th of the side, twice and ten times that at first, as variances."""
    state = XYWH_FILTER.start(np.array([[100.0], [50], [40], [90]]))
    np.testing.assert_allclose(state[VALUE_VARIANCE, :, 0], [16, 81, 16, 81])
    np.testing.assert_allclose(state[4, :, 0], np.square(np.array([40, 90, 40, 90]) / 16))
    predicted = XYWH_FILTER.predict(state)
    added = np.square(np.array([40, 90, 40, 90]) / 20)
    np.testing.assert_allclose(predicted[VALUE_VARIANCE], state[VALUE_VARIANCE] + state[4] + added[:, None])
    _, variance = XYWH_FILTER.expect(state)
    np.testing.assert_allclose(variance - state[VALUE_VARIANCE], added[:, None])


class Coats:
    """An encoder that reads the color of the box's middle."""

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        centers = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(int)
        colors = image[centers[:, 1], centers[:, 0]].astype(np.float32)
        return colors / np.linalg.norm(colors, axis=1, keepdims=True)


@pytest.mark.parametrize(("appearance_distance", "expected"), [(0.25, {1: 1, 2: 0}), (0.0, {1: 0, 2: 1})])
def test_two_who_change_places_keep_their_ids_by_their_coats(appearance_distance, expected):
    """Two who stand side by side, 14 of 60 pixels apart, change places at once: the nearer box is the other person's."""
    tracker = BotSort(encoder=Coats(), camera=False, appearance_distance=appearance_distance)
    for step in range(8):
        frame = np.zeros((240, 320, 3), dtype=np.uint8)
        places = [100, 114] if step < 7 else [114, 100]
        boxes = np.array([[x, 50.0, x + 60, 200] for x in places])
        for row, box in enumerate(boxes.astype(int)):
            frame[125, (box[0] + box[2]) // 2] = (255, 0, 0) if row == 0 else (0, 0, 255)
        order = [0, 1] if step < 7 else [1, 0]
        out = tracker.update(Detections(boxes[order], np.array([0.9, 0.9])), frame)
    assert dict(zip(out.ids.tolist(), out.rows.tolist(), strict=True)) == expected


def test_an_embedding_goes_with_its_track_and_no_longer():
    tracker = BotSort(encoder=Coats(), camera=False)
    frame = np.full((240, 320, 3), 9, dtype=np.uint8)
    tracker.update(one(20.0), frame)
    assert list(tracker._embedding_of) == [1]
    for _ in range(40):
        tracker.update(Detections.empty(), frame)
    assert not tracker._embedding_of


@pytest.mark.parametrize("setting", ["appearance_distance", "proximity", "match_cost"])
def test_a_setting_out_of_range_is_an_error(setting):
    with pytest.raises(ValueError, match=f"{setting} is 1.5"):
        BotSort(**{setting: 1.5})
