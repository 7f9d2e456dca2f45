"""Arrays and iterators: what is accepted as a picture, what is refused, and that nothing is shared."""

import numpy as np
import pytest

from smot_vlm.video.reader import open_video

RGB = np.arange(2 * 3 * 5 * 3, dtype=np.uint8).reshape(2, 3, 5, 3)
ALPHA = np.concatenate([RGB, np.full((2, 3, 5, 1), 7, np.uint8)], axis=3)
GREY = RGB[..., :1]


def read(source: object) -> np.ndarray:
    with open_video(source) as video:
        return np.stack([frame.image for frame in video])


@pytest.mark.parametrize("as_iterator", [False, True])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (RGB, RGB),
        (ALPHA, RGB),
        (GREY, np.repeat(GREY, 3, axis=3)),
        (GREY[..., 0], np.repeat(GREY, 3, axis=3)),
        (RGB[:, ::-1, ::-1], RGB[:, ::-1, ::-1]),
        (RGB[:, :1, :1], RGB[:, :1, :1]),
        (GREY[:, :1, :1, 0], np.repeat(GREY[:, :1, :1], 3, axis=3)),
    ],
    ids=["rgb", "rgba", "grey with axis", "grey", "negative strides", "one pixel", "one grey pixel"],
)
def test_accepted(given: np.ndarray, expected: np.ndarray, as_iterator: bool):
    images = read(iter(given) if as_iterator else given)
    assert np.array_equal(images, expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (RGB.astype(np.float32), "type float32"),
        (RGB.astype(np.int64), "type int64"),
        (RGB[0], "is one picture"),
        (RGB[0, 0], "is no video"),
        (RGB[:0], "holds no frame"),
        (RGB[:, :0], "no pixel"),
        (RGB[..., :2], r"shape \(3, 5, 2\)"),
        (iter([RGB[0].astype(np.float64)]), "frame 0 of the array has type float64"),
        (iter([RGB]), r"frame 0 of the array has shape \(2, 3, 5, 3\)"),
        (["a.jpg"], "frame 0 of the array is of type str"),
    ],
)
def test_refused(given: object, message: str):
    with pytest.raises(ValueError, match=message):
        read(given)


def test_a_bad_frame_later_is_named():
    with open_video(iter([RGB[0], RGB[1], RGB[0] / 2])) as video, pytest.raises(ValueError, match="frame 2"):
        list(video)


def test_a_size_that_changes_is_named():
    with open_video([RGB[0], RGB[1, :2]]) as video, pytest.raises(ValueError, match="frame 1 of the array: 5x2 pixels"):
        list(video)


def test_frames_are_copies():
    source = RGB.copy()
    with open_video(source) as video:
        for frame in video:
            frame.image[:] = 0
    assert np.array_equal(source, RGB)


def test_one_buffer_used_again_by_the_caller():
    buffer = np.zeros((2, 2, 3), np.uint8)

    def camera():
        for level in range(3):
            buffer[:] = level
            yield buffer

    assert [int(image[0, 0, 0]) for image in read(camera())] == [0, 1, 2]
