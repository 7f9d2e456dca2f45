"""Scores of deeds between two people, window by window over a video."""

import math
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from torch import Tensor

from smot_vlm.appearance.pair_deeds import ACTED_DEEDS, BLOWS, MUTUAL_DEEDS, NONE, PAIR_CLASSES, SIDES
from smot_vlm.appearance.recent_looks import RecentLooks

# A window is read after so many new looks.
STEP = 4
# Shortest window in looks.
SHORTEST = 3
# Windows that are kept; beyond, every two in a row become one.
MOST_WINDOWS = 512


@dataclass(frozen=True)
class Window:
    """What was seen of pairs in some looks.

    Attributes:
        from_seconds: of the first look.
        to_seconds: of the last one.
        verbs: (subject id, object id) -> verb -> probability; only of pairs who were near and could be read.
    """

    from_seconds: float
    to_seconds: float
    verbs: Mapping[tuple[int, int], Mapping[str, float]]

    @property
    def middle(self) -> float:
        """Seconds, half way."""
        return (self.from_seconds + self.to_seconds) / 2


class PairScores:
    """Reads windows of looks as they pass, and keeps what each says of each ordered pair and verb.

    Args:
        read: logits of PAIR_CLASSES for crops (looks, height, width, 3) of a window; None where it cannot tell.
    """

    def __init__(self, read: Callable[[np.ndarray], Tensor | None]) -> None:
        self._read = read
        self._looks = RecentLooks()
        self._new = 0
        self._windows: list[Window] = []
        self._kept_seconds = math.inf

    def snapshot(self) -> "PairScores":
        """The same looks and windows, whatever this one takes in later."""
        twin = copy(self)
        twin._looks, twin._windows = self._looks.snapshot(), list(self._windows)
        return twin

    def keep_newest(self, seconds: float) -> None:
        """Let go of windows that are older; before any look.

        Args:
            seconds: from the middle of the oldest window to that of the newest.
        """
        self._kept_seconds = seconds

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
        seen: dict[tuple[int, int], dict[str, float]] = {}
        busy: set[int] = set()
        for left, right, box in self._looks.pairs():
            # A crop of a third person and one of two who embrace shows the embrace, too.
            logits = None if {left, right} & busy else self._read(self._looks.crops(box))
            if logits is None:
                continue
            probabilities = logits.softmax(dim=-1).tolist()
            if probabilities[PAIR_CLASSES.index(NONE)] < 0.5:
                busy |= {left, right}
            for (subject, target, verb), value in _verbs(left, right, probabilities).items():
                seen.setdefault((subject, target), {})[verb] = value
        self._windows.append(Window(*self._looks.span, seen))
        newest = self._windows[-1].middle
        self._windows = [window for window in self._windows if newest - window.middle <= self._kept_seconds]
        if len(self._windows) > MOST_WINDOWS:
            halves = zip_longest(self._windows[::2], self._windows[1::2])
            self._windows = [first if second is None else _joined(first, second) for first, second in halves]

    @property
    def windows(self) -> tuple[Window, ...]:
        """Those that were read, in order of time."""
        return tuple(self._windows)

    def seen(self, subject: int, target: int) -> dict[str, float]:
        """The verbs of an ordered pair.

        Args:
            subject: track id of who acts.
            target: of the other one.

        Returns:
            Verb -> probability in its best window; nothing for people who were never near.
        """
        best: dict[str, float] = {}
        for window in self._windows:
            for verb, value in window.verbs.get((subject, target), {}).items():
                best[verb] = max(value, best.get(verb, 0.0))
        return best


def _joined(first: Window, second: Window) -> Window:
    """Two windows as one, with the higher probability of each verb."""
    verbs = {
        pair: {
            verb: max(one.verbs.get(pair, {}).get(verb, 0.0) for one in (first, second))
            for verb in {**first.verbs.get(pair, {}), **second.verbs.get(pair, {})}
        }
        for pair in {**first.verbs, **second.verbs}
    }
    return Window(first.from_seconds, second.to_seconds, verbs)


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
