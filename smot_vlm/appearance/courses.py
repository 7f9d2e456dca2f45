"""Where people were, look by look, without the camera's motion."""

from collections import deque
from collections.abc import Collection
from copy import copy
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

# Four minutes at four looks a second.
MOST_LOOKS = 1024


@dataclass(frozen=True, eq=False)
class Course:
    """Where one person was.

    Attributes:
        times: (looks,) seconds, ascending.
        boxes: (looks, 4) xyxy in pixels of the first look.
    """

    times: NDArray[np.float64]
    boxes: Float[np.ndarray, "looks 4"]

    def newest(self, seconds: float) -> "Course":
        """The end of it.

        Args:
            seconds: before its last look.
        """
        kept = self.times >= self.times[-1] - seconds
        return Course(self.times[kept], self.boxes[kept])


class Courses:
    """Where everybody was, all at the same looks; of a long time the newest part, so that its size does not grow with it.

    Args:
        most: looks kept of each person.
    """

    def __init__(self, most: int = MOST_LOOKS) -> None:
        self._most = most
        self._people: dict[int, deque[tuple[float, np.ndarray]]] = {}

    def keep_newest(self, most: int) -> None:
        """Keep fewer looks; before any is added.

        Args:
            most: looks kept of each person.
        """
        self._most = min(self._most, most)

    def add(self, track_id: int, time_seconds: float, box: NDArray[np.float64]) -> None:
        """Note where somebody is.

        Args:
            track_id: whose.
            time_seconds: later than those before.
            box: (4,) xyxy in pixels of the first look.
        """
        self._people.setdefault(track_id, deque(maxlen=self._most)).append((time_seconds, box))

    def of(self, track_id: int) -> Course:
        """Where somebody was.

        Args:
            track_id: of somebody who was added.
        """
        times, boxes = zip(*self._people[track_id], strict=True)
        return Course(np.array(times, dtype=np.float64), np.stack(boxes))

    def forget(self, gone: Collection[int]) -> None:
        """Let go of people.

        Args:
            gone: their ids; one that is not held does no harm.
        """
        for track_id in gone:
            self._people.pop(track_id, None)

    def snapshot(self) -> "Courses":
        """The same courses, whatever is added to these later."""
        twin = copy(self)
        twin._people = {track_id: seen.copy() for track_id, seen in self._people.items()}
        return twin
