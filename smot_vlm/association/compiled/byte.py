"""A frame of BYTE, as `association.byte` does it."""

import numpy as np

from smot_vlm.association.compiled.assignment import assign
from smot_vlm.association.compiled.filters import (
    STATE,
    VELOCITY,
    correct,
    from_xyah,
    predict,
    squared_distance,
    start,
    to_xyah,
)
from smot_vlm.association.compiled.frame import BROKEN, noise_table, sort_boxes
from smot_vlm.association.compiled.jit import jit
from smot_vlm.association.compiled.pairs import overlaps
from smot_vlm.association.kalman import XYAH_FILTER
from smot_vlm.association.settings import TICKS

# Behind a track's state, as in the track table of `association.byte`.
ID, FIRST_SEEN, LAST_SEEN, CONFIRMED, EXPIRED, WIDTH = range(STATE, STATE + 6)
# The first row holds what is true of all tracks. Tracks stand in the first or the second half of the state.
NOW, STARTED, NEXT_ID, TRACKED, COUNT, HALF = range(6)
HIGH_SCORE, LOW_SCORE, NEW_SCORE, LEAST, LOW_LEAST, UNCONFIRMED_LEAST, BUFFER_TICKS, GATE = range(6, 14)
DUPLICATE_IOU, NO_MATCH = 0.85, -1.0
_NOISE = noise_table(XYAH_FILTER)

Frame = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@jit
def step(boxes: np.ndarray, scores: np.ndarray, elapsed: float, passed: int, state: np.ndarray) -> Frame:
    """Link the boxes of the next frame.

    Args:
        boxes: (n, 4) corners.
        scores: (n).
        elapsed: Frames since the last one.
        passed: The same in ticks.
        state: float64 (2, 1 + at least tracks + n, WIDTH), changed.

    Returns:
        Number of tracks or BROKEN, and of those shown: boxes, scores, ids, rows.
    """
    head = state[0, 0]
    high, low = np.empty(len(boxes), dtype=np.bool_), np.empty(len(boxes), dtype=np.bool_)
    if not sort_boxes(boxes, scores, head[HIGH_SCORE], head[LOW_SCORE], high, low):
        return BROKEN, boxes, scores, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    head[NOW] += passed
    old = state[int(head[HALF]), 1:]
    if passed > TICKS:
        _forget(head, old)
    row_of = _match(head, old, boxes, scores, elapsed, high, low)
    head[HALF] = 1 - head[HALF]
    new = state[int(head[HALF]), 1:]
    rows = _arrange(head, old, new, boxes, scores, high, row_of)
    head[STARTED] = 1
    corners = _drop_duplicates(head, new, rows)
    return _output(head, new, corners, scores, rows)


@jit
def _forget(head: np.ndarray, table: np.ndarray) -> None:
    """Forget the tracks that missing frames make too old."""
    oldest = head[NOW] - head[BUFFER_TICKS]
    left = tracked = 0
    for track in range(int(head[COUNT])):
        if table[track, LAST_SEEN] >= oldest:
            tracked += track < head[TRACKED]
            table[left] = table[track]
            left += 1
    head[COUNT], head[TRACKED] = left, tracked


@jit
def _match(
    head: np.ndarray,
    table: np.ndarray,
    boxes: np.ndarray,
    scores: np.ndarray,
    elapsed: float,
    high: np.ndarray,
    low: np.ndarray,
) -> np.ndarray:
    """Predict all tracks; return the detection of each, -1 for none. Those taken are cleared in `high` and `low`."""
    count, tracked = int(head[COUNT]), int(head[TRACKED])
    predicted = np.empty((count, 4))
    waiting = np.empty(count, dtype=np.bool_)
    unconfirmed = 0
    for track in range(count):
        row = table[track]
        if track >= tracked:
            row[VELOCITY + 3] = 0
        waiting[track] = row[CONFIRMED] > 0
        if waiting[track]:
            predict(row, elapsed, _NOISE)
        else:
            unconfirmed += 1
        from_xyah(row, predicted[track])
    starts, columns, iou = overlaps(predicted, boxes, 1.0)
    row_of = np.full(count, -1)
    near = iou if head[GATE] == np.inf else _gated(starts, columns, iou, table, boxes, head[GATE])
    _round(starts, columns, near, scores, head[LEAST], waiting, high, row_of)
    if low.any():
        for track in range(count):
            waiting[track] = track < tracked and row_of[track] < 0 and table[track, CONFIRMED] > 0
        _round(starts, columns, iou, np.ones(len(scores)), head[LOW_LEAST], waiting, low, row_of)
    if unconfirmed:
        for track in range(count):
            waiting[track] = table[track, CONFIRMED] == 0
        _round(starts, columns, near, scores, head[UNCONFIRMED_LEAST], waiting, high, row_of)
    return row_of


@jit
def _gated(
    starts: np.ndarray, columns: np.ndarray, iou: np.ndarray, table: np.ndarray, boxes: np.ndarray, gate: float
) -> np.ndarray:
    """The IoU of each pair, but for those whose box is farther from what the track's filter expects than the gate."""
    near, measured = iou.copy(), np.empty(4)
    for track in range(len(starts) - 1):
        for pair in range(starts[track], starts[track + 1]):
            to_xyah(boxes[columns[pair]], measured)
            if squared_distance(table[track], measured, _NOISE) > gate:
                near[pair] = NO_MATCH
    return near


