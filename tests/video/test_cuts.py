"""Cuts are found in made films, and nothing else is taken for one: pans, zooms, flashes, somebody who passes before the lens."""

from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from smot_vlm.structures import Frame
from smot_vlm.video.cuts import CutFinder

HEIGHT, WIDTH = 90, 160


def picture(seed: int) -> np.ndarray:
    """A coloured picture of soft patches, four times as large as a frame."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.uniform(0, 1, (cells * 9, cells * 16, 3)), (4 * WIDTH, 4 * HEIGHT)) for cells in (1, 2, 4)]
    tint = rng.uniform(0.3, 1, 3)
    return np.clip(255 * tint * (0.5 * layers[0] + 0.3 * layers[1] + 0.2 * layers[2]), 0, 255).astype(np.uint8)


def seen(whole: np.ndarray, x: float, y: float, share: float) -> np.ndarray:
    """The part of a picture around a place, as a frame."""
    size = np.array([4 * WIDTH, 4 * HEIGHT]) * share
    left, top = np.array([x * 4 * WIDTH, y * 4 * HEIGHT]) - size / 2
    matrix = np.array([[size[0] / WIDTH, 0, left], [0, size[1] / HEIGHT, top]])
    return cv2.warpAffine(whole, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)


def still(seed: int, count: int = 10) -> list[np.ndarray]:
    return [seen(picture(seed), 0.5, 0.5, 0.5)] * count


def pan(seed: int, count: int = 20) -> list[np.ndarray]:
    """Across a quarter of the picture, half a frame."""
    return [seen(picture(seed), 0.35 + 0.25 * step / count, 0.5, 0.5) for step in range(count)]


def zoom(seed: int, count: int = 20) -> list[np.ndarray]:
    return [seen(picture(seed), 0.5, 0.5, 0.8 - 0.4 * step / count) for step in range(count)]


def flash(seed: int, strength: float = 4.0) -> list[np.ndarray]:
    frames = still(seed, 20)
    bright = np.clip(frames[0] * strength + 40, 0, 255).astype(np.uint8)
    return frames[:8] + [bright] * 3 + frames[11:]


def passing(seed: int) -> list[np.ndarray]:
    """Somebody passes who is 0.4 of the frame wide."""
    wide, frames = int(0.4 * WIDTH), []
    coat = cv2.resize(picture(seed + 1), (wide, HEIGHT))
    for left in range(-wide, WIDTH, 12):
        frame = still(seed, 1)[0].copy()
        first, last = max(left, 0), min(left + wide, WIDTH)
        frame[:, first:last] = coat[:, first - left : last - left]
        frames.append(frame)
    return frames


def cuts(images: Iterable[np.ndarray], fps: float = 25.0) -> list[int]:
    frames = [Frame(index, index / fps, image) for index, image in enumerate(images)]
    watched = list(CutFinder().watch(frames))
    assert [frame for frame, _ in watched] == frames
    return [frame.index for frame, is_cut in watched if is_cut]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("fps", [25.0, 2.0])
def test_a_cut_between_two_pictures_is_found_at_its_frame(seed, fps):
    assert cuts(still(2 * seed) + still(2 * seed + 1), fps) == [10]


@pytest.mark.parametrize("shot", [still, pan, zoom, flash, passing])
@pytest.mark.parametrize("seed", range(5))
def test_within_a_shot_nothing_is_cut(shot, seed):
    assert cuts(shot(seed)) == []


def test_every_cut_of_a_film_is_found():
    film = pan(1) + zoom(2) + flash(3) + still(4)
    assert cuts(film) == [20, 40, 60]


def test_a_cut_through_black_is_found_where_the_next_picture_is_seen():
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 5
    assert cuts(still(1) + black + still(2)) == [15]
    assert cuts(still(1) + black + still(1)) == []


def test_a_film_that_begins_black_has_no_cut_there():
    assert cuts([np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 5 + still(1)) == []


def test_a_shot_of_less_than_the_time_of_a_flash_is_passed_over():
    assert cuts(still(1) + still(2, 4) + still(1)) == []
    assert cuts(still(1) + still(2, 12) + still(1)) == [10, 22]


def test_frames_are_passed_on_at_once_unless_something_changed():
    given = []

    def frames():
        for index, image in enumerate(still(1, 5)):
            given.append(index)
            yield Frame(index, index / 25, image)

    for frame, _ in CutFinder().watch(frames()):
        assert given[-1] == frame.index


def test_no_frame_no_cut():
    assert cuts([]) == []
