"""What every step of this package does with a frame's boxes and a table of tracks.

A table is float64 (tracks, width), the oldest or first track first; whole numbers in it are exact.
"""

import math

import numpy as np

from smot_vlm.association.compiled.assignment import assign
from smot_vlm.association.compiled.jit import jit
from smot_vlm.association.kalman import KalmanFilter

# What a step returns in place of the number of tracks where a box or a score cannot be used; no track has changed.
BROKEN = -1


def noise_table(model: KalmanFilter) -> np.ndarray:
    """The variances (2, 5, 4) of a filter, as `compiled.filters` takes them.

    Args:
        model: The numpy road's filter.
    """
    fixed, relative = (np.array([[0.0], [0.0], [1.0], [height]]) for height in (0.0, 1.0))
    parts = [
        np.concatenate(
            [
                model.first.variance(value)[:, :, 0],
                model.process.variance(value)[:, :, 0],
                model.measurement.variance(value)[None, :, 0],
            ]
        )
        for value in (fixed, relative)
    ]
    return np.stack([parts[1] - parts[0], parts[0]])


@jit
def sort_boxes(
    boxes: np.ndarray, scores: np.ndarray, high_score: float, low_score: float, high: np.ndarray, low: np.ndarray
) -> bool:
    """Say which boxes take part in the first and in the second round; those without area in none.

    Args:
        boxes: (n, 4) corners.
        scores: (n), compared in single precision.
        high_score: Limit of the settings, in single precision.
        low_score: The same.
        high: (n), filled: above `high_score`.
        low: (n), filled: between the two limits.

    Returns:
        Whether all can be used: finite, and no box ends before it begins.
    """
    for row in range(len(boxes)):
        width, height = boxes[row, 2] - boxes[row, 0], boxes[row, 3] - boxes[row, 1]
        if not (math.isfinite(width + height + scores[row]) and width >= 0 and height >= 0):
            return False
        score = np.float32(scores[row])
        solid = width > 0 and height > 0
        high[row] = solid and score > high_score
        low[row] = solid and low_score < score and score < high_score
    return True


@jit
def kept_up_to(table: np.ndarray, count: int, column: int, most: float) -> int:
    """Drop the tracks whose number in a column is above a limit; the others move up.

    Args:
        table: Of tracks.
        count: How many it holds.
        column: Of the table.
        most: The limit.

    Returns:
        How many are left.
    """
    left = 0
    for track in range(count):
        if table[track, column] <= most:
            if left < track:
                table[left] = table[track]
            left += 1
    return left


@jit
def positions(mask: np.ndarray) -> np.ndarray:
    """Where a mask is true, ascending.

    Args:
        mask: (n).
    """
    found = np.empty(len(mask), dtype=np.int64)
    count = 0
    for row in range(len(mask)):
        if mask[row]:
            found[count] = row
            count += 1
    return found[:count]


@jit
def rows_at(table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The boxes at some rows.

    Args:
        table: (n, at least 4), of which the first four columns are taken.
        rows: (m).
    """
    found = np.empty((len(rows), 4))
    for place in range(len(rows)):
        for side in range(4):
            found[place, side] = table[rows[place], side]
    return found


@jit
def match_clear(starts: np.ndarray, columns: np.ndarray, iou: np.ndarray, width: int, least_iou: float) -> np.ndarray:
    """The pairs above `least_iou` where these are one to one.

    Args:
        starts: (rows + 1), where the pairs of each row begin.
        columns: Of each pair.
        iou: Of each pair.
        width: Number of columns.
        least_iou: The limit.

    Returns:
        (rows) the column of each, -1 for none; of length 0 where they are not one to one.
    """
    rows = len(starts) - 1
    chosen = np.full(rows, -1)
    taken = np.zeros(width, dtype=np.bool_)
    for row in range(rows):
        for pair in range(starts[row], starts[row + 1]):
            if iou[pair] > least_iou:
                column = columns[pair]
                if chosen[row] >= 0 or taken[column]:
                    return chosen[:0]
                chosen[row] = column
                taken[column] = True
    return chosen


@jit
def match_by_total(
    starts: np.ndarray, columns: np.ndarray, iou: np.ndarray, width: int, least_iou: float
) -> np.ndarray:
    """Match for the greatest total IoU, pairs below `least_iou` included, which are then dropped.

    Args:
        starts: (rows + 1), where the pairs of each row begin.
        columns: Of each pair.
        iou: Of each pair.
        width: Number of columns.
        least_iou: The limit.

    Returns:
        (rows) the column of each, -1 for none.
    """
    rows = len(starts) - 1
    chosen = np.empty(rows, dtype=np.int64)
    assign(starts, columns, iou.copy(), width, chosen)
    for row in range(rows):
        for pair in range(starts[row], starts[row + 1]):
            if columns[pair] == chosen[row] and iou[pair] < least_iou:
                chosen[row] = -1
                break
    return chosen