@jit
def _round(
    starts: np.ndarray,
    columns: np.ndarray,
    iou: np.ndarray,
    weights: np.ndarray,
    least: float,
    waiting: np.ndarray,
    free: np.ndarray,
    row_of: np.ndarray,
) -> None:
    """Match the tracks of a mask and the free detections, by IoU times weight above `least`."""
    gain = np.zeros(len(iou))
    useful = False
    for track in range(len(waiting)):
        if waiting[track]:
            for pair in range(starts[track], starts[track + 1]):
                column = columns[pair]
                if free[column]:
                    gain[pair] = iou[pair] * weights[column] - least
                    useful = useful or gain[pair] > 0
    if not useful:
        return
    chosen = np.empty(len(waiting), dtype=np.int64)
    assign(starts, columns, gain, len(free), chosen)
    for track in range(len(waiting)):
        if chosen[track] >= 0:
            row_of[track] = chosen[track]
            free[chosen[track]] = False


@jit
def _arrange(
    head: np.ndarray,
    old: np.ndarray,
    new: np.ndarray,
    boxes: np.ndarray,
    scores: np.ndarray,
    high: np.ndarray,
    row_of: np.ndarray,
) -> np.ndarray:
    """Write the tracks in the order of the next frame: seen, new, revived, lost before, lost now.

    Returns the detections behind the tracked ones.
    """
    before, tracked = int(head[COUNT]), int(head[TRACKED])
    rows = np.empty(before + len(boxes), dtype=np.int64)
    count = _seen(head, old, new, boxes, row_of, 0, tracked, 0, rows)
    measured = np.empty(4)
    for row in range(len(boxes)):
        if high[row] and np.float32(scores[row]) >= head[NEW_SCORE]:
            to_xyah(boxes[row], measured)
            start(new[count], measured, _NOISE)
            new[count, ID] = head[NEXT_ID]
            head[NEXT_ID] += 1
            new[count, FIRST_SEEN] = new[count, LAST_SEEN] = head[NOW]
            new[count, CONFIRMED] = 1 - head[STARTED]
            new[count, EXPIRED] = 0
            rows[count] = row
            count += 1
    count = _seen(head, old, new, boxes, row_of, tracked, before, count, rows)
    head[TRACKED] = count
    oldest = head[NOW] - head[BUFFER_TICKS]
    for place in range(tracked, tracked + before):
        track = place if place < before else place - before
        if row_of[track] < 0 and old[track, CONFIRMED] > old[track, EXPIRED]:
            new[count] = old[track]
            new[count, EXPIRED] = new[count, LAST_SEEN] < oldest
            count += 1
    head[COUNT] = count
    return rows


@jit
def _seen(
    head: np.ndarray,
    old: np.ndarray,
    new: np.ndarray,
    boxes: np.ndarray,
    row_of: np.ndarray,
    begin: int,
    end: int,
    count: int,
    rows: np.ndarray,
) -> int:
    """Correct the tracks from `begin` to `end` that were seen and write them behind the `count` there are."""
    measured = np.empty(4)
    for track in range(begin, end):
        if row_of[track] >= 0:
            new[count] = old[track]
            to_xyah(boxes[row_of[track]], measured)
            correct(new[count], measured, _NOISE)
            new[count, LAST_SEEN] = head[NOW]
            new[count, CONFIRMED] = 1
            rows[count] = row_of[track]
            count += 1
    return count


@jit
def _drop_duplicates(head: np.ndarray, table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of a tracked and a lost track on one object drop the shorter one, the tracked one when equal; return all boxes."""
    count, tracked = int(head[COUNT]), int(head[TRACKED])
    corners = np.empty((count, 4))
    for track in range(count):
        from_xyah(table[track], corners[track])
    if tracked == 0 or tracked == count:
        return corners
    lost, tracks, iou = overlaps(corners[tracked:], corners[:tracked], 1.0)
    kept = np.ones(count, dtype=np.bool_)
    for other in range(tracked, count):
        for pair in range(lost[other - tracked], lost[other - tracked + 1]):
            if iou[pair] > DUPLICATE_IOU:
                track = tracks[pair]
                length = table[track, LAST_SEEN] - table[track, FIRST_SEEN]
                longer = length > table[other, LAST_SEEN] - table[other, FIRST_SEEN]
                kept[other if longer else track] = False
    left = left_tracked = 0
    for track in range(count):
        if kept[track]:
            if left < track:
                table[left], corners[left] = table[track], corners[track]
                if track < tracked:
                    rows[left] = rows[track]
            left += 1
            left_tracked += track < tracked
    head[COUNT], head[TRACKED] = left, left_tracked
    return corners


@jit
def _output(head: np.ndarray, table: np.ndarray, corners: np.ndarray, scores: np.ndarray, rows: np.ndarray) -> Frame:
    """The confirmed tracks seen in this frame."""
    tracked = int(head[TRACKED])
    found, ids = np.empty(tracked), np.empty(tracked, dtype=np.int64)
    shown = 0
    for track in range(tracked):
        if table[track, CONFIRMED] > 0:
            corners[shown] = corners[track]
            ids[shown] = int(table[track, ID])
            found[shown] = scores[rows[track]]
            rows[shown] = rows[track]
            shown += 1
    return int(head[COUNT]), corners[:shown], found[:shown], ids[:shown], rows[:shown]
