"""SORT (Bewley et al., Simple Online and Realtime Tracking, ICIP 2016): a Kalman filter and the greatest total IoU."""

from typing import TYPE_CHECKING

import numpy as np

from smot_vlm.association.assignment import assign, is_one_to_one
from smot_vlm.association.boxes import checked_boxes, corners_to_xysr, overlapping_pairs, xysr_to_corners
from smot_vlm.association.kalman import VALUE, XYSR_FILTER, predict_xysr
from smot_vlm.association.roads import TwoRoads
from smot_vlm.association.settings import (
    DEFAULT_SETTINGS,
    TICKS,
    AssociationSettings,
    check_count,
    check_fraction,
    ticks,
)
from smot_vlm.structures import Detections

if TYPE_CHECKING:
    from smot_vlm.association.compiled.core import Core

# Rows of the track table (int64), one column a track, oldest first. MISSES: frames since the track was last seen.
# STREAK: frames in a row in which it was seen, its first detection not counted. UNSEEN: ticks since it was last seen.
ID, MISSES, STREAK, UNSEEN = range(4)


class Sort(TwoRoads):
    """Links the boxes of each frame into tracks by SORT.

    Only detections of high score are used. The defaults are the paper's and its code's.

    Args:
        settings: What all associators share; only `high_score` is used, and `buffer_seconds` where frames are missing.
        least_iou: A track takes no box that it overlaps less.
        min_hits: A track is shown once it was seen in so many frames in a row after its first, or within the first so
            many frames of the video.
        buffer_frames: How many frames a lost track is kept (T_lost), whatever the frame rate.
        compiled: Which road is taken; see `roads.TwoRoads`.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        settings: AssociationSettings = DEFAULT_SETTINGS,
        *,
        least_iou: float = 0.3,
        min_hits: int = 3,
        buffer_frames: int = 1,
        compiled: bool | None = None,
    ) -> None:
        super().__init__(compiled)
        check_fraction("least_iou", least_iou)
        check_count("min_hits", min_hits, 0)
        check_count("buffer_frames", buffer_frames, 1)
        self._settings = settings
        self._least_iou = least_iou
        self._min_hits = min_hits
        self._buffer_frames = buffer_frames
        self.reset()

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        self._core = None
        self._frame = 0
        self._next_id = 1
        self._kalman_states = np.zeros((5, 4, 0))
        self._track_table = np.zeros((4, 0), dtype=np.int64)

    def _link(self, detections: Detections, elapsed: float) -> Detections:
        corners, scores = checked_boxes(detections)
        self._frame += 1
        self._advance(ticks(elapsed))
        used = self._settings.is_high(scores).nonzero()[0]
        corners = corners.take(used, axis=1)
        self._track_table[STREAK, self._track_table[MISSES] > 0] = 0
        self._track_table[MISSES] += 1
        states = predict_xysr(self._kalman_states, elapsed)

        tracks, taken = match_by_iou(*overlapping_pairs(xysr_to_corners(states[VALUE]), corners), self._least_iou)
        seen = states.take(tracks, axis=2)
        measured = corners_to_xysr(corners)
        XYSR_FILTER.correct(seen, measured.take(taken, axis=1))
        states[:, :, tracks] = seen
        self._track_table[[[MISSES], [UNSEEN]], tracks] = 0
        self._track_table[STREAK, tracks] += 1

        is_new = np.ones(len(used), dtype=bool)
        is_new[taken] = False
        new = is_new.nonzero()[0]
        rows = np.full(states.shape[2] + len(new), -1)
        rows[tracks] = used[taken]
        rows[states.shape[2] :] = used[new]
        self._arrange(states, XYSR_FILTER.start(measured.take(new, axis=1)))
        return self._output(rows, detections.scores)

    def _compiled_core(self) -> "Core":
        from smot_vlm.association.compiled import sort
        from smot_vlm.association.compiled.core import Core

        head: dict[int, float] = {
            sort.FRAME: self._frame,
            sort.NEXT_ID: self._next_id,
            sort.COUNT: self._track_table.shape[1],
            sort.HIGH_SCORE: float(self._settings.limits[0]),
            sort.LEAST_IOU: self._least_iou,
            sort.MIN_HITS: self._min_hits,
            sort.BUFFER_FRAMES: self._buffer_frames,
            sort.BUFFER_TICKS: self._settings.buffer_ticks,
        }
        table = np.concatenate((self._kalman_states.reshape(20, -1), self._track_table)).T
        return Core(sort.step, head, table)

    def _advance(self, elapsed: int) -> None:
        """Go on by some ticks; where frames are missing, the tracks that this makes too old are forgotten."""
        self._track_table[UNSEEN] += elapsed
        if elapsed > TICKS:
            self._keep(self._track_table[UNSEEN] <= self._settings.buffer_ticks)

    def _keep(self, kept: np.ndarray) -> None:
        self._kalman_states, self._track_table = self._kalman_states[:, :, kept], self._track_table[:, kept]

    def _arrange(self, states: np.ndarray, new: np.ndarray) -> None:
        count = new.shape[2]
        table = np.zeros((4, count), dtype=np.int64)
        table[ID] = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        self._kalman_states = np.concatenate((states, new), axis=2)
        self._track_table = np.concatenate((self._track_table, table), axis=1)

    def _output(self, rows: np.ndarray, scores: np.ndarray) -> Detections:
        """Return the tracks to be shown, and drop those missed for too long."""
        shown = rows >= 0
        if self._frame > self._min_hits:
            shown &= self._track_table[STREAK] >= self._min_hits
        boxes = xysr_to_corners(self._kalman_states[VALUE][:, shown]).T
        ids, rows = self._track_table[ID, shown], rows[shown]
        kept = self._track_table[MISSES] <= self._buffer_frames
        if not kept.all():
            self._keep(kept)
        return Detections(boxes, scores.take(rows), ids, rows)


def match_by_iou(
    tracks: np.ndarray, boxes: np.ndarray, iou: np.ndarray, least_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """Match tracks and boxes: the pairs above `least_iou` where these are one to one, else by `match_by_total_iou`.

    Args:
        tracks: Track of each candidate pair.
        boxes: Box of each candidate pair.
        iou: IoU of each candidate pair.
        least_iou: Pairs that overlap less are not matched.

    Returns:
        Tracks, and the boxes they take.
    """
    good = (iou > least_iou).nonzero()[0]
    if is_one_to_one(tracks[good], boxes[good]):
        return tracks[good], boxes[good]
    return match_by_total_iou(tracks, boxes, iou, least_iou)


def match_by_total_iou(
    tracks: np.ndarray, boxes: np.ndarray, iou: np.ndarray, least_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """Match tracks and boxes for the greatest total IoU, pairs below `least_iou` included, which are then dropped.

    Args:
        tracks: Track of each candidate pair.
        boxes: Box of each candidate pair.
        iou: IoU of each candidate pair.
        least_iou: Pairs that overlap less are dropped.

    Returns:
        Tracks, and the boxes they take.
    """
    overlapping = (iou > 0).nonzero()[0]
    chosen = overlapping[assign(tracks[overlapping], boxes[overlapping], iou[overlapping])]
    chosen = chosen[iou[chosen] >= least_iou]
    return tracks[chosen], boxes[chosen]
