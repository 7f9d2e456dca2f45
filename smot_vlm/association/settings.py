"""The settings that all associators share, and checks for those of a single one."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Associators count time in thousandths of a frame at the settings' rate: whole numbers, exact where frames are even.
TICKS = 1000


def ticks(frames: float) -> int:
    """Frames as ticks.

    Args:
        frames: How many have passed, at the settings' rate.

    Returns:
        At least one tick.

    Raises:
        ValueError: `frames` is not above 0.
    """
    if not (math.isfinite(frames) and frames > 0):
        raise ValueError(f"elapsed is {frames}; give the frames that have passed since the last one, above 0")
    return max(1, round(frames * TICKS))


def check_fraction(name: str, value: float) -> None:
    """Refuse a value that is not between 0 and 1.

    Args:
        name: The setting's name, for the error.
        value: Its value.

    Raises:
        ValueError: `value` is not between 0 and 1.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; give a number between 0 and 1")


def check_count(name: str, value: int, least: int) -> None:
    """Refuse a value that is not a whole number of at least `least`.

    Args:
        name: The setting's name, for the error.
        value: Its value.
        least: The smallest value allowed.

    Raises:
        ValueError: `value` is no such number.
    """
    if value != int(value) or value < least:
        raise ValueError(f"{name} is {value}; give a whole number of at least {least}")


@dataclass(frozen=True)
class AssociationSettings:
    """What every associator is given. The defaults are those of BYTE's released code.

    Scores are compared in single precision, so that a detector's float32 0.1 equals the limit 0.1.

    Attributes:
        high_score: Detections above it are matched first.
        low_score: Detections between it and `high_score` are matched second, by associators with such a round.
        new_track_score: The least score of an unmatched detection that starts a track (BYTE and Sparse).
        buffer_seconds: How long a lost track can be found again. One second is the papers' 30 frames at 30 fps.
        fps: Frames a second that the associator is given.

    Raises:
        ValueError: A setting is out of its range.
    """

    high_score: float = 0.5
    low_score: float = 0.1
    new_track_score: float = 0.6
    buffer_seconds: float = 1.0
    fps: float = 30.0

    def __post_init__(self) -> None:
        for name in ("high_score", "low_score", "new_track_score"):
            check_fraction(name, getattr(self, name))
        if self.low_score > self.high_score:
            raise ValueError(
                f"low_score is {self.low_score} and high_score is {self.high_score}; give low_score <= high_score"
            )
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"fps is {self.fps}; give frames a second, above 0")
        if not (math.isfinite(self.buffer_seconds) and self.buffer_seconds >= 0):
            raise ValueError(f"buffer_seconds is {self.buffer_seconds}; give seconds, at least 0")

    @property
    def buffer_frames(self) -> int:
        """How many frames a lost track is kept: at least one."""
        return max(1, round(self.buffer_seconds * self.fps))

    @property
    def buffer_ticks(self) -> int:
        """How long a lost track is kept, in ticks."""
        return self.buffer_frames * TICKS

    def is_high(self, scores: np.ndarray) -> np.ndarray:
        """Which boxes take part in the first round.

        Args:
            scores: float32 (n,).

        Returns:
            A mask (n,).
        """
        return scores > self.limits[0]

    def is_low(self, scores: np.ndarray) -> np.ndarray:
        """Which boxes take part in the second round; a score of exactly `high_score` is in neither.

        Args:
            scores: float32 (n,).

        Returns:
            A mask (n,).
        """
        return (scores > self.limits[1]) & (scores < self.limits[0])

    def starts_track(self, scores: np.ndarray) -> np.ndarray:
        """Which boxes may start a track.

        Args:
            scores: float32 (n,).

        Returns:
            A mask (n,).
        """
        return scores >= self.limits[2]

    @cached_property
    def limits(self) -> tuple[np.ndarray, ...]:
        """The three scores in single precision: high, low, of a new track."""
        # Arrays without axes: numpy compares with those faster than with Python's numbers.
        limits = (self.high_score, self.low_score, self.new_track_score)
        return tuple(np.array(limit, dtype=np.float32) for limit in limits)


DEFAULT_SETTINGS = AssociationSettings()
