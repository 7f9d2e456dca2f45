"""OC-SORT (Cao et al., Observation-Centric SORT, CVPR 2023): SORT that trusts what was seen above what was predicted.

Three ideas are added to SORT: pairs are also judged by the direction of motion (observation-centric momentum, OCM), boxes
left over are compared with the last observation of tracks left over (recovery, OCR), and when a track is found again
its filter goes back to the loss and follows a straight path from there (re-update, ORU).
"""

import numpy as np

from smot_vlm.association.assignment import assign_all, is_one_to_one
from smot_vlm.association.boxes import checked_boxes, meeting_pairs, xysr_to_corners
from smot_vlm.association.kalman import VALUE
from smot_vlm.association.observed_tracks import ID, MISSES, STREAK, ObservedTracks, centres
from smot_vlm.association.settings import buffer_in_frames, check_count, check_fraction, check_order
from smot_vlm.association.sort import match_by_total_iou
from smot_vlm.structures import Detections

NOBODY = np.array(-1)


class OCSort:
    """Links the boxes of each frame into tracks by OC-SORT.

    Not to be confused with `smot_vlm.Tracker`, which describes a whole video: this only says which box is whose.

    high_score: boxes above it are used. low_score_round: boxes between low_score and high_score may continue a track in a
    round of their own, as in BYTE.
    least_iou: a track takes no box that it overlaps less.
    min_hits: a track is shown once it was seen in so many frames in a row after its first, or within the first so many
    frames of the video.
    direction_frames: over how many frames a direction is measured (the paper's delta t). direction_weight: what a wholly
    consistent direction is worth, in IoU (the paper's lambda, there called inertia in its code).
    buffer_seconds, fps: how long a track is kept without being seen; one second is the paper's 30 frames at 30 fps.

    Raises:
        ValueError: a setting out of its range.
    """

    def __init__(
        self,
        *,
        high_score: float = 0.5,
        low_score: float = 0.1,
        low_score_round: bool = False,
        least_iou: float = 0.3,
        min_hits: int = 3,
        direction_frames: int = 3,
        direction_weight: float = 0.2,
        buffer_seconds: float = 1.0,
        fps: float = 30.0,
    ) -> None:
        check_order("low_score", low_score, "high_score", high_score)
        check_fraction("least_iou", least_iou)
        check_count("min_hits", min_hits, 0)
        check_count("direction_frames", direction_frames, 1)
        check_fraction("direction_weight", direction_weight)
        self._high_score = np.array(high_score, dtype=np.float32)
        self._low_score = np.array(low_score, dtype=np.float32)
        self._low_score_round = low_score_round
        self._least_iou = least_iou
        self._min_hits = min_hits
        self._direction_frames = direction_frames
        self._direction_weight = direction_weight
        self._buffer_frames = buffer_in_frames(buffer_seconds, fps)
        self.reset()

    def reset(self) -> None:
        """Forget every track; the next frame is the first one, and ids start at 1 again."""
        self._frame = 0
        self._next_id = 1
        self._tracks = ObservedTracks.start(np.zeros((4, 0)), 1, self._direction_frames)

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """Take in the boxes of the next frame, also where there are none, and give the tracks seen in it.

        Out come the boxes as they were detected, their scores, ids, and `rows`, the positions of those boxes in
        `detections`. A box of no width or height belongs to no track. `image` is not looked at.

        Raises:
            ValueError: a coordinate or a score is not finite, or a box ends before it begins.
        """
        corners, scores = checked_boxes(detections)
        self._frame += 1
        tracks = self._tracks
        tracks.predict()
        predicted = xysr_to_corners(tracks.beliefs[VALUE])

        # The detection that each track takes, and the high scores that nobody has taken.
        row_of = NOBODY.repeat(len(tracks))
        left = (scores > self._high_score).nonzero()[0]
        left = self._take(row_of, left, *self._match_with_direction(predicted, corners, scores, left))
        if self._low_score_round:
            low = ((scores > self._low_score) & (scores < self._high_score)).nonzero()[0]
            self._take(row_of, low, *self._match_unseen(row_of, predicted, corners, low))
        left = self._take(row_of, left, *self._match_unseen(row_of, tracks.last_box, corners, left))

        seen = (row_of != NOBODY).nonzero()[0]
        tracks.observe(seen, corners.take(row_of[seen], axis=1))
        self._tracks = tracks.joined(
            ObservedTracks.start(corners.take(left, axis=1), self._next_id, self._direction_frames)
        )
        self._next_id += len(left)
        return self._output(np.concatenate((row_of, left)), detections)

    @staticmethod
    def _take(row_of: np.ndarray, rows: np.ndarray, tracks: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Note that `tracks` take the detections at positions `taken` of `rows`; give the rows left over."""
        row_of[tracks] = rows[taken]
        left = np.ones(len(rows), dtype=bool)
        left[taken] = False
        return rows[left]

    def _match_with_direction(
        self, predicted: np.ndarray, corners: np.ndarray, scores: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """First round: tracks and positions in `rows`, by IoU and, where that leaves a choice, direction."""
        corners = corners.take(rows, axis=1)
        tracks, boxes, iou = meeting_pairs(predicted, corners)
        good = (iou > self._least_iou).nonzero()[0]
        if is_one_to_one(tracks[good], boxes[good]):
            return tracks[good], boxes[good]
        similarity = np.zeros((predicted.shape[1], len(rows)))
        similarity[tracks, boxes] = np.maximum(iou, 0)
        consistency = self._tracks.direction_consistency(centres(corners)) * scores[rows]
        tracks, boxes = assign_all(similarity + self._direction_weight * consistency)
        good = similarity[tracks, boxes] >= self._least_iou
        return tracks[good], boxes[good]

    def _match_unseen(
        self, row_of: np.ndarray, boxes: np.ndarray, corners: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A later round: tracks that have taken nothing yet, by `boxes` (4, tracks), and positions in `rows`."""
        unseen = (row_of == NOBODY).nonzero()[0]
        pairs = meeting_pairs(boxes.take(unseen, axis=1), corners.take(rows, axis=1))
        tracks, taken = match_by_total_iou(*pairs, self._least_iou)
        return unseen[tracks], taken

    def _output(self, row_of: np.ndarray, detections: Detections) -> Detections:
        """Give the tracks to be shown, and drop those missed for too long."""
        facts = self._tracks.facts
        shown = row_of != NOBODY
        if self._frame > self._min_hits:
            shown &= facts[STREAK] >= self._min_hits
        rows = row_of[shown]
        ids = facts[ID, shown]
        kept = facts[MISSES] <= self._buffer_frames
        if not kept.all():
            self._tracks = self._tracks.select(kept)
        return Detections(detections.boxes[rows], detections.scores[rows], ids, rows)
