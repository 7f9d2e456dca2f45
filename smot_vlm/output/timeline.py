"""Who is where in which frame: the trajectories of a description, indexed by time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smot_vlm.structures import Trajectory, VideoInfo
from smot_vlm.structures.box_order import BoxOrder

# Times in a description are rounded.
_ROUNDING_SECONDS = 0.005


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes of one frame.

    Attributes:
        ids: int64 (n).
        boxes: float64 (n, 4), xyxy pixels of the original frame.
        scores: (n).
    """

    ids: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


class Timeline:
    """Answers `boxes_at` and `people_near` without a loop over all tracks.

    A person who is missed for at most `hold_seconds` counts as still present (`people_near`, `segments`): so a list of
    those present does not flicker with the detector. It is a second, and at least two of the usual steps between
    described frames.

    Args:
        tracks: of the description.
        video: gives the times of frames; where it knows none, a frame counts as a second.
    """

    def __init__(self, tracks: tuple[Trajectory, ...], video: VideoInfo) -> None:
        self._video = video
        self.hold_seconds = max(1.0, 2 * self._usual_step(tracks)) + _ROUNDING_SECONDS
        self._tracks = tracks
        spans = [(track.id, *segment) for track in tracks for segment in self.segments(track)]
        table = np.array(spans, dtype=np.int64).reshape(-1, 3)
        self._span_ids, self._span_first, self._span_last = table[np.argsort(table[:, 0], kind="stable")].T

    def boxes_at(self, frame_index: int) -> Boxes:
        """Boxes of one frame, by ascending id.

        Args:
            frame_index: of the source, from 0.

        Returns:
            The boxes.
        """
        order = self._order
        first, last = np.searchsorted(order.frames, [frame_index, frame_index + 1])
        rows = zip(order.owners[first:last], order.places[first:last], strict=True)
        here = [(self._tracks[owner], place) for owner, place in rows]
        return Boxes(
            np.array([track.id for track, _ in here], dtype=np.int64),
            np.array([track.boxes[place] for track, place in here], dtype=np.float64).reshape(-1, 4),
            np.array([track.scores[place] for track, place in here], dtype=np.float64),
        )

    @cached_property
    def _order(self) -> BoxOrder:
        return BoxOrder.of(self._tracks)

    def people_near(self, frame_index: int) -> tuple[int, ...]:
        """People who are present in a frame, also where a short miss hides their box.

        Args:
            frame_index: of the source, from 0.

        Returns:
            Ids, ascending.
        """
        present = (self._span_first <= frame_index) & (frame_index <= self._span_last)
        return tuple(self._span_ids[present].tolist())

    def segments(self, track: Trajectory) -> list[tuple[int, int]]:
        """Parts of the video in which a person is present.

        Args:
            track: of the person.

        Returns:
            (first frame, last frame) of each part.
        """
        if not len(track):
            return []
        breaks = np.flatnonzero(np.diff(self._seconds(track.frames)) > self.hold_seconds)
        firsts = track.frames[np.concatenate([[0], breaks + 1])]
        lasts = track.frames[np.concatenate([breaks, [len(track) - 1]])]
        return list(zip(firsts.tolist(), lasts.tolist(), strict=True))

    def _usual_step(self, tracks: tuple[Trajectory, ...]) -> float:
        """Seconds between two described frames: the median over all frames in which there is somebody."""
        frames = np.unique(np.concatenate([track.frames for track in tracks])) if tracks else np.zeros(0)
        steps = np.diff(self._seconds(frames))
        return float(np.quantile(steps, 0.5, method="lower")) if len(steps) else 0.0

    def _seconds(self, frames: np.ndarray) -> np.ndarray:
        return frame_seconds(self._video, frames)


def frame_seconds(video: VideoInfo, frames: np.ndarray) -> np.ndarray:
    """The times of many frames at once; see `VideoInfo.seconds`.

    Args:
        video: that they are of.
        frames: (n) indices.

    Returns:
        (n) seconds; where the video knows neither times nor a rate, a frame counts as a second.
    """
    frames = np.asarray(frames, dtype=float)
    if not video.times:
        return frames / video.fps if video.fps > 0 else frames
    known, seconds = np.array(video.times, dtype=float).T
    beyond = np.maximum(frames - known[-1], 0) / video.fps if video.fps > 0 else 0.0
    result: np.ndarray = np.interp(frames, known, seconds) + beyond
    return result
