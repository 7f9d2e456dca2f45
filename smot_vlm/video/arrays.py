"""Pictures from memory: an array of frames, or an iterator of arrays."""

from collections.abc import Iterable, Iterator, Sized
from functools import partial
from itertools import count

import numpy as np

from smot_vlm.video.damage import Damage
from smot_vlm.video.sources import DEFAULT_FPS, BrokenPictureError, Picture

_ALLOWED = "give uint8 arrays: RGB (height, width, 3), RGBA (height, width, 4) or grey (height, width[, 1])"


class ArraySource:
    """Frames of an array (frames, height, width[, channels]) or of an iterable of (height, width[, channels]).

    An array, a list or a tuple can be read again; an iterator gives each frame once.

    Args:
        frames: the pictures.
        fps: frames a second; 25 without.

    Raises:
        ValueError: an array whose shape or type is no video.
    """

    name = "array"

    def __init__(self, frames: np.ndarray | Iterable[np.ndarray], fps: float | None = None) -> None:
        if isinstance(frames, np.ndarray):
            _check_video(frames)
        self._frames = frames
        self.fps = DEFAULT_FPS if fps is None else float(fps)
        self.count: int | None = len(frames) if isinstance(frames, Sized) else None
        self.rereadable = not isinstance(frames, Iterator)
        self.damage = Damage()
        self.end_reason: str | None = None

    def pictures(self) -> Iterator[Picture]:
        """Every frame of the array or iterable; the time is position / fps.

        An iterable may raise BrokenPictureError in place of a frame and go on behind it.
        """
        frames = iter(self._frames)
        for index in count():
            label = f"frame {index} of the array"
            try:
                image = next(frames)
            except StopIteration:
                return
            except BrokenPictureError as error:
                yield Picture(label, index / self.fps, partial(_refuse, error))
                continue
            yield Picture(label, index / self.fps, partial(to_rgb, image, label))

    def close(self) -> None:
        """Nothing to free: the frames belong to the caller."""


def to_rgb(image: np.ndarray, label: str) -> np.ndarray:
    """A copy of `image` as RGB (height, width, 3): grey is repeated, alpha is dropped.

    The copy keeps the frame intact where the caller reuses one buffer, and the caller's array where one is drawn on.

    Args:
        image: uint8 (height, width), (height, width, 1), (height, width, 3) or (height, width, 4).
        label: names the picture in an error.

    Returns:
        uint8 (height, width, 3).

    Raises:
        ValueError: no array, not uint8, not a picture's shape, or without a pixel.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"{label} is of type {type(image).__name__}; {_ALLOWED}")
    if image.dtype != np.uint8:
        raise ValueError(f"{label} has type {image.dtype}; {_ALLOWED}")
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise ValueError(f"{label} has shape {image.shape}; {_ALLOWED}")
    if image.size == 0:
        raise ValueError(f"{label} has shape {image.shape}, which is no pixel; {_ALLOWED}")
    if image.shape[2] == 1:
        return np.repeat(image, 3, axis=2)
    return np.array(image[:, :, :3], order="C")


def _refuse(error: BrokenPictureError) -> np.ndarray:
    raise error


def _check_video(frames: np.ndarray) -> None:
    """Refuse a single picture, which would read as a pile of narrow grey frames."""
    if frames.ndim == 3 and frames.shape[2] in (3, 4):
        raise ValueError(
            f"an array of shape {frames.shape} is one picture; give (frames, height, width, 3): image[None]"
        )
    if frames.ndim not in (3, 4):
        raise ValueError(f"an array of shape {frames.shape} is no video; give (frames, height, width, 3)")
    if frames.dtype != np.uint8:
        raise ValueError(f"the array has type {frames.dtype}; {_ALLOWED}")
    if len(frames) == 0:
        raise ValueError(f"an array of shape {frames.shape} holds no frame; give (frames, height, width, 3)")
