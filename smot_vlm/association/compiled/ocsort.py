"""A frame of OC-SORT, as `association.ocsort` and `association.observed_tracks` do it."""

import math

import numpy as np

from smot_vlm.association.compiled.assignment import assign_all
from smot_vlm.association.compiled.filters import STATE, correct, from_xysr, predict_xysr, start, to_xysr
from smot_vlm.association.compiled.frame import (
    BROKEN,
    kept_up_to,
    match_by_total,
    match_clear,
    noise_table,
    positions,
    rows_at,
    sort_boxes,
)
from smot_vlm.association.compiled.jit import jit
from smot_vlm.association.compiled.observations import (
    AT_LOSS,
    DIRECTION,
    ID,
    LAST_BOX,
    MISSES,
    STREAK,
    UNSEEN,
    follow,
    observe,
    reference,
    remember,
)
from smot_vlm.association.compiled.pairs import overlaps
from smot_vlm.association.kalman import XYSR_FILTER
from smot_vlm.association.observed_tracks import STILL

# The first row holds what is true of all tracks. STEPS: how many there are in the record of steps. LONGEST: the most
# frames that a track has missed.
FRAME, NEXT_ID, COUNT, STEPS, LONGEST, HIGH_SCORE, LOW_SCORE, LEAST_IOU, MIN_HITS, BUFFER_TICKS = range(10)
WEIGHT, LOW_ROUND, MEMORY = range(10, 13)
_NOISE = noise_table(XYSR_FILTER)

Frame = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@jit
def step(
    boxes: np.ndarray, scores: np.ndarray, elapsed: float, passed: int, state: np.ndarray, steps: np.ndarray
) -> Frame:
    """Link the boxes of the next frame.

    Args:
        boxes: (n, 4) corners.
        scores: (n).
        elapsed: Frames since the last one.
        passed: The same in ticks.
        state: float64 (1 + at least tracks + n, width), changed.
        steps: The time before each of the last frames, with room for one more; changed.

    Returns:
        Number of tracks or BROKEN, and of those shown: boxes, scores, ids, rows.
    """
    head, table = state[0], state[1:]
    high, low = np.empty(len(boxes), dtype=np.bool_), np.empty(len(boxes), dtype=np.bool_)
    if not sort_boxes(boxes, scores, head[HIGH_SCORE], head[LOW_SCORE], high, low):
        return BROKEN, boxes, scores, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    head[FRAME] += 1
    predicted = _advance(head, table, elapsed, passed, steps)
    left = positions(high)
    row_of = np.full(len(predicted), -1)
    left = _take(row_of, left, _match_with_direction(head, table, predicted, boxes, scores, left))
    if head[LOW_ROUND] > 0:
        rows = positions(low)
        _take(row_of, rows, _match_remaining(row_of, predicted, rows_at(boxes, rows), head[LEAST_IOU]))
    if len(left):
        last = table[:, LAST_BOX:]
        left = _take(row_of, left, _match_remaining(row_of, last, rows_at(boxes, left), head[LEAST_IOU]))
    _observe_all(head, table, boxes, row_of, steps)
    count = _start_all(head, table, len(row_of), boxes, left)
    rows = np.empty(count, dtype=np.int64)
    rows[: len(row_of)], rows[len(row_of) :] = row_of, left
    return _output(head, table, count, boxes, scores, rows)


@jit
def _advance(head: np.ndarray, table: np.ndarray, elapsed: float, passed: int, steps: np.ndarray) -> np.ndarray:
    """Predict all tracks and return their boxes; where frames are missing, those made too old are forgotten."""
    count = int(head[COUNT])
    if elapsed > 1:
        count = kept_up_to(table, count, UNSEEN, head[BUFFER_TICKS] - passed)
    predicted = np.empty((count, 4))
    longest = 1.0
    for track in range(count):
        row = table[track]
        if row[MISSES] > 0:
            row[STREAK] = 0
        row[MISSES] += 1
        row[UNSEEN] += passed
        longest = max(longest, row[MISSES])
        predict_xysr(row, elapsed, _NOISE)
        from_xysr(row, predicted[track])
    recorded = int(head[STEPS])
    if recorded == len(steps):
        # Only those are needed that a track has missed.
        kept = int(longest) - 1
        for place in range(kept):
            steps[place] = steps[recorded - kept + place]
        recorded = kept
    steps[recorded] = elapsed
    head[STEPS], head[LONGEST] = recorded + 1, longest
    return predicted


