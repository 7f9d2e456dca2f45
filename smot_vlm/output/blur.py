"""People made unrecognisable in every picture that is written: their faces, or all of them.

A face is not looked for but taken to be where the head of a box is, since a detector of faces misses some of those that people
recognise. Who was not found as a person is not blurred.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np

from smot_vlm.structures import BLUR_MODES, Description, Frame, Trajectory

# The later one hides more.
FACES, PEOPLE = MODES = BLUR_MODES
# The head of somebody who stands takes an eighth of the height, of somebody who sits or is cut by the frame much more.
_HEAD_SHARE = 0.35
# Boxes follow people with some error.
_MARGIN = 0.06
# A person is there before and after the detector sees them.
HOLD_SECONDS = 0.5
# Squares along the longer side, and pixels of the smallest ones.
_SQUARES, _LEAST_SQUARE = 6, 8

OpenFrames = Callable[[], AbstractContextManager[Iterable[Frame]]]


def blurring(open_frames: OpenFrames, description: Description, mode: str) -> OpenFrames:
    """Frames with blurred people in place of others.

    Args:
        open_frames: opens the described frames.
        description: with the people.
        mode: one of MODES.

    Returns:
        The same, blurred.

    Raises:
        ValueError: an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"blur is {mode!r}; it takes {' or '.join(MODES)}")

    @contextmanager
    def opened() -> Iterator[Iterable[Frame]]:
        with open_frames() as frames:
            yield blurred_frames(frames, description, mode)

    return opened


def stronger(one: str, other: str) -> str:
    """Which of two modes hides more.

    Args:
        one: one of MODES; empty for none.
        other: the same.
    """
    return max(one, other, key=("", *MODES).index)


def blurred_frames(frames: Iterable[Frame], description: Description, mode: str) -> Iterator[Frame]:
    """Each frame with its people blurred; the given frames stay as they are.

    Args:
        frames: of the described video.
        description: with the people.
        mode: one of MODES.

    Yields:
        Frames of their own.
    """
    hold = max(1, round(HOLD_SECONDS * description.video.fps))
    for frame in frames:
        boxes = np.array(
            [_box_near(track, frame.index) for track in description.tracks if _is_near(track, frame.index, hold)]
        )
        yield replace(frame, pixels=blur_people(frame.image, boxes, mode)) if len(boxes) else frame


def blur_people(image: np.ndarray, boxes: np.ndarray, mode: str) -> np.ndarray:
    """A picture with people as large squares of colour.

    Args:
        image: RGB uint8 (height, width, 3); not changed.
        boxes: (people, 4) xyxy in its pixels.
        mode: one of MODES.

    Returns:
        A picture of its own.
    """
    import supervision

    blurred = image.copy()
    for region in _regions(boxes, mode):
        side = float((region[2:] - region[:2]).max())
        squares = supervision.PixelateAnnotator(pixel_size=max(_LEAST_SQUARE, int(side / _SQUARES)))
        blurred = squares.annotate(blurred, supervision.Detections(xyxy=region[None]))
    return np.asarray(blurred)


def _is_near(track: Trajectory, frame: int, hold: int) -> bool:
    """Between a person's first and last box, or shortly before or after."""
    return bool(len(track)) and track.frames[0] - hold <= frame <= track.frames[-1] + hold


def _box_near(track: Trajectory, frame: int) -> np.ndarray:
    """The box of a frame; where none was found, on the way from the one before to the one after."""
    return np.array([np.interp(frame, track.frames, column) for column in track.boxes.T])


def _regions(boxes: np.ndarray, mode: str) -> np.ndarray:
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    size = boxes[:, 2:] - boxes[:, :2]
    grown = np.concatenate([boxes[:, :2] - _MARGIN * size, boxes[:, 2:] + _MARGIN * size], axis=1)
    if mode == FACES:
        grown[:, 3] = boxes[:, 1] + _HEAD_SHARE * size[:, 1]
    return grown
