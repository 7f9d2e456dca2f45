"""OC-SORT (Cao et al., Observation-Centric SORT, CVPR 2023): SORT that trusts observations more than predictions.

Three ideas are added to SORT: pairs are also judged by the direction of motion (observation-centric momentum, OCM),
boxes left over are compared with the last observation of tracks left over (recovery, OCR), and when a track is found
again its filter goes back to the loss and follows a straight path from there (re-update, ORU).
"""

from typing import TYPE_CHECKING

import numpy as np

from smot_vlm.association.assignment import UNMATCHED, assign_all, is_one_to_one
from smot_vlm.association.boxes import checked_boxes, overlapping_pairs, xysr_to_corners
from smot_vlm.association.kalman import VALUE
from smot_vlm.association.observed_tracks import ID, STREAK, UNSEEN, ObservedTracks, centers
from smot_vlm.association.roads import TwoRoads
from smot_vlm.association.settings import DEFAULT_SETTINGS, AssociationSettings, check_count, check_fraction, ticks
from smot_vlm.association.sort import match_by_total_iou
from smot_vlm.structures import Detections

if TYPE_CHECKING:
    from smot_vlm.association.compiled.core import Core


class OCSort(TwoRoads):
    """Links the boxes of each frame into tracks by OC-SORT.

    Args:
        settings: What all associators share.
        low_score_round: Whether detections of low score may continue a track in a round of their own, as in BYTE.
        least_iou: A track takes no box that it overlaps less; 0.3 as in SORT.
        min_hits: A track is shown once it was seen in so many frames in a row after its first, or within the first so
            many frames of the video; 3 as in SORT.
        direction_frames: Over how many frames a direction is measured: delta t in the paper.
        direction_weight: What a wholly consistent direction is worth, in IoU: lambda in the paper, `inertia` in its code.
        compiled: Which road is taken; see `roads.TwoRoads`.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        settings: AssociationSettings = DEFAULT_SETTINGS,
        *,
        low_score_round: bool = False,
        least_iou: float = 0.3,
        min_hits: int = 3,
        direction_frames: int = 3,
        direction_weight: float = 0.2,
        compiled: bool | None = None,
    ) -> None:
        super().__init__(compiled)
        check_fraction("least_iou", least_iou)
        check_count("min_hits", min_hits, 0)
        check_count("direction_frames", direction_frames, 1)
        check_fraction("direction_weight", direction_weight)
        self._settings = settings
        self._low_score_round = low_score_round
        self._least_iou = least_iou
        self._min_hits = min_hits
        self._direction_frames = direction_frames
        self._direction_weight = direction_weight
        self.reset()

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        self._core = None
        self._frame = 0
        self._next_id = 1
        self._tracks = ObservedTracks.start(np.zeros((4, 0)), 1, self._direction_frames)

    def _link(self, detections: Detections, elapsed: float) -> Detections:
        corners, scores = checked_boxes(detections)
        self._frame += 1
        tracks = self._advance(elapsed)
        predicted = xysr_to_corners(tracks.kalman_states[VALUE])

        # The detection that each track takes, and the high scores left over.
        row_of = UNMATCHED.repeat(len(tracks))
        left = self._settings.is_high(scores).nonzero()[0]
        left = self._take(row_of, left, *self._match_with_direction(predicted, corners, scores, left))
        if self._low_score_round:
            low = self._settings.is_low(scores).nonzero()[0]
            self._take(row_of, low, *self._match_remaining(row_of, predicted, corners, low))
        left = self._take(row_of, left, *self._match_remaining(row_of, tracks.last_box, corners, left))

        seen = (row_of != UNMATCHED).nonzero()[0]
        tracks.observe(seen, corners.take(row_of[seen], axis=1))
        self._tracks = tracks.joined(
            ObservedTracks.start(corners.take(left, axis=1), self._next_id, self._direction_frames)
        )
        self._next_id += len(left)
        return self._output(np.concatenate((row_of, left)), detections)

    def _compiled_core(self) -> "Core":
        from smot_vlm.association.compiled import ocsort
        from smot_vlm.association.compiled.core import Core
        from smot_vlm.association.compiled.observations import table_of

        tracks, steps = self._tracks, self._tracks.steps
        head: dict[int, float] = {
            ocsort.FRAME: self._frame,
            ocsort.NEXT_ID: self._next_id,
            ocsort.COUNT: len(tracks),
            ocsort.STEPS: len(steps),
            ocsort.LEAST_IOU: self._least_iou,
            ocsort.MIN_HITS: self._min_hits,
            ocsort.BUFFER_TICKS: self._settings.buffer_ticks,
            ocsort.WEIGHT: self._direction_weight,
            ocsort.LOW_ROUND: self._low_score_round,
            ocsort.MEMORY: self._direction_frames,
        }
        head |= zip((ocsort.HIGH_SCORE, ocsort.LOW_SCORE), map(float, self._settings.limits[:2]), strict=True)
        steps = np.concatenate((steps, np.zeros(len(steps) + 64)))
        return Core(ocsort.step, head, table_of(tracks), steps=steps, longest=ocsort.LONGEST)

    def _advance(self, elapsed: float) -> ObservedTracks:
        """The tracks, predicted for this frame; where frames are missing, those that this makes too old are forgotten."""
        if elapsed > 1:
            unseen = self._tracks.track_table[UNSEEN] + ticks(elapsed)
            self._tracks = self._tracks.select(unseen <= self._settings.buffer_ticks)
        self._tracks.predict(elapsed)
        return self._tracks

    @staticmethod
    def _take(row_of: np.ndarray, rows: np.ndarray, tracks: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Assign the detections at positions `taken` of `rows` to `tracks`; return the rows left over."""
        row_of[tracks] = rows[taken]
        left = np.ones(len(rows), dtype=bool)
        left[taken] = False
        return rows[left]

    def _match_with_direction(
        self, predicted: np.ndarray, corners: np.ndarray, scores: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """First round: tracks and positions in `rows`, by IoU and, where that leaves a choice, direction."""
        corners = corners.take(rows, axis=1)
        tracks, boxes, iou = overlapping_pairs(predicted, corners)
        good = (iou > self._least_iou).nonzero()[0]
        if is_one_to_one(tracks[good], boxes[good]):
            return tracks[good], boxes[good]
        similarity = np.zeros((predicted.shape[1], len(rows)))
        similarity[tracks, boxes] = np.maximum(iou, 0)
        consistency = self._tracks.direction_consistency(centers(corners)) * scores[rows]
        tracks, boxes = assign_all(similarity + self._direction_weight * consistency)
        good = similarity[tracks, boxes] >= self._least_iou
        return tracks[good], boxes[good]

    def _match_remaining(
        self, row_of: np.ndarray, boxes: np.ndarray, corners: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A later round: unmatched tracks, by their `boxes` (4, tracks), and positions in `rows`."""
        remaining = (row_of == UNMATCHED).nonzero()[0]
        pairs = overlapping_pairs(boxes.take(remaining, axis=1), corners.take(rows, axis=1))
        tracks, taken = match_by_total_iou(*pairs, self._least_iou)
        return remaining[tracks], taken

    def _output(self, row_of: np.ndarray, detections: Detections) -> Detections:
        """Return the tracks to be shown, and drop those missed for too long."""
        table = self._tracks.track_table
        shown = row_of != UNMATCHED
        if self._frame > self._min_hits:
            shown &= table[STREAK] >= self._min_hits
        rows = row_of[shown]
        ids = table[ID, shown]
        kept = table[UNSEEN] <= self._settings.buffer_ticks
        if not kept.all():
            self._tracks = self._tracks.select(kept)
        return Detections(detections.boxes[rows], detections.scores[rows], ids, rows)
