"""BYTE (Zhang et al., ByteTrack, ECCV 2022): boxes of high score are linked first, those of low score save what is left.

All tracks live in two arrays, in the order that the output has: first those that are tracked, then those that are lost.
"""

import numpy as np

from smot_vlm.association.assignment import assign
from smot_vlm.association.boxes import checked_boxes, corners_to_xyah, grown, meeting_pairs, xyah_to_corners
from smot_vlm.association.kalman import VALUE, VELOCITY, XYAH_FILTER
from smot_vlm.association.settings import buffer_in_frames, check_fraction, check_order
from smot_vlm.structures import Detections

# Rows of the table of whole numbers, one column a track. EXPIRED: lost for longer than the buffer; such a track may
# still be matched in the one frame that follows, and is dropped the next time it is lost.
ID, FIRST_FRAME, LAST_FRAME, CONFIRMED, EXPIRED = range(5)

# A tracked and a lost track whose boxes have a greater IoU are one object. The search for such pairs has some slack.
DOUBLE_IOU = np.array(0.85)
DOUBLE_SEARCH_IOU = 0.8

NOBODY = np.array(-1)


class Byte:
    """Links the boxes of each frame into tracks by BYTE.

    Not to be confused with `smot_vlm.Tracker`, which describes a whole video: this only says which box is whose.

    Costs are 1 - IoU (times the detection's score where high scores are matched), with pixels counted inclusively. Each
    limit L weighs a pair against leaving both sides alone, which costs L / 2 each.

    high_score: boxes above it are matched first. low_score: boxes between it and high_score may continue a track in the
    second round; a box of exactly high_score is in neither round. Scores are compared in single precision, so that a
    detector's float32 0.1 is the limit 0.1.
    new_track_score: an unmatched box of at least this score starts a track. It is shown from its next match on, or at
    once in the first frame.
    match_cost, low_match_cost, unconfirmed_match_cost: limits of the first round, of the second, and of the round for
    tracks seen once.
    buffer_seconds, fps: how long a lost track can be found again; one second is the paper's 30 frames at 30 fps.

    Raises:
        ValueError: a setting out of its range.
    """

    def __init__(
        self,
        *,
        high_score: float = 0.5,
        low_score: float = 0.1,
        new_track_score: float = 0.6,
        match_cost: float = 0.9,
        low_match_cost: float = 0.5,
        unconfirmed_match_cost: float = 0.7,
        buffer_seconds: float = 1.0,
        fps: float = 30.0,
    ) -> None:
        check_fraction("new_track_score", new_track_score)
        check_order("low_score", low_score, "high_score", high_score)
        check_fraction("match_cost", match_cost)
        check_fraction("low_match_cost", low_match_cost)
        check_fraction("unconfirmed_match_cost", unconfirmed_match_cost)
        # Limits are arrays without axes: numpy takes those in faster than Python's numbers.
        self._high_score, self._low_score, self._new_track_score = (
            np.array(score, dtype=np.float32) for score in (high_score, low_score, new_track_score)
        )
        self._least_similarity, self._low_least_similarity, self._unconfirmed_least_similarity = (
            np.array(1.0 - cost) for cost in (match_cost, low_match_cost, unconfirmed_match_cost)
        )
        self._buffer_frames = buffer_in_frames(buffer_seconds, fps)
        self.reset()

    def reset(self) -> None:
        """Forget every track; the next frame is the first one, and ids start at 1 again."""
        self._frame = 0
        self._next_id = 1
        self._tracked = 0
        self._beliefs = np.zeros((5, 4, 0))
        self._facts = np.zeros((5, 0), dtype=np.int64)

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """Take in the boxes of the next frame, also where there are none, and give the tracks seen in it.

        Out come filtered boxes, the scores of the boxes behind them, ids, and `rows`, the positions of those boxes in
        `detections`. A box of no width or height belongs to no track. `image` is not looked at.

        Raises:
            ValueError: a coordinate or a score is not finite, or a box ends before it begins.
        """
        corners, scores = checked_boxes(detections)
        self._frame += 1
        high = scores > self._high_score
        low = (scores > self._low_score) & (scores < self._high_score)

        confirmed = self._facts[CONFIRMED].astype(bool)
        all_confirmed = np.count_nonzero(confirmed) == len(confirmed)
        self._predict(slice(None) if all_confirmed else confirmed)
        tracks, rows, iou = meeting_pairs(grown(xyah_to_corners(self._beliefs[VALUE])), grown(corners))
        fused = iou * detections.scores.take(rows)

        # The detection that each track takes.
        row_of = NOBODY.repeat(len(confirmed))
        self._match(tracks, rows, fused - self._least_similarity, confirmed, high, row_of)
        if np.count_nonzero(low):
            unseen = confirmed & (row_of == NOBODY)
            unseen[self._tracked :] = False
            self._match(tracks, rows, iou - self._low_least_similarity, unseen, low, row_of)
        if not all_confirmed:
            self._match(tracks, rows, fused - self._unconfirmed_least_similarity, ~confirmed, high, row_of)

        new_rows = (high & (scores >= self._new_track_score)).nonzero()[0]
        rows = self._arrange(row_of, new_rows, corners)
        return self._output(rows, detections.scores)

    def _predict(self, pool: slice | np.ndarray) -> None:
        """Move confirmed tracks one frame on; the height of a lost one stays."""
        self._beliefs[VELOCITY, 3, self._tracked :] = 0
        if isinstance(pool, slice):
            self._beliefs = XYAH_FILTER.predict(self._beliefs)
        else:
            self._beliefs[:, :, pool] = XYAH_FILTER.predict(self._beliefs[:, :, pool])

    @staticmethod
    def _match(
        tracks: np.ndarray,
        rows: np.ndarray,
        gain: np.ndarray,
        open_tracks: np.ndarray,
        free_rows: np.ndarray,
        row_of: np.ndarray,
    ) -> None:
        """One round over the candidate pairs (`tracks`, `rows`) with `gain` = limit - cost.

        Only pairs of `open_tracks` and `free_rows` (masks) take part. Notes in `row_of` the detection that a track
        takes, and in `free_rows` that it is taken.
        """
        useful = ((gain > 0) & open_tracks.take(tracks) & free_rows.take(rows)).nonzero()[0]
        if len(useful) == 0:
            return
        tracks, rows = tracks.take(useful), rows.take(useful)
        chosen = assign(tracks, rows, gain.take(useful))
        taken = rows.take(chosen)
        row_of[tracks.take(chosen)] = taken
        free_rows[taken] = False

    def _arrange(self, row_of: np.ndarray, new_rows: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """Sort the tracks into the order of the next frame: seen, new, revived, lost before, lost now.

        Gives the detections behind the tracked ones.
        """
        is_seen = row_of != NOBODY
        seen = is_seen.nonzero()[0]
        lost = (~is_seen & (self._facts[CONFIRMED] > self._facts[EXPIRED])).nonzero()[0]
        newly_lost = lost.searchsorted(self._tracked)
        if newly_lost:
            lost = np.concatenate((lost[newly_lost:], lost[:newly_lost]))
        rows = row_of.take(seen)

        beliefs = self._beliefs.take(seen, axis=2)
        XYAH_FILTER.correct(beliefs, corners_to_xyah(corners.take(rows, axis=1)))
        facts = self._facts.take(np.concatenate((seen, lost)), axis=1)
        tracked = len(seen)
        facts[LAST_FRAME, :tracked] = self._frame
        facts[CONFIRMED, :tracked] = 1
        if len(lost):
            facts[EXPIRED, tracked:] = facts[LAST_FRAME, tracked:] < self._frame - self._buffer_frames
            beliefs = np.concatenate((beliefs, self._beliefs.take(lost, axis=2)), axis=2)
        if len(new_rows):
            cut = seen.searchsorted(self._tracked)
            start = XYAH_FILTER.start(corners_to_xyah(corners.take(new_rows, axis=1)))
            beliefs = np.concatenate((beliefs[:, :, :cut], start, beliefs[:, :, cut:]), axis=2)
            facts = np.concatenate((facts[:, :cut], self._new_facts(len(new_rows)), facts[:, cut:]), axis=1)
            rows = np.concatenate((rows[:cut], new_rows, rows[cut:]))
        self._beliefs, self._facts, self._tracked = beliefs, facts, len(rows)
        return rows

    def _new_facts(self, count: int) -> np.ndarray:
        facts = np.zeros((5, count), dtype=np.int64)
        facts[ID] = np.arange(self._next_id, self._next_id + count)
        facts[FIRST_FRAME] = facts[LAST_FRAME] = self._frame
        facts[CONFIRMED] = self._frame == 1
        self._next_id += count
        return facts

    def _output(self, rows: np.ndarray, scores: np.ndarray) -> Detections:
        """Drop doubles and give the confirmed tracks seen in this frame."""
        boxes = xyah_to_corners(self._beliefs[VALUE])
        doubles = self._doubles(boxes)
        if len(doubles):
            keep = np.ones(boxes.shape[1], dtype=bool)
            keep[doubles] = False
            boxes, rows = boxes[:, keep], rows[keep[: self._tracked]]
            self._beliefs, self._facts, self._tracked = self._beliefs[:, :, keep], self._facts[:, keep], len(rows)
        shown = self._facts[CONFIRMED, : self._tracked].nonzero()[0]
        rows = rows.take(shown)
        return Detections(boxes.take(shown, axis=1).T, scores.take(rows), self._facts[ID].take(shown), rows)

    def _doubles(self, boxes: np.ndarray) -> np.ndarray:
        """Of a tracked and a lost track on one object, the one with the shorter life; the tracked one when equal."""
        if self._tracked in (0, boxes.shape[1]):
            return np.zeros(0, dtype=np.int64)
        boxes = grown(boxes)
        tracked, lost, iou = meeting_pairs(boxes[:, : self._tracked], boxes[:, self._tracked :], DOUBLE_SEARCH_IOU)
        double = (iou > DOUBLE_IOU).nonzero()[0]
        if len(double) == 0:
            return double
        tracked, lost = tracked[double], lost[double] + self._tracked
        life = self._facts[LAST_FRAME] - self._facts[FIRST_FRAME]
        return np.where(life[tracked] > life[lost], lost, tracked)
