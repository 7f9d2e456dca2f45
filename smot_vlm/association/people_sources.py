"""Where boxes with ids come from, frame by frame: a detector and an associator, or trajectories made elsewhere."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from smot_vlm.association.associators import Associator
from smot_vlm.association.elapsed import ElapsedFrames
from smot_vlm.association.given_boxes import GivenBoxes
from smot_vlm.formats.losses import log_losses
from smot_vlm.formats.mot import MotRows, concatenate
from smot_vlm.formats.track_files import TrackFile, read_boxes, read_tracks
from smot_vlm.structures import Detections, Frame, Trajectory
from smot_vlm.system.timing import PartTimes

logger = logging.getLogger(__name__)


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

    def end_tracks(self) -> None:
        """End all tracks, as another shot begins with the next frame; tracks that were given are left as they are."""
        ...

    def check_used(self, video: str, ended: bool) -> None:
        """Make sure that what was given belongs to this video.

        Args:
            video: its name, for the message.
            ended: no frame comes after those that were read.

        Raises:
            ValueError: boxes were given, and none of them lies in the frames that were read.
        """
        ...


class DetectedPeople:
    """A detector on every frame, its boxes linked by an associator.

    Args:
        name: of the associator.
        detect: the boxes of a frame; it books its own time. Or boxes made elsewhere.
        associator: links them.
        times: books the seconds of "association".
        fps: frames a second at which the associator counts; the times of the frames tell how many have passed.
    """

    final = False

    def __init__(
        self,
        name: str,
        detect: "Callable[[Frame], Detections] | GivenDetections",
        associator: Associator,
        times: PartTimes | None = None,
        *,
        fps: float,
    ) -> None:
        self.name = name
        self._given = detect if isinstance(detect, GivenDetections) else None
        self._detect = detect.detect if isinstance(detect, GivenDetections) else detect
        self._associator = associator
        self._times = times or PartTimes()
        self._elapsed = ElapsedFrames(fps)
        # Ids of this shot follow those of the shots before.
        self._before = self._highest = 0

    def update(self, frame: Frame) -> Detections:
        """Detect and link."""
        detections = self._detect(frame)
        elapsed = self._elapsed.since_last(frame.time_seconds)
        with self._times.part("association"):
            linked = self._associator.update(detections, frame.image, elapsed)
        assert linked.ids is not None, "an associator gives ids"
        ids = linked.ids + self._before
        self._highest = max(self._highest, int(ids.max(initial=0)))
        return replace(linked, ids=ids)

    def end_tracks(self) -> None:
        """The associator forgets everybody; new people get new ids."""
        self._associator.reset()
        self._before = self._highest

    def check_used(self, video: str, ended: bool) -> None:
        """At least one of the boxes that were given was handed out."""
        if self._given is not None:
            self._given.boxes.check_used(video, ended)


class GivenDetections:
    """Boxes without ids, such as the public detections of MOTChallenge (`det/det.txt`).

    Args:
        given: a file that `read_boxes` takes, whose ids are ignored, or the detections by frame index.
        numbers: see `GivenBoxes`; used with a file whose frames are such numbers.
        classes: see `read_boxes`.
    """

    def __init__(
        self,
        given: Path | str | Mapping[int, Detections],
        numbers: np.ndarray | None = None,
        classes: Collection[int] | None = None,
    ) -> None:
        if isinstance(given, Mapping):
            self.boxes = GivenBoxes(_rows_of_detections(given), "detections")
        else:
            file = read_boxes(given, classes)
            self.boxes = GivenBoxes(_told(file), str(given), None if file.by_position else numbers, file.size)

    def detect(self, frame: Frame) -> Detections:
        """The boxes of one frame, in the order in which they were given.

        Args:
            frame: the frame.

        Returns:
            Boxes without ids.
        """
        rows = self.boxes.of(frame)
        return Detections(rows.boxes, rows.scores)


class GivenPeople:
    """Boxes and ids made elsewhere.

    Args:
        given: a file that `read_tracks` takes, or trajectories with frame indices.
        numbers: see `GivenBoxes`; used with a file whose frames are such numbers.
        classes: see `read_tracks`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that cannot be read, or two trajectories of one id.
    """

    name = "trajectories"
    final = True

    def __init__(
        self,
        given: Path | str | Sequence[Trajectory],
        numbers: np.ndarray | None = None,
        classes: Collection[int] | None = None,
    ) -> None:
        size = None
        if isinstance(given, Path | str):
            file = read_tracks(given, classes)
            rows, name, size = _told(file), str(given), file.size
            numbers = None if file.by_position else numbers
        else:
            rows, name, numbers = _rows_of_tracks(given), "trajectories", None
        self.boxes = GivenBoxes(rows.select(np.lexsort((rows.ids, rows.frames))), name, numbers, size)

    def end_tracks(self) -> None:
        """Ids are the user's."""

    def update(self, frame: Frame) -> Detections:
        """The boxes of this frame, by id."""
        rows = self.boxes.of(frame)
        return Detections(rows.boxes, rows.scores, rows.ids)

    def check_used(self, video: str, ended: bool) -> None:
        """At least one box was handed out, where there are any."""
        self.boxes.check_used(video, ended)


def _told(file: TrackFile) -> MotRows:
    """The rows of a file; what was left out of it is told."""
    log_losses(file.losses, logger)
    return file.rows


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
