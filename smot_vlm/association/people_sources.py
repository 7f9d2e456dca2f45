"""Where boxes with ids come from, frame by frame: a detector and an associator, or trajectories made elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from smot_vlm.association.associators import Associator
from smot_vlm.association.elapsed import ElapsedFrames
from smot_vlm.formats.mot import MotRows, concatenate, read_mot
from smot_vlm.structures import Detections, Frame, Trajectory
from smot_vlm.system.timing import PartTimes


@runtime_checkable
class PeopleSource(Protocol):
    """Gives the people of each frame, with ids. Frames come in order, each once.

    Attributes:
        name: what a description says linked the boxes.
        final: the trajectories are the user's own, and are left as they are.
    """

    name: str
    final: bool

    def update(self, frame: Frame) -> Detections:
        """The people of the next frame.

        Args:
            frame: the frame.

        Returns:
            Boxes with ids.
        """
        ...

    def check_used(self, video: str) -> None:
        """Make sure that what was given belongs to this video.

        Args:
            video: its name, for the message.

        Raises:
            ValueError: boxes were given, and none of them lies in the frames that were read.
        """
        ...


class DetectedPeople:
    """A detector on every frame, its boxes linked by an associator.

    Args:
        name: of the associator.
        detect: the boxes of a frame; it books its own time.
        associator: links them.
        times: books the seconds of "association".
        fps: frames a second at which the associator counts; the times of the frames tell how many have passed.
    """

    final = False

    def __init__(
        self,
        name: str,
        detect: Callable[[Frame], Detections],
        associator: Associator,
        times: PartTimes | None = None,
        *,
        fps: float,
    ) -> None:
        self.name = name
        self._detect = detect
        self._associator = associator
        self._times = times or PartTimes()
        self._elapsed = ElapsedFrames(fps)

    def update(self, frame: Frame) -> Detections:
        """Detect and link."""
        detections = self._detect(frame)
        elapsed = self._elapsed.since_last(frame.time_seconds)
        with self._times.part("association"):
            return self._associator.update(detections, frame.image, elapsed)

    def check_used(self, video: str) -> None:
        """Nothing was given."""


class GivenDetections:
    """Boxes without ids, such as the public detections of MOTChallenge (`det/det.txt`).

    Args:
        given: a MOT file, whose ids are ignored, or the detections by frame index.
    """

    def __init__(self, given: Path | str | Mapping[int, Detections]) -> None:
        rows = _rows_of_detections(given) if isinstance(given, Mapping) else read_mot(given, with_ids=False)
        order = np.argsort(rows.frames, kind="stable")
        self._frames, self._boxes, self._scores = rows.frames[order], rows.boxes[order], rows.scores[order]

    def detect(self, frame: Frame) -> Detections:
        """The boxes of one frame, in the order in which they were given.

        Args:
            frame: the frame.

        Returns:
            Boxes without ids.
        """
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        return Detections(self._boxes[start:stop], self._scores[start:stop])


class GivenPeople:
    """Boxes and ids made elsewhere.

    Args:
        given: a MOT file, or trajectories with frame indices.

    Raises:
        ValueError: two trajectories of one id.
    """

    name = "trajectories"
    final = True

    def __init__(self, given: Path | str | Sequence[Trajectory]) -> None:
        is_file = isinstance(given, Path | str)
        rows = read_mot(given) if isinstance(given, Path | str) else _rows_of_tracks(given)
        order = np.lexsort((rows.ids, rows.frames))
        self._frames, self._ids = rows.frames[order], rows.ids[order]
        self._boxes, self._scores = rows.boxes[order], rows.scores[order]
        self._source = str(given) if is_file else "trajectories"
        self.used = 0

    def update(self, frame: Frame) -> Detections:
        """The boxes of this frame, by id."""
        start, stop = np.searchsorted(self._frames, [frame.index, frame.index + 1])
        self.used += stop - start
        return Detections(self._boxes[start:stop], self._scores[start:stop], self._ids[start:stop])

    def check_used(self, video: str) -> None:
        """At least one box was handed out."""
        if self.used == 0:
            raise ValueError(f"{self._source}: none of its boxes lies in the frames that were read of {video}")


def _rows_of_tracks(tracks: Sequence[Trajectory]) -> MotRows:
    ids = [track.id for track in tracks]
    twice = sorted({track_id for track_id in ids if ids.count(track_id) > 1})
    if twice:
        raise ValueError(f"trajectories have id {twice[0]} twice; give each person an id")
    return concatenate(
        MotRows(track.frames, np.full(len(track), track.id, dtype=np.int64), track.boxes, track.scores)
        for track in tracks
    )


def _rows_of_detections(found: Mapping[int, Detections]) -> MotRows:
    return concatenate(
        MotRows(np.full(len(boxes), frame, dtype=np.int64), np.full(len(boxes), -1), boxes.boxes, boxes.scores)
        for frame, boxes in sorted(found.items())
    )
