"""Where boxes with ids come from, frame by frame: a detector and an associator, or a MOT file made elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from smot_vlm.association.associators import Associator
from smot_vlm.formats.mot import read_mot
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.timing import PartTimes


@runtime_checkable
class PeopleSource(Protocol):
    """Gives the people of each frame, with ids. Frames come in order, each once."""

    name: str

    def update(self, frame: Frame) -> Detections: ...


class DetectedPeople:
    """A detector on every frame, its boxes linked by an associator. `name` is the associator's.

    times: told the seconds of "association"; `detect` tells its own.
    """

    def __init__(
        self,
        name: str,
        detect: Callable[[Frame], Detections],
        associator: Associator,
        times: PartTimes | None = None,
    ) -> None:
        self.name = name
        self._detect = detect
        self._associator = associator
        self._times = times or PartTimes()

    def update(self, frame: Frame) -> Detections:
        detections = self._detect(frame)
        with self._times.part("association"):
            return self._associator.update(detections, frame.image)


class GivenDetections:
    """Boxes without ids from a MOT file, such as the public detections of MOTChallenge (`det/det.txt`); ids are ignored."""

    def __init__(self, path: Path | str) -> None:
        rows = read_mot(path, with_ids=False)
        order = np.argsort(rows.frames, kind="stable")
        self._frames, self._boxes, self._scores = rows.frames[order], rows.boxes[order], rows.scores[order]

    def detect(self, frame: Frame) -> Detections:
        """The boxes of this frame, in the order of the file."""
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        return Detections(self._boxes[start:stop], self._scores[start:stop])


class GivenPeople:
    """Boxes and ids from a MOT file. `name` is "trajectories"; `used` counts the boxes handed out so far."""

    name = "trajectories"

    def __init__(self, path: Path | str) -> None:
        rows = read_mot(path)
        order = np.lexsort((rows.ids, rows.frames))
        self._frames, self._ids = rows.frames[order], rows.ids[order]
        self._boxes, self._scores = rows.boxes[order], rows.scores[order]
        self.path = Path(path)
        self.used = 0

    def update(self, frame: Frame) -> Detections:
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        self.used += stop - start
        return Detections(self._boxes[start:stop], self._scores[start:stop], self._ids[start:stop])
