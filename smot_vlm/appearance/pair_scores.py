"""Scores of deeds between two people, window by window over a video."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from smot_vlm.appearance.pair_deeds import ACTED_DEEDS, BLOWS, MUTUAL_DEEDS, PAIR_CLASSES, SIDES
from smot_vlm.appearance.recent_looks import RecentLooks

# A window is read after so many new looks.
STEP = 4
# Shortest window in looks.
SHORTEST = 3


@dataclass(frozen=True)
class DeedSeen:
    """One deed of a pair, where it was seen best.

    Attributes:
        probability: of the best window.
        span: of that window, in seconds.
    """

    probability: float
    span: tuple[float, float]


@dataclass(frozen=True)
class Reading:
    """What one window shows.

    Attributes:
        span: of the window, in seconds.
        verbs: (subject, target) -> verb -> probability, of the pairs that were near each other.
    """

    span: tuple[float, float]
    verbs: Mapping[tuple[int, int], Mapping[str, float]]

    @property
    def middle(self) -> float:
        """Of the window, in seconds."""
        return sum(self.span) / 2


class PairScores:
    """Reads windows of looks as they pass, and keeps the best of each ordered pair and verb.

    Args:
        read: logits of PAIR_CLASSES for crops (looks, height, width, 3) of a window; None where it cannot tell.
    """

    def __init__(self, read: Callable[[np.ndarray], Tensor | None]) -> None:
        self._read = read
        self._looks = RecentLooks()
        self._new = 0
        self._best: dict[tuple[int, int], dict[str, DeedSeen]] = {}
        self._readings: deque[Reading] = deque()
        self._kept_seconds = 0.0

    def keep_newest(self, seconds: float) -> None:
        """Keep the newest windows, each by itself, in place of the best of the whole video; before any look.

        Args:
            seconds: from the oldest of them to the newest.
        """
        self._kept_seconds = seconds

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The newest windows in order of time, where they are kept; see `keep_newest`."""
        return tuple(self._readings)

    def add(self, time_seconds: float, image: np.ndarray, ids: list[int], boxes: np.ndarray) -> None:
        """Take in a look, and read a window where one is due.

        Args:
            time_seconds: later than those before.
            image: RGB uint8 (height, width, 3).
            ids: of the people in it.
            boxes: (n, 4) xyxy of them.
        """
        self._looks.add(time_seconds, image, ids, boxes)
        self._new += 1
        if self._new >= STEP and len(self._looks) >= 2 * STEP:
            self.read_window()

    def read_window(self) -> None:
        """Read the newest looks, if some were not read yet."""
        if not self._new or len(self._looks) < SHORTEST:
            return
        self._new = 0
        verbs: dict[tuple[int, int], dict[str, float]] = {}
        for left, right, box in self._looks.pairs():
            logits = self._read(self._looks.crops(box))
            if logits is None:
                continue
            for (subject, target, verb), value in _verbs(left, right, logits.softmax(dim=-1).tolist()).items():
                verbs.setdefault((subject, target), {})[verb] = value
        reading = Reading(self._looks.span, verbs)
        if self._kept_seconds:
            self._keep(reading)
        else:
            self._note(reading)

    def _keep(self, reading: Reading) -> None:
        self._readings.append(reading)
        while reading.middle - self._readings[0].middle > self._kept_seconds:
            self._readings.popleft()
        self._best = {}
        for kept in self._readings:
            self._note(kept)

    def _note(self, reading: Reading) -> None:
        for pair, verbs in reading.verbs.items():
            best = self._best.setdefault(pair, {})
            for verb, value in verbs.items():
                if verb not in best or value > best[verb].probability:
                    best[verb] = DeedSeen(value, reading.span)

    def seen(self, subject: int, target: int) -> dict[str, DeedSeen]:
        """The verbs of an ordered pair.

        Args:
            subject: track id of who acts.
            target: of the other one.

        Returns:
            Verb -> where it was seen best; nothing for people who were never near.
        """
        return self._best.get((subject, target), {})


def _verbs(left: int, right: int, probabilities: list[float]) -> dict[tuple[int, int, str], float]:
    """Probabilities of verbs of both ordered pairs."""
    of = dict(zip(PAIR_CLASSES, probabilities, strict=True))
    found: dict[tuple[int, int, str], float] = {}
    for subject, target, side in ((left, right, SIDES[0]), (right, left, SIDES[1])):
        for deed, verb in MUTUAL_DEEDS.items():
            found[subject, target, verb] = of[deed]
        acted = {deed: of[f"{deed} {side}"] for deed in ACTED_DEEDS}
        blow = max(BLOWS, key=lambda deed: acted[deed])
        acted |= {deed: sum(acted[other] for other in BLOWS) if deed == blow else 0.0 for deed in BLOWS}
        found |= {(subject, target, verb): acted[deed] for deed, verb in ACTED_DEEDS.items()}
    return found


def as_crops(window: np.ndarray, device: torch.device) -> Tensor:
    """A window as the trunk takes it.

    Args:
        window: (looks, height, width, 3) uint8.
        device: of the network.

    Returns:
        (looks, 3, height, width) in 0 to 1.
    """
    return torch.from_numpy(window).to(device).permute(0, 3, 1, 2).float() / 255
