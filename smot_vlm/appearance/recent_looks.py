"""The newest looks at a video, and crops of two people over them."""

from collections import deque
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from smot_vlm.appearance.pair_deeds import LOOKS, PAIR_SIZE

# Frames are kept no larger than this, in pixels of the long side.
LARGEST_SIDE = 640
# Two people are a pair where the gap between their boxes is at most this share of the smaller one's height, at its least.
NEAR = 0.35
# Their heights differ at most by this factor: who is far behind somebody only looks near.
ALIKE = 1.5
# Each of a pair is seen in so many looks of a window.
SEEN = 4
MOST_PAIRS = 6
_MARGIN = 0.05


class Pair(NamedTuple):
    """Two people near each other.

    Attributes:
        left: track id of who stands left, over the window.
        right: of the other one.
        box: (4,) xyxy in pixels of the frame, around both over the window.
    """

    left: int
    right: int
    box: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Look:
    """One frame.

    Attributes:
        time_seconds: since the video began.
        image: RGB uint8, made smaller.
        scale: pixels of `image` a pixel of the frame.
        boxes: track id -> (4,) xyxy in pixels of the frame.
    """

    time_seconds: float
    image: NDArray[np.uint8]
    scale: float
    boxes: Mapping[int, NDArray[np.float64]]


class RecentLooks:
    """A ring of the newest looks."""

    def __init__(self) -> None:
        self._looks: deque[Look] = deque(maxlen=LOOKS)

    def __len__(self) -> int:
        return len(self._looks)

    def add(self, time_seconds: float, image: NDArray[np.uint8], ids: Sequence[int], boxes: np.ndarray) -> None:
        """Take in a look.

        Args:
            time_seconds: later than those before.
            image: RGB uint8 (height, width, 3).
            ids: of the people in it.
            boxes: (n, 4) xyxy of them.
        """
        scale = min(1.0, LARGEST_SIDE / max(image.shape[:2]))
        small = image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        placed = {int(number): np.asarray(box, np.float64) for number, box in zip(ids, boxes, strict=True)}
        self._looks.append(Look(time_seconds, np.array(small, np.uint8), scale, placed))

    def snapshot(self) -> "RecentLooks":
        """The same looks, whatever this one takes in later."""
        twin = copy(self)
        twin._looks = self._looks.copy()
        return twin

    @property
    def span(self) -> tuple[float, float]:
        """From the first to the last look, in seconds."""
        return self._looks[0].time_seconds, self._looks[-1].time_seconds

    def pairs(self) -> list[Pair]:
        """People near each other, nearest first."""
        boxes: dict[int, list[NDArray[np.float64]]] = {}
        for look in self._looks:
            for number, box in look.boxes.items():
                boxes.setdefault(number, []).append(box)
        seen = sorted(number for number, own in boxes.items() if len(own) >= min(SEEN, len(self._looks)))
        found = []
        for first, second in combinations(seen, 2):
            gap = self._gap(first, second)
            if gap <= NEAR:
                left, right = sorted((first, second), key=lambda number: np.mean([b[0] + b[2] for b in boxes[number]]))
                around = np.array([*boxes[first], *boxes[second]])
                found.append((gap, Pair(left, right, np.concatenate([around[:, :2].min(0), around[:, 2:].max(0)]))))
        found.sort(key=lambda entry: entry[0])
        return [pair for _, pair in found[:MOST_PAIRS]]

    def crops(self, box: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The same part of LOOKS frames, spread evenly over those that are held.

        Args:
            box: (4,) xyxy in pixels of the frame.

        Returns:
            (LOOKS, height, width, 3).
        """
        rows = np.rint(np.linspace(0, len(self._looks) - 1, LOOKS)).astype(int)
        return np.stack([_cut(self._looks[row], _wide(box)) for row in rows])

    def _gap(self, first: int, second: int) -> float:
        """The least gap between two boxes of a frame, in heights of the smaller one; infinite if they never are alike."""
        gaps = [np.inf]
        for look in self._looks:
            if first in look.boxes and second in look.boxes:
                a, b = look.boxes[first], look.boxes[second]
                heights = sorted((a[3] - a[1], b[3] - b[1]))
                if heights[1] <= ALIKE * heights[0]:
                    gaps.append(max(a[0] - b[2], b[0] - a[2], 0.0) / max(heights[0], 1.0))
        return float(min(gaps))


def _wide(box: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """A box with a margin and the aspect of a pair's crop, around the same centre."""
    center, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * (1 + 2 * _MARGIN)
    aspect = PAIR_SIZE[1] / PAIR_SIZE[0]
    width, height = max(size[0], size[1] * aspect), max(size[1], size[0] / aspect)
    return center[0] - width / 2, center[1] - height / 2, center[0] + width / 2, center[1] + height / 2


def _cut(look: Look, box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    left, top, right, bottom = (value * look.scale for value in box)
    height, width = PAIR_SIZE
    across, down = width / max(right - left, 1.0), height / max(bottom - top, 1.0)
    matrix = np.array([[across, 0, -left * across], [0, down, -top * down]])
    crop = cv2.warpAffine(look.image, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)
