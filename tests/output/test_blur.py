"""People made unrecognisable in what is written."""

from contextlib import nullcontext

import numpy as np
import pytest

from smot_vlm.output.blur import blur_people, blurred_frames, blurring
from smot_vlm.structures import Description, Frame, ModelInfo, Trajectory, VideoInfo


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def detail(image: np.ndarray) -> float:
    """Differences between neighbours."""
    return float(np.abs(np.diff(image.astype(float), axis=1)).mean())


def described(frames: list[int]) -> Description:
    track = Trajectory(1, frames, [[40.0, 20, 80, 100]] * len(frames), [0.9] * len(frames))
    return Description(VideoInfo("v", 160, 120, 10.0, 10), (track,), (), "", ModelInfo("m", "none", "none", True))


@pytest.mark.parametrize(("mode", "bottom"), [("people", 100), ("faces", 48)])
def test_the_region_loses_its_detail_and_the_rest_keeps_it(mode, bottom):
    image = picture()
    before = image.copy()
    blurred = blur_people(image, np.array([[40.0, 20, 80, 100]]), mode)
    assert detail(blurred[20:bottom, 40:80]) < detail(image[20:bottom, 40:80]) / 4
    assert np.array_equal(blurred[:, 84:], image[:, 84:])
    assert np.array_equal(blurred[106:], image[106:])
    assert np.array_equal(image, before), "the given picture stays as it is"
    if mode == "faces":
        assert np.array_equal(blurred[50:], image[50:])


@pytest.mark.parametrize(
    "box", [[-30.0, -20, 20, 40], [150, 100, 300, 300], [40, 20, 42, 23], [500, 500, 510, 520], [40, 20, 40, 20]]
)
def test_boxes_of_any_size_and_place_do(box):
    assert blur_people(picture(), np.array([box]), "people").shape == (120, 160, 3)


def test_the_smallest_people_become_one_colour():
    blurred = blur_people(picture(), np.array([[40.0, 20, 43, 24]]), "people")
    assert np.ptp(blurred[20:24, 40:43].reshape(-1, 3), axis=0).max() == 0


def test_people_are_blurred_in_every_frame_that_shows_their_box_also_between_two_looks():
    description = described([0, 2, 4])
    frames = [Frame(index, index / 10, picture(index)) for index in range(5)]
    for given, shown in zip(frames, blurred_frames(frames, description, "people"), strict=True):
        assert detail(shown.image[20:100, 40:80]) < detail(given.image[20:100, 40:80]) / 4, given.index


def test_opened_frames_are_blurred_each_time():
    frames = [Frame(0, 0.0, picture())]
    opener = blurring(lambda: nullcontext(frames), described([0]), "people")
    for _ in range(2):
        with opener() as opened:
            assert detail(next(iter(opened)).image[20:100, 40:80]) < 30


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="blur is 'hands'; it takes faces or people"):
        blurring(lambda: nullcontext([]), described([0]), "hands")
