"""Builds trajectories from boxes with ids, frame by frame."""

from array import array
from bisect import bisect_left

import numpy as np

from smot_vlm.structures import Detections, Trajectory


class TrajectoryBuilder:
    """Collects rows in flat arrays: 56 bytes a box, nothing else, however long the video is."""

    def __init__(self) -> None:
        self._frames = array("q")
        self._ids = array("q")
        self._boxes = array("d")
        self._scores = array("d")

    def add(self, frame_index: int, people: Detections) -> None:
        """Add the people of one frame.

        Args:
            frame_index: Frames come in ascending order.
            people: Their boxes and ids.
        """
        assert people.ids is not None, "people of a frame have ids"
        self._frames.extend([frame_index] * len(people))
        self._ids.extend(people.ids.tolist())
        self._boxes.extend(people.boxes.ravel().tolist())
        self._scores.extend(people.scores.tolist())

    def drop_before(self, frame_index: int) -> None:
        """Let go of the boxes of older frames.

        Args:
            frame_index: The first that is kept.
        """
        rows = bisect_left(self._frames, frame_index)
        del self._frames[:rows], self._ids[:rows], self._boxes[: 4 * rows], self._scores[:rows]

    @property
    def ids(self) -> set[int]:
        """Of everybody who has a box."""
        return set(self._ids)

    def build(self) -> list[Trajectory]:
        """All trajectories so far, by ascending id."""
        frames = np.array(self._frames, dtype=np.int64)
        ids = np.array(self._ids, dtype=np.int64)
        boxes = np.array(self._boxes, dtype=np.float64).reshape(-1, 4)
        scores = np.array(self._scores, dtype=np.float64)
        order = np.lexsort((frames, ids))
        tracks = []
        for rows in np.split(order, np.flatnonzero(np.diff(ids[order])) + 1):
            if len(rows):
                tracks.append(Trajectory(int(ids[rows[0]]), frames[rows], boxes[rows], scores[rows]))
        return tracks
