"""The assignments of `association.assignment` by shortest augmenting paths (Jonker and Volgenant, 1987).

Each row and each column has a price, so that no pair gains more than its two prices and every chosen pair gains just
that. Rows are added one by one, along the path that loses least; most take their best column at once.
"""

import numpy as np

from smot_vlm.association.assignment import tie_breaker
from smot_vlm.association.compiled.jit import jit

_noise = jit(tie_breaker)


@jit
def assign(starts: np.ndarray, columns: np.ndarray, gain: np.ndarray, width: int, chosen: np.ndarray) -> None:
    """Choose one-to-one pairs of the greatest total gain; a row may stay alone.

    Args:
        starts: (rows + 1), where the pairs of each row begin.
        columns: Of each pair.
        gain: Of each pair; those of 0 or less are never chosen. It is changed: ties are broken.
        width: Number of columns.
        chosen: (rows), filled with the column of each row, -1 where it stays alone.
    """
    rows = len(starts) - 1
    owner = np.full(width, -1)
    profit = np.zeros(rows)
    waiting = np.empty(rows, dtype=np.int64)
    left = 0
    for row in range(rows):
        chosen[row] = -1
        best = -1
        for pair in range(starts[row], starts[row + 1]):
            if gain[pair] > 0:
                gain[pair] += _noise(row, columns[pair])
                if gain[pair] > profit[row]:
                    profit[row], best = gain[pair], columns[pair]
        if best >= 0 and owner[best] < 0:
            owner[best], chosen[row] = row, best
        elif best >= 0:
            waiting[left] = row
            left += 1
    if left == 0:
        return
    price, distance = np.zeros(width), np.full(width, np.inf)
    previous, touched = np.empty(width, dtype=np.int64), np.empty(width, dtype=np.int64)
    closed = np.zeros(width, dtype=np.bool_)
    for index in range(left):
        _add(waiting[index], starts, columns, gain, chosen, owner, profit, price, distance, previous, touched, closed)


@jit
def _add(
    first: int,
    starts: np.ndarray,
    columns: np.ndarray,
    gain: np.ndarray,
    chosen: np.ndarray,
    owner: np.ndarray,
    profit: np.ndarray,
    price: np.ndarray,
    distance: np.ndarray,
    previous: np.ndarray,
    touched: np.ndarray,
    closed: np.ndarray,
) -> None:
    """Add a row along the path that loses least: to a free column, or to a row that is left alone from then on."""
    row, reached, count = first, 0.0, 0
    least_alone, alone = np.inf, -1
    while True:
        if reached + profit[row] < least_alone:
            least_alone, alone = reached + profit[row], row
        for pair in range(starts[row], starts[row + 1]):
            column = columns[pair]
            if gain[pair] > 0 and not closed[column]:
                loss = reached + (profit[row] + price[column] - gain[pair])
                if loss < distance[column]:
                    if distance[column] == np.inf:
                        touched[count] = column
                        count += 1
                    distance[column], previous[column] = loss, row
        nearest, end = np.inf, -1
        for place in range(count):
            column = touched[place]
            if not closed[column] and distance[column] < nearest:
                nearest, end = distance[column], column
        if least_alone <= nearest:
            nearest, end = least_alone, -1
            break
        if owner[end] < 0:
            break
        closed[end] = True
        row, reached = owner[end], nearest
    profit[first] -= nearest
    for place in range(count):
        column = touched[place]
        if closed[column]:
            profit[owner[column]] -= nearest - distance[column]
            price[column] += nearest - distance[column]
            closed[column] = False
        distance[column] = np.inf
    if end < 0:
        if alone == first:
            return
        end, chosen[alone] = chosen[alone], -1
    _shift(first, end, previous, chosen, owner)


@jit
def _shift(first: int, end: int, previous: np.ndarray, chosen: np.ndarray, owner: np.ndarray) -> None:
    """Give the last column of a path to the row before it, that row's old column to the one before, and so on."""
    while True:
        row = previous[end]
        owner[end] = row
        end, chosen[row] = chosen[row], end
        if row == first:
            return


@jit
def assign_all(gain: np.ndarray, chosen: np.ndarray) -> None:
    """Choose as many one-to-one pairs as there are rows or columns, whichever is fewer, of the greatest total gain.

    Args:
        gain: (rows, columns), of any sign. It is changed: ties are broken.
        chosen: (rows), filled with the column of each row, -1 where it has none.
    """
    rows, width = gain.shape
    chosen[:] = -1
    for row in range(rows):
        for column in range(width):
            gain[row, column] += _noise(row, column)
    if rows <= width:
        _assign_rows(gain, chosen)
        return
    row_of = np.full(width, -1)
    _assign_rows(np.ascontiguousarray(gain.T), row_of)
    for column in range(width):
        chosen[row_of[column]] = column


@jit
def _assign_rows(gain: np.ndarray, chosen: np.ndarray) -> None:
    """Give every row a column, where there are at least as many."""
    rows, width = gain.shape
    owner = np.full(width, -1)
    profit, price = np.empty(rows), np.zeros(width)
    distance, previous = np.empty(width), np.empty(width, dtype=np.int64)
    open_columns = np.empty(width, dtype=np.int64)
    for row in range(rows):
        best = gain[row].argmax()
        profit[row] = gain[row, best]
        if owner[best] < 0:
            owner[best], chosen[row] = row, best
    for row in range(rows):
        if chosen[row] < 0:
            _add_row(row, gain, chosen, owner, profit, price, distance, previous, open_columns)


@jit
def _add_row(
    first: int,
    gain: np.ndarray,
    chosen: np.ndarray,
    owner: np.ndarray,
    profit: np.ndarray,
    price: np.ndarray,
    distance: np.ndarray,
    previous: np.ndarray,
    open_columns: np.ndarray,
) -> None:
    """Add a row along the path that loses least to a free column. Columns behind `left` in `open_columns` are closed."""
    width = len(price)
    distance[:] = np.inf
    for column in range(width):
        open_columns[column] = column
    row, reached, left = first, 0.0, width
    while True:
        base = reached + profit[row]
        nearest, place = np.inf, -1
        for index in range(left):
            column = open_columns[index]
            loss = base + price[column] - gain[row, column]
            if loss < distance[column]:
                distance[column], previous[column] = loss, row
            if distance[column] < nearest:
                nearest, place = distance[column], index
        end = open_columns[place]
        if owner[end] < 0:
            break
        left -= 1
        open_columns[place], open_columns[left] = open_columns[left], end
        row, reached = owner[end], nearest
    profit[first] -= nearest
    for index in range(left, width):
        column = open_columns[index]
        profit[owner[column]] -= nearest - distance[column]
        price[column] += nearest - distance[column]
    _shift(first, end, previous, chosen, owner)
