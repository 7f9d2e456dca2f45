"""A frame of SORT, as `association.sort` does it."""

import numpy as np

from smot_vlm.association.compiled.filters import (
    STATE,
    correct,
    from_xysr,
    predict_xysr,
    start,
    to_xysr,
)
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
from smot_vlm.association.compiled.pairs import overlaps
from smot_vlm.association.kalman import XYSR_FILTER
from smot_vlm.association.settings import TICKS

# Behind a track's state, as in the track table of `association.sort`.
ID, MISSES, STREAK, UNSEEN, WIDTH = range(STATE, STATE + 5)
# The first row holds what is true of all tracks.
FRAME, NEXT_ID, COUNT, HIGH_SCORE, LEAST_IOU, MIN_HITS, BUFFER_FRAMES, BUFFER_TICKS = range(8)
_NOISE = noise_table(XYSR_FILTER)

Frame = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@jit
def step(boxes: np.ndarray, scores: np.ndarray, elapsed: float, passed: int, state: np.ndarray) -> Frame:
    """Link the boxes of the next frame.

    Args:
        boxes: (n, 4) corners.
        scores: (n).
        elapsed: Frames since the last one.
        passed: The same in ticks.
        state: float64 (1 + at least tracks + n, WIDTH), changed.

    Returns:
        Number of tracks or BROKEN, and of those shown: boxes, scores, ids, rows.
    """
    head, table = state[0], state[1:]
    high, low = np.empty(len(boxes), dtype=np.bool_), np.empty(len(boxes), dtype=np.bool_)
    if not sort_boxes(boxes, scores, head[HIGH_SCORE], head[HIGH_SCORE], high, low):
        return BROKEN, boxes, scores, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    count = int(head[COUNT])
    head[FRAME] += 1
    for track in range(count):
        table[track, UNSEEN] += passed
    if passed > TICKS:
        count = kept_up_to(table, count, UNSEEN, head[BUFFER_TICKS])
    used = positions(high)
    taken = rows_at(boxes, used)
    chosen = _match(table, count, taken, elapsed, head[LEAST_IOU])
    count, rows = _update(head, table, count, taken, used, chosen)
    return _output(head, table, count, scores, rows)


@jit
def _match(table: np.ndarray, count: int, boxes: np.ndarray, elapsed: float, least_iou: float) -> np.ndarray:
    """Predict all tracks; return the box of each, -1 for none."""
    predicted = np.empty((count, 4))
    for track in range(count):
        row = table[track]
        if row[MISSES] > 0:
            row[STREAK] = 0
        row[MISSES] += 1
        predict_xysr(row, elapsed, _NOISE)
        from_xysr(row, predicted[track])
    starts, columns, iou = overlaps(predicted, boxes, 0.0)
    chosen = match_clear(starts, columns, iou, len(boxes), least_iou)
    if len(chosen) < count:
        chosen = match_by_total(starts, columns, iou, len(boxes), least_iou)
    return chosen


@jit
def _update(
    head: np.ndarray, table: np.ndarray, count: int, boxes: np.ndarray, used: np.ndarray, chosen: np.ndarray
) -> tuple[int, np.ndarray]:
    """Correct the tracks seen and start new ones; return how many there are, and the detection behind each."""
    measured = np.empty(4)
    rows = np.full(count + len(boxes), -1)
    free = np.ones(len(boxes), dtype=np.bool_)
    for track in range(count):
        box = chosen[track]
        if box >= 0:
            row = table[track]
            to_xysr(boxes[box], measured)
            correct(row, measured, _NOISE)
            row[MISSES] = row[UNSEEN] = 0
            row[STREAK] += 1
            rows[track] = used[box]
            free[box] = False
    for box in range(len(boxes)):
        if free[box]:
            row = table[count]
            to_xysr(boxes[box], measured)
            start(row, measured, _NOISE)
            row[ID] = head[NEXT_ID]
            head[NEXT_ID] += 1
            row[MISSES] = row[STREAK] = row[UNSEEN] = 0
            rows[count] = used[box]
            count += 1
    return count, rows


@jit
def _output(head: np.ndarray, table: np.ndarray, count: int, scores: np.ndarray, rows: np.ndarray) -> Frame:
    """The tracks to be shown; those missed for too long are dropped."""
    early = head[FRAME] <= head[MIN_HITS]
    boxes, ids = np.empty((count, 4)), np.empty(count, dtype=np.int64)
    shown, found = 0, np.empty(count)
    for track in range(count):
        if rows[track] >= 0 and (early or table[track, STREAK] >= head[MIN_HITS]):
            from_xysr(table[track], boxes[shown])
            ids[shown] = int(table[track, ID])
            found[shown] = scores[rows[track]]
            rows[shown] = rows[track]
            shown += 1
    count = kept_up_to(table, count, MISSES, head[BUFFER_FRAMES])
    head[COUNT] = count
    return count, boxes[:shown], found[:shown], ids[:shown], rows[:shown]