@jit
def _take(row_of: np.ndarray, rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Give each track the detection at its chosen position of `rows`; return those left over."""
    left = np.ones(len(rows), dtype=np.bool_)
    for track in range(len(row_of)):
        if chosen[track] >= 0:
            row_of[track] = rows[chosen[track]]
            left[chosen[track]] = False
    return _at(rows, positions(left))


@jit
def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    found = np.empty(len(places), dtype=values.dtype)
    for index in range(len(places)):
        found[index] = values[places[index]]
    return found


@jit
def _match_with_direction(
    head: np.ndarray, table: np.ndarray, predicted: np.ndarray, boxes: np.ndarray, scores: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """First round: the position in `rows` of each track by IoU and, where that leaves a choice, direction."""
    boxes, scores = rows_at(boxes, rows), _at(scores, rows)
    count, width, least = len(predicted), len(boxes), head[LEAST_IOU]
    starts, columns, iou = overlaps(predicted, boxes, 0.0)
    chosen = match_clear(starts, columns, iou, width, least)
    if len(chosen) == count:
        return chosen
    similarity, gain = np.zeros((count, width)), np.zeros((count, width))
    for track in range(count):
        for pair in range(starts[track], starts[track + 1]):
            similarity[track, columns[pair]] = iou[pair]
    memory = int(head[MEMORY])
    for track in range(count):
        _add_direction(table[track], memory, boxes, scores, head[WEIGHT], similarity[track], gain[track])
    chosen = np.empty(count, dtype=np.int64)
    assign_all(gain, chosen)
    for track in range(count):
        if chosen[track] >= 0 and similarity[track, chosen[track]] < least:
            chosen[track] = -1
    return chosen


@jit
def _add_direction(
    track: np.ndarray,
    memory: int,
    boxes: np.ndarray,
    scores: np.ndarray,
    weight: float,
    similarity: np.ndarray,
    gain: np.ndarray,
) -> None:
    """Fill the gain of each box: its IoU, and what it is worth that it lies where the track was heading."""
    gain[:] = similarity
    right, down = track[DIRECTION], track[DIRECTION + 1]
    if right == 0 and down == 0:
        return
    from_x, from_y = reference(track, memory)
    for column in range(len(boxes)):
        across = 0.5 * (boxes[column, 0] + boxes[column, 2]) - from_x
        below = 0.5 * (boxes[column, 1] + boxes[column, 3]) - from_y
        cosine = across * right + below * down
        cosine /= math.sqrt(across * across + below * below) + STILL
        consistency = math.asin(min(max(cosine, -1.0), 1.0)) / math.pi
        gain[column] = similarity[column] + weight * (consistency * np.float32(scores[column]))


@jit
def _match_remaining(row_of: np.ndarray, corners: np.ndarray, boxes: np.ndarray, least_iou: float) -> np.ndarray:
    """A later round: the box of each unmatched track, by its corners (tracks, 4)."""
    remaining = positions(row_of < 0)
    starts, columns, iou = overlaps(rows_at(corners, remaining), boxes, 0.0)
    found = match_by_total(starts, columns, iou, len(boxes), least_iou)
    chosen = np.full(len(row_of), -1)
    for place in range(len(remaining)):
        chosen[remaining[place]] = found[place]
    return chosen


@jit
def _observe_all(head: np.ndarray, table: np.ndarray, boxes: np.ndarray, row_of: np.ndarray, steps: np.ndarray) -> None:
    """Update the tracks that were seen, and remember where the others were lost."""
    memory, recorded = int(head[MEMORY]), int(head[STEPS])
    measured = np.empty(4)
    for track in range(len(row_of)):
        row = table[track]
        if row_of[track] < 0:
            if row[MISSES] == 1:
                row[AT_LOSS : AT_LOSS + STATE] = row[:STATE]
            remember(row, math.nan, math.nan, memory)
            continue
        box = boxes[row_of[track]]
        missed = int(row[MISSES])
        if missed > 1 and not math.isnan(row[LAST_BOX]):
            follow(row, box, steps[recorded - missed : recorded], _NOISE)
        to_xysr(box, measured)
        correct(row, measured, _NOISE)
        observe(row, box, memory)


@jit
def _start_all(head: np.ndarray, table: np.ndarray, count: int, boxes: np.ndarray, new: np.ndarray) -> int:
    """Start a track on each box left over; return how many tracks there are."""
    measured = np.empty(4)
    for box in new:
        row = table[count]
        row[:] = np.nan
        to_xysr(boxes[box], measured)
        start(row, measured, _NOISE)
        row[AT_LOSS : AT_LOSS + STATE] = row[:STATE]
        row[DIRECTION] = row[DIRECTION + 1] = 0
        row[ID] = head[NEXT_ID]
        head[NEXT_ID] += 1
        row[MISSES] = row[STREAK] = row[UNSEEN] = 0
        count += 1
    return count


@jit
def _output(
    head: np.ndarray, table: np.ndarray, count: int, boxes: np.ndarray, scores: np.ndarray, rows: np.ndarray
) -> Frame:
    """The tracks to be shown; those missed for too long are dropped."""
    early = head[FRAME] <= head[MIN_HITS]
    corners, found, ids = np.empty((count, 4)), np.empty(count), np.empty(count, dtype=np.int64)
    shown = 0
    for track in range(count):
        if rows[track] >= 0 and (early or table[track, STREAK] >= head[MIN_HITS]):
            corners[shown], found[shown] = boxes[rows[track]], scores[rows[track]]
            ids[shown] = int(table[track, ID])
            rows[shown] = rows[track]
            shown += 1
    count = kept_up_to(table, count, UNSEEN, head[BUFFER_TICKS])
    head[COUNT] = count
    return count, corners[:shown], found[:shown], ids[:shown], rows[:shown]
