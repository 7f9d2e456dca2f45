"""Assignment: one-to-one pairs of rows and columns with the greatest total gain.

All associators state their problem as gains of candidate pairs. A cost with a limit L, where every row and every column
left alone costs L / 2, is the gain L - cost: a pair is worth using only where it costs less than leaving both alone.
"""

from typing import Any

import lap
import numpy as np

# In place of a row or a column, for those that take part in no pair.
UNMATCHED = np.array(-1)


def tie_breaker(row: Any, column: Any) -> Any:
    """Noise from 0 to 2^-36 for pairs, always the same for the same pair.

    Where several choices gain the same, the noise decides, so that every exact solver chooses alike.

    Args:
        row: Of a pair, or int64 of each pair.
        column: The same.
    """
    mixed = ((row * 1000003 + column) * 2654435761) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 2246822519) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 13)) * 2.0**-68


def is_one_to_one(rows: np.ndarray, columns: np.ndarray) -> bool:
    """Whether no row and no column appears twice.

    Args:
        rows: Row of each candidate pair.
        columns: Column of each candidate pair.
    """
    return len(set(rows.tolist())) == len(rows) == len(set(columns.tolist()))


def assign(rows: np.ndarray, columns: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Choose candidate pairs that are one to one and have the greatest sum of `gain`.

    The answer is exact: a pair is decided without search where neither side has another candidate, and the rest is
    solved by the algorithm of Jonker and Volgenant. Pairs that are no candidates are never used.

    Args:
        rows: (candidates), ascending.
        columns: (candidates).
        gain: (candidates), each above zero.

    Returns:
        Positions of the chosen candidates.
    """
    if is_one_to_one(rows, columns):
        return np.arange(len(rows))
    alone = (np.bincount(rows).take(rows) == 1) & (np.bincount(columns).take(columns) == 1)
    contested = (~alone).nonzero()[0]
    rows, columns = rows[contested], columns[contested]
    solved = _solve(rows, columns, gain[contested] + tie_breaker(rows, columns))
    return np.concatenate((alone.nonzero()[0], contested[solved]))


def _solve(rows: np.ndarray, columns: np.ndarray, gain: np.ndarray) -> np.ndarray:
    row_names = np.bincount(rows).nonzero()[0]
    column_names = np.bincount(columns).nonzero()[0]
    if len(row_names) == 1 or len(column_names) == 1:
        return np.array([gain.argmax()])
    rows, columns = row_names.searchsorted(rows), column_names.searchsorted(columns)
    # What is no candidate costs nothing: chosen or not, it adds nothing, and it is left out below.
    cost = np.zeros((len(row_names), len(column_names)))
    cost[rows, columns] = -gain
    _, column_of, _ = lap.lapjv(cost, extend_cost=True)
    result: np.ndarray = (column_of[rows] == columns).nonzero()[0]
    return result


def assign_all(gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose as many one-to-one pairs as there are rows or columns, whichever is fewer, of greatest sum.

    Args:
        gain: (rows, columns), of any sign.

    Returns:
        Rows and columns of the pairs.
    """
    rows, columns = np.arange(gain.shape[0])[:, None], np.arange(gain.shape[1])
    _, column_of, _ = lap.lapjv(-(gain + tie_breaker(rows, columns)), extend_cost=True)
    rows = (column_of >= 0).nonzero()[0]
    return rows, column_of[rows]
