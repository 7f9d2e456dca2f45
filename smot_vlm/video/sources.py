"""What every source of pictures (container, camera, folder, array) offers to the reader."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

DEFAULT_FPS = 25.0


@dataclass(frozen=True)
class Picture:
    """A picture that is not yet RGB, so that a stride costs no conversion of what it drops.

    label: names the picture in an error. time_seconds: from the first picture on.
    to_rgb: gives uint8 (height, width, 3), a fresh array in C order.
    """

    label: str
    time_seconds: float
    to_rgb: Callable[[], np.ndarray]


class Source(Protocol):
    """An opened source.

    name: what the user reads of it. fps: frames a second. count: number of pictures, None where unknown.
    rereadable: opening it again gives the same pictures. damage: after the last picture, why they ended too early.
    """

    name: str
    fps: float
    count: int | None
    rereadable: bool
    damage: str | None

    def pictures(self) -> Iterator[Picture]:
        """Every picture once, in order, one in memory at a time."""
        ...

    def close(self) -> None:
        """Free what the source holds."""
        ...


def check_fps(fps: float | None) -> None:
    """Raise ValueError unless `fps` is None or a finite number above 0."""
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}; give frames a second as a number above 0")
