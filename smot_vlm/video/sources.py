"""What every source of pictures (container, camera, folder, array) offers to the reader."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from smot_vlm.structures import LazyImage
from smot_vlm.video.damage import Damage

DEFAULT_FPS = 25.0
# 16384 x 8192: a header that states more is damaged or hostile, and one such frame would fill the memory.
MAX_PIXELS = 2**27


class BrokenPictureError(ValueError):
    """One picture of a source cannot be used; the others can."""


class Picture(NamedTuple):
    """A picture that is not yet an image, so that a stride costs no conversion of what it drops.

    Attributes:
        label: names the picture in an error.
        time_seconds: from the first picture on.
        image: gives RGB uint8 (height, width, 3), a fresh array in C order, or what will make one, where it is known
            that it can be made; may raise BrokenPictureError.
    """

    label: str
    time_seconds: float
    image: Callable[[], np.ndarray | LazyImage]


class Source(Protocol):
    """An opened source.

    Attributes:
        name: what the user reads of it.
        fps: frames a second; where the source states none, it may become exact with the last picture.
        count: number of pictures, None where unknown.
        rereadable: opening it again gives the same pictures.
        damage: what is damaged in the pictures that have come.
        end_reason: after the last picture, why they ended too early.
    """

    name: str
    fps: float
    count: int | None
    rereadable: bool
    damage: Damage
    end_reason: str | None

    def pictures(self) -> Iterator[Picture]:
        """Every picture once, in order, one in memory at a time."""
        ...

    def close(self) -> None:
        """Free what the source holds."""
        ...


def check_fps(fps: float | None) -> None:
    """Check a rate that a caller gave.

    Args:
        fps: frames a second, or None.

    Raises:
        ValueError: not a finite number above 0.
    """
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}; give frames a second as a number above 0")
