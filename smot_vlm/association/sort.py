"""SORT (Bewley et al., Simple Online and Realtime Tracking, ICIP 2016): a Kalman filter and the greatest total IoU."""

import numpy as np

from smot_vlm.association.assignment import assign, is_one_to_one
from smot_vlm.association.boxes import checked_boxes, corners_to_xysr, meeting_pairs, xysr_to_corners
from smot_vlm.association.kalman import VALUE, XYSR_FILTER, predict_xysr
from smot_vlm.association.settings import buffer_in_frames, check_count, check_fraction
from smot_vlm.structures import Detections

# Rows of the table of whole numbers, one column a track, oldest first. MISSES: frames since the track was last seen.
# STREAK: frames in a row in which it was seen, its first detection not counted.
ID, MISSES, STREAK = range(3)


class Sort:
    """Links the boxes of each frame into tracks by SORT.

    Not to be confused with `smot_vlm.Tracker`, which describes a whole video: this only says which box is whose.

    high_score: boxes above it are used, others are not.
    least_iou: a track takes no box that it overlaps less.
    min_hits: a track is shown once it was seen in so many frames in a row after its first, or within the first so many
    frames of the video.
    buffer_seconds, fps: how long a track is kept without being seen; the paper's is a single frame, whatever the rate.

    Raises:
        ValueError: a setting out of its range.
    """

    def __init__(
        self,
        *,
        high_score: float = 0.5,
        least_iou: float = 0.3,
        min_hits: int = 3,
        buffer_seconds: float = 1 / 30,
        fps: float = 30.0,
    ) -> None:
        check_fraction("high_score", high_score)
        check_fraction("least_iou", least_iou)
        check_count("min_hits", min_hits, 0)
        self._high_score = np.array(high_score, dtype=np.float32)
        self._least_iou = least_iou
        self._min_hits = min_hits
        self._buffer_frames = buffer_in_frames(buffer_seconds, fps)
        self.reset()

    def reset(self) -> None:
        """Forget every track; the next frame is the first one, and ids start at 1 again."""
        self._frame = 0
        self._next_id = 1
        self._beliefs = np.zeros((5, 4, 0))
        self._facts = np.zeros((3, 0), dtype=np.int64)

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """Take in the boxes of the next frame, also where there are none, and give the tracks seen in it.

        Out come filtered boxes, the scores of the boxes behind them, ids, and `rows`, the positions of those boxes in
        `detections`. A box of no width or height belongs to no track. `image` is not looked at.

        Raises:
            ValueError: a coordinate or a score is not finite, or a box ends before it begins.
        """
        corners, scores = checked_boxes(detections)
        self._frame += 1
        fed = (scores > self._high_score).nonzero()[0]
        corners = corners.take(fed, axis=1)
        self._facts[STREAK, self._facts[MISSES] > 0] = 0
        self._facts[MISSES] += 1
        beliefs = predict_xysr(self._beliefs)

        tracks, taken = match_by_iou(*meeting_pairs(xysr_to_corners(beliefs[VALUE]), corners), self._least_iou)
        seen = beliefs.take(tracks, axis=2)
        measured = corners_to_xysr(corners)
        XYSR_FILTER.correct(seen, measured.take(taken, axis=1))
        beliefs[:, :, tracks] = seen
        self._facts[MISSES, tracks] = 0
        self._facts[STREAK, tracks] += 1

        is_new = np.ones(len(fed), dtype=bool)
        is_new[taken] = False
        new = is_new.nonzero()[0]
        rows = np.full(beliefs.shape[2] + len(new), -1)
        rows[tracks] = fed[taken]
        rows[beliefs.shape[2] :] = fed[new]
        self._arrange(beliefs, XYSR_FILTER.start(measured.take(new, axis=1)))
        return self._output(rows, detections.scores)

    def _arrange(self, beliefs: np.ndarray, new: np.ndarray) -> None:
        count = new.shape[2]
        facts = np.zeros((3, count), dtype=np.int64)
        facts[ID] = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        self._beliefs = np.concatenate((beliefs, new), axis=2)
        self._facts = np.concatenate((self._facts, facts), axis=1)

    def _output(self, rows: np.ndarray, scores: np.ndarray) -> Detections:
        """Give the tracks to be shown, and drop those missed for too long."""
        shown = rows >= 0
        if self._frame > self._min_hits:
            shown &= self._facts[STREAK] >= self._min_hits
        boxes = xysr_to_corners(self._beliefs[VALUE][:, shown]).T
        ids, rows = self._facts[ID, shown], rows[shown]
        kept = self._facts[MISSES] <= self._buffer_frames
        if not kept.all():
            self._beliefs, self._facts = self._beliefs[:, :, kept], self._facts[:, kept]
        return Detections(boxes, scores.take(rows), ids, rows)


def match_by_iou(
    tracks: np.ndarray, boxes: np.ndarray, iou: np.ndarray, least_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tracks and the boxes they take, out of candidate pairs.

    Where the pairs above `least_iou` are one to one, these are the answer, else those of `match_by_total_iou`.
    """
    good = (iou > least_iou).nonzero()[0]
    if is_one_to_one(tracks[good], boxes[good]):
        return tracks[good], boxes[good]
    return match_by_total_iou(tracks, boxes, iou, least_iou)


def match_by_total_iou(
    tracks: np.ndarray, boxes: np.ndarray, iou: np.ndarray, least_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tracks and the boxes they take, so that the total IoU of all pairs, poor ones too, is as great as it can be.

    Pairs below `least_iou` are then taken apart.
    """
    overlapping = (iou > 0).nonzero()[0]
    chosen = overlapping[assign(tracks[overlapping], boxes[overlapping], iou[overlapping])]
    chosen = chosen[iou[chosen] >= least_iou]
    return tracks[chosen], boxes[chosen]
