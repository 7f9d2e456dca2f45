"""Which boxes of two sets overlap, and by how much: rows of a sparse matrix.

`starts` (n + 1) says where the pairs of each first box begin in `columns` and `values`.
"""

import numpy as np

from smot_vlm.association.compiled.jit import jit

# Below so many pairs, looking at all of them costs less than sorting.
FEW_PAIRS = 1024


@jit
def overlaps(first: np.ndarray, second: np.ndarray, inclusive: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of boxes that overlap, with their IoU.

    Args:
        first: (n, 4) corners; rows of NaN overlap nothing.
        second: (m, 4) corners.
        inclusive: Pixels added to the far sides: 1 where pixels are counted inclusively, else 0.

    Returns:
        Starts (n + 1), columns and IoU of each pair.
    """
    count, others = len(first), len(second)
    starts = np.empty(count + 1, dtype=np.int64)
    room = 4 * count + 16
    columns, values = np.empty(room, dtype=np.int64), np.empty(room)
    sorts = count * others > FEW_PAIRS
    order, bins, origin, scale, widest = _by_left_side(second, inclusive, sorts)
    found = 0
    for row in range(count):
        starts[row] = found
        left, top = first[row, 0], first[row, 1]
        if left != left:  # NaN
            continue
        right, bottom = first[row, 2] + inclusive, first[row, 3] + inclusive
        area = (right - left) * (bottom - top)
        begin, end = 0, others
        if sorts:
            begin = bins[_bin(left - widest, origin, scale, others)]
            end = bins[_bin(right, origin, scale, others) + 1]
        if found + end - begin > room:
            room = 2 * (found + end - begin)
            columns, values = _grown_columns(columns, found, room), _grown_values(values, found, room)
        for place in range(begin, end):
            column = order[place] if sorts else place
            low, high = second[column, 0], second[column, 2] + inclusive
            if not (left < high and right > low):
                continue
            upper, lower = second[column, 1], second[column, 3] + inclusive
            across = min(right, high) - max(left, low)
            down = min(bottom, lower) - max(top, upper)
            if down > 0:
                shared = across * down
                columns[found] = column
                values[found] = shared / (area + (high - low) * (lower - upper) - shared)
                found += 1
    starts[count] = found
    return starts, columns, values


@jit
def _by_left_side(
    boxes: np.ndarray, inclusive: float, sorts: bool
) -> tuple[np.ndarray, np.ndarray, float, float, float]:
    """Boxes in bins by their left sides: their order, where each bin begins, where the first lies, bins a pixel.

    The last number is the greatest width, and a pixel more, since sums are rounded.
    """
    count = len(boxes)
    if not sorts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), 0.0, 0.0, 0.0
    origin, farthest, widest = boxes[0, 0], boxes[0, 0], 0.0
    for row in range(count):
        origin, farthest = min(origin, boxes[row, 0]), max(farthest, boxes[row, 0])
        widest = max(widest, boxes[row, 2] - boxes[row, 0])
    scale = count / (farthest - origin + 1.0)
    begins = np.zeros(count + 2, dtype=np.int64)
    for row in range(count):
        begins[_bin(boxes[row, 0], origin, scale, count) + 2] += 1
    for place in range(2, count + 2):
        begins[place] += begins[place - 1]
    order = np.empty(count, dtype=np.int64)
    for row in range(count):
        place = _bin(boxes[row, 0], origin, scale, count) + 1
        order[begins[place]] = row
        begins[place] += 1
    return order, begins, origin, scale, widest + inclusive + 1.0


@jit
def _bin(left: float, origin: float, scale: float, count: int) -> int:
    return int(min(max((left - origin) * scale, 0.0), count - 1.0))


@jit
def _grown_columns(columns: np.ndarray, used: int, room: int) -> np.ndarray:
    larger = np.empty(room, dtype=np.int64)
    larger[:used] = columns[:used]
    return larger


@jit
def _grown_values(values: np.ndarray, used: int, room: int) -> np.ndarray:
    larger = np.empty(room)
    larger[:used] = values[:used]
    return larger
