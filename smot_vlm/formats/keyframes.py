"""Boxes as annotation tools keep them: keys at some frames, and what lies between two of them by linear interpolation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Key:
    """A box that is stated.

    Attributes:
        frame: 0-based.
        box: xyxy, in any unit.
        shown: whether the thing is seen in this frame.
        lasts: whether it is seen on, up to the next key or the end.
    """

    frame: int
    box: Box
    shown: bool = True
    lasts: bool = True


def boxes_of_keys(keys: Sequence[Key], frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box of each frame in which a thing is seen.

    Args:
        keys: each of another frame, ascending.
        frames: (n,) all frames of the video, ascending.

    Returns:
        The frames (m,) in which it is seen, and the boxes (m, 4) in them; behind the last key its box stays.
    """
    if not keys:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
    at = np.array([key.frame for key in keys], dtype=np.int64)
    before = np.searchsorted(at, frames, side="right") - 1
    known = before >= 0
    frames, before = frames[known], before[known]
    shown, lasts = (np.array([getattr(key, name) for key in keys]) for name in ("shown", "lasts"))
    seen = shown[before] & (lasts[before] | (at[before] == frames))
    boxes = np.array([key.box for key in keys], dtype=np.float64)
    columns = [np.interp(frames[seen], at, column) for column in boxes.T]
    return frames[seen], np.stack(columns, axis=1)


def in_order(keys: Sequence[Key], what: str) -> tuple[Key, ...]:
    """Keys by their frames.

    Args:
        keys: in any order.
        what: names them in the message.

    Returns:
        Ascending.

    Raises:
        ValueError: two of one frame.
    """
    ordered = sorted(keys, key=lambda key: key.frame)
    for first, second in pairwise(ordered):
        if first.frame == second.frame:
            raise ValueError(f"{what} has two boxes in frame {first.frame}; keep one")
    return tuple(ordered)
