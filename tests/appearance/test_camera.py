"""A pan or a zoom of the camera is taken out of the boxes."""

import cv2
import numpy as np
import pytest

from smot_vlm.appearance.camera import CameraMotion

SCENE = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (600, 900, 3), dtype=np.uint8), (9, 9), 3)
NOBODY = np.zeros((0, 4))


def view(left: float, top: float, zoom: float = 1.0) -> np.ndarray:
    """A part of the scene, 480 x 320 pixels, that begins at (left, top)."""
    matrix = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    return np.asarray(cv2.warpAffine(SCENE, matrix, (480, 320)), np.uint8)


@pytest.mark.parametrize("step", [(6.0, 0.0), (0.0, -4.0), (5.0, 3.0)], ids=["right", "up", "both"])
def test_who_stands_stands_though_the_camera_pans(step):
    camera = CameraMotion()
    for index in range(6):
        left, top = 100 + step[0] * index, 100 + step[1] * index
        person = np.array([[300 - left, 200 - top, 340 - left, 300 - top]])
        camera.add(view(left, top), person)
        assert camera.in_first_look(person, 480)[0] == pytest.approx([200, 100, 240, 200], abs=3)


def test_who_stands_keeps_the_same_size_though_the_camera_zooms():
    camera = CameraMotion()
    for index in range(4):
        zoom = 1.04**index
        person = np.array([[200.0, 100, 240, 200]]) * zoom
        camera.add(view(100, 100, zoom), person)
        assert camera.in_first_look(person, 480)[0] == pytest.approx([200, 100, 240, 200], abs=5)


def test_who_walks_before_a_standing_camera_is_left_as_is():
    camera = CameraMotion()
    for index in range(4):
        person = np.array([[100.0 + 20 * index, 100, 140 + 20 * index, 200]])
        camera.add(view(100, 100), person)
    assert camera.in_first_look(person, 480) == pytest.approx(person, abs=0.5)


@pytest.mark.parametrize("image", [np.zeros((320, 480, 3), np.uint8), np.full((64, 64, 3), 99, np.uint8)])
def test_where_nothing_can_be_followed_the_camera_stands(image):
    camera = CameraMotion()
    for _ in range(3):
        camera.add(image, NOBODY)
    box = np.array([[1.0, 2, 3, 4]])
    assert camera.in_first_look(box, image.shape[1]) == pytest.approx(box)


def test_another_size_starts_anew():
    camera = CameraMotion()
    camera.add(view(100, 100), NOBODY)
    camera.add(np.zeros((200, 480, 3), np.uint8), NOBODY)
    everywhere = np.array([[-50.0, -20, 1000, 900]])
    camera.add(view(100, 100), everywhere)
    assert camera.in_first_look(everywhere, 480) == pytest.approx(everywhere)
