"""BYTE (Zhang et al., ByteTrack, ECCV 2022): boxes of high score are matched first, those of low score second.

All tracks are held in two arrays, in the order of the output: first those that are tracked, then those that are lost.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from smot_vlm.association.assignment import UNMATCHED, assign
from smot_vlm.association.boxes import checked_boxes, corners_to_xyah, overlapping_pairs, to_inclusive, xyah_to_corners
from smot_vlm.association.kalman import VALUE, VELOCITY, XYAH_FILTER
from smot_vlm.association.roads import TwoRoads
from smot_vlm.association.settings import DEFAULT_SETTINGS, TICKS, AssociationSettings, check_fraction, ticks
from smot_vlm.structures import Detections

if TYPE_CHECKING:
    from smot_vlm.association.compiled.core import Core

# Rows of the track table (int64), one column a track. FIRST_SEEN, LAST_SEEN: in ticks. EXPIRED: lost for longer than
# the buffer; such a track may still be matched in the one frame that follows, and is dropped the next time it is lost.
ID, FIRST_SEEN, LAST_SEEN, CONFIRMED, EXPIRED = range(5)

# A tracked and a lost track whose boxes have a greater IoU are one object. The search for such pairs has some slack.
DUPLICATE_IOU = np.array(0.85)
DUPLICATE_SEARCH_IOU = 0.8
# A similarity below every limit.
NO_MATCH = -1.0


class Byte(TwoRoads):
    """Links the boxes of each frame into tracks by BYTE.

    Costs are 1 - IoU (times the detection's score where high scores are matched), with pixels counted inclusively. Each
    limit L weighs a pair against leaving both sides alone, which costs L / 2 each. A new track is shown from its next
    match on, or at once in the first frame.

    Args:
        settings: What all associators share.
        match_cost: Limit of the first round, for high scores; as in the released code, like the next two.
        low_match_cost: Limit of the second round, for low scores.
        unconfirmed_match_cost: Limit of the last round, for tracks seen once.
        gate: The greatest squared Mahalanobis distance of a box of high score from what a track's filter expects (DeepSORT,
            Wojke et al. 2017, equation 1); None: none, as in the released code. In crowds it keeps a track from a neighbour's box.
        compiled: Which road is taken; see `roads.TwoRoads`.

    Raises:
        ValueError: A limit is not between 0 and 1, or the gate not above 0.
    """

    # How a box is filtered; which of its sides a lost track keeps. BoT-SORT has others.
    _filter = XYAH_FILTER
    _kept_sides: tuple[int, ...] = (3,)

    def __init__(
        self,
        settings: AssociationSettings = DEFAULT_SETTINGS,
        *,
        match_cost: float = 0.9,
        low_match_cost: float = 0.5,
        unconfirmed_match_cost: float = 0.7,
        gate: float | None = None,
        compiled: bool | None = None,
    ) -> None:
        super().__init__(compiled)
        check_fraction("match_cost", match_cost)
        check_fraction("low_match_cost", low_match_cost)
        check_fraction("unconfirmed_match_cost", unconfirmed_match_cost)
        if gate is not None and not gate > 0:
            raise ValueError(f"gate is {gate}; it takes a number above 0")
        # Limits are arrays without axes: numpy takes those in faster than Python's numbers.
        self._least_similarity, self._low_least_similarity, self._unconfirmed_least_similarity = (
            np.array(1.0 - cost) for cost in (match_cost, low_match_cost, unconfirmed_match_cost)
        )
        self._gate = math.inf if gate is None else gate
        self._settings = settings
        self._buffer_ticks = settings.buffer_ticks
        self.reset()

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        self._core = None
        self._now = 0
        self._is_first_frame = True
        self._next_id = 1
        self._tracked = 0
        self._kalman_states = np.zeros((5, 4, 0))
        self._track_table = np.zeros((5, 0), dtype=np.int64)

    def _link(self, detections: Detections, elapsed: float) -> Detections:
        corners, scores = checked_boxes(detections)
        self._advance(ticks(elapsed))
        high, low = self._settings.is_high(scores), self._settings.is_low(scores)

        confirmed = self._track_table[CONFIRMED].astype(bool)
        all_confirmed = np.count_nonzero(confirmed) == len(confirmed)
        self._predict(slice(None) if all_confirmed else confirmed, elapsed)
        tracks, rows, iou = overlapping_pairs(
            to_inclusive(self._to_corners(self._kalman_states[VALUE])), to_inclusive(corners)
        )
        fused = self._similarity(tracks, rows, iou, detections.scores)
        if self._gate < math.inf:
            fused[self._squared_distance(tracks, corners[:, rows]) > self._gate] = NO_MATCH

        # The detection that each track takes.
        row_of = UNMATCHED.repeat(len(confirmed))
        self._match(tracks, rows, fused - self._least_similarity, confirmed, high, row_of)
        if np.count_nonzero(low):
            unseen = confirmed & (row_of == UNMATCHED)
            unseen[self._tracked :] = False
            self._match(tracks, rows, iou - self._low_least_similarity, unseen, low, row_of)
        if not all_confirmed:
            self._match(tracks, rows, fused - self._unconfirmed_least_similarity, ~confirmed, high, row_of)

        new_rows = (high & self._settings.starts_track(scores)).nonzero()[0]
        rows = self._arrange(row_of, new_rows, corners)
        self._is_first_frame = False
        return self._output(rows, detections.scores)

    @staticmethod
    def _to_state(corners: np.ndarray) -> np.ndarray:
        return corners_to_xyah(corners)

    @staticmethod
    def _to_corners(state: np.ndarray) -> np.ndarray:
        return xyah_to_corners(state)

    def _similarity(self, tracks: np.ndarray, rows: np.ndarray, iou: np.ndarray, scores: np.ndarray) -> np.ndarray:  # noqa: ARG002
        """What high scores are matched by, for each candidate pair."""
        result: np.ndarray = iou * scores.take(rows)
        return result

    def _squared_distance(self, tracks: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """How far each box (4, pairs) is from what its track's filter expects, in its standard deviations."""
        mean, variance = self._filter.expect(self._kalman_states)
        away = self._to_state(corners) - mean[:, tracks]
        result: np.ndarray = (away * away / variance[:, tracks]).sum(axis=0)
        return result

    def _compiled_core(self) -> "Core":
        from smot_vlm.association.compiled import byte
        from smot_vlm.association.compiled.core import Core

        head: dict[int, float] = {
            byte.NOW: self._now,
            byte.STARTED: not self._is_first_frame,
            byte.NEXT_ID: self._next_id,
            byte.TRACKED: self._tracked,
            byte.COUNT: self._track_table.shape[1],
            byte.LEAST: float(self._least_similarity),
            byte.LOW_LEAST: float(self._low_least_similarity),
            byte.UNCONFIRMED_LEAST: float(self._unconfirmed_least_similarity),
            byte.BUFFER_TICKS: self._buffer_ticks,
            byte.GATE: self._gate,
        }
        head |= zip((byte.HIGH_SCORE, byte.LOW_SCORE, byte.NEW_SCORE), map(float, self._settings.limits), strict=True)
        table = np.concatenate((self._kalman_states.reshape(20, -1), self._track_table)).T
        return Core(byte.step, head, table, halves=2)

    def _advance(self, elapsed: int) -> None:
        """Go on by some ticks; where frames are missing, the tracks that this makes too old are forgotten."""
        self._now += elapsed
        if elapsed > TICKS:
            self._keep(self._track_table[LAST_SEEN] >= self._now - self._buffer_ticks)

    def _keep(self, kept: np.ndarray) -> None:
        self._tracked = int(np.count_nonzero(kept[: self._tracked]))
        self._kalman_states, self._track_table = self._kalman_states[:, :, kept], self._track_table[:, kept]

    def _predict(self, pool: slice | np.ndarray, elapsed: float) -> None:
        """Predict confirmed tracks for the next frame; the height of a lost one is kept."""
        self._kalman_states[VELOCITY, self._kept_sides, self._tracked :] = 0
        if isinstance(pool, slice):
            self._kalman_states = self._filter.predict(self._kalman_states, elapsed)
        else:
            self._kalman_states[:, :, pool] = self._filter.predict(self._kalman_states[:, :, pool], elapsed)

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

        Only pairs of `open_tracks` and `free_rows` (masks) take part. Writes the detection of each matched track to
        `row_of` and clears it in `free_rows`.
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

        Returns the detections behind the tracked ones.
        """
        is_seen = row_of != UNMATCHED
        seen = is_seen.nonzero()[0]
        lost = (~is_seen & (self._track_table[CONFIRMED] > self._track_table[EXPIRED])).nonzero()[0]
        newly_lost = lost.searchsorted(self._tracked)
        if newly_lost:
            lost = np.concatenate((lost[newly_lost:], lost[:newly_lost]))
        rows = row_of.take(seen)

        states = self._kalman_states.take(seen, axis=2)
        self._filter.correct(states, self._to_state(corners.take(rows, axis=1)))
        table = self._track_table.take(np.concatenate((seen, lost)), axis=1)
        tracked = len(seen)
        table[LAST_SEEN, :tracked] = self._now
        table[CONFIRMED, :tracked] = 1
        if len(lost):
            table[EXPIRED, tracked:] = table[LAST_SEEN, tracked:] < self._now - self._buffer_ticks
            states = np.concatenate((states, self._kalman_states.take(lost, axis=2)), axis=2)
        if len(new_rows):
            cut = seen.searchsorted(self._tracked)
            start = self._filter.start(self._to_state(corners.take(new_rows, axis=1)))
            states = np.concatenate((states[:, :, :cut], start, states[:, :, cut:]), axis=2)
            table = np.concatenate((table[:, :cut], self._new_columns(len(new_rows)), table[:, cut:]), axis=1)
            rows = np.concatenate((rows[:cut], new_rows, rows[cut:]))
        self._kalman_states, self._track_table, self._tracked = states, table, len(rows)
        result: np.ndarray = rows
        return result

    def _new_columns(self, count: int) -> np.ndarray:
        table = np.zeros((5, count), dtype=np.int64)
        table[ID] = np.arange(self._next_id, self._next_id + count)
        table[FIRST_SEEN] = table[LAST_SEEN] = self._now
        table[CONFIRMED] = self._is_first_frame
        self._next_id += count
        return table

    def _output(self, rows: np.ndarray, scores: np.ndarray) -> Detections:
        """Drop duplicates and return the confirmed tracks seen in this frame."""
        boxes = self._to_corners(self._kalman_states[VALUE])
        duplicates = self._duplicates(boxes)
        if len(duplicates):
            keep = np.ones(boxes.shape[1], dtype=bool)
            keep[duplicates] = False
            boxes, rows = boxes[:, keep], rows[keep[: self._tracked]]
            self._keep(keep)
        shown = self._track_table[CONFIRMED, : self._tracked].nonzero()[0]
        rows = rows.take(shown)
        return Detections(boxes.take(shown, axis=1).T, scores.take(rows), self._track_table[ID].take(shown), rows)

    def _duplicates(self, boxes: np.ndarray) -> np.ndarray:
        """Of a tracked and a lost track on one object, the one that is shorter; the tracked one when equal."""
        if self._tracked in (0, boxes.shape[1]):
            return np.zeros(0, dtype=np.int64)
        boxes = to_inclusive(boxes)
        tracked, lost, iou = overlapping_pairs(
            boxes[:, : self._tracked], boxes[:, self._tracked :], DUPLICATE_SEARCH_IOU
        )
        duplicate = (iou > DUPLICATE_IOU).nonzero()[0]
        if len(duplicate) == 0:
            return duplicate
        tracked, lost = tracked[duplicate], lost[duplicate] + self._tracked
        length = self._track_table[LAST_SEEN] - self._track_table[FIRST_SEEN]
        return np.where(length[tracked] > length[lost], lost, tracked)
