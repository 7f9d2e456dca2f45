"""Who belongs to whom: one-to-one pairs of rows and columns with the greatest total gain.

All associators state their problem as gains of candidate pairs. A cost with a limit L, where every row and every column
left alone costs L / 2, is the gain L - cost: a pair is worth using only where it costs less than leaving both alone.
"""

import lap
import numpy as np


def is_one_to_one(rows: np.ndarray, columns: np.ndarray) -> bool:
    """Whether no row and no column is there twice."""
    return len(set(rows.tolist())) == len(rows) == len(set(columns.tolist()))


def assign(rows: np.ndarray, columns: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Positions of those candidate pairs that are one to one and have the greatest sum of `gain`.

    rows, columns, gain: (candidates), sorted by row; each gain is above zero. Pairs that are no candidates are never
    used. The answer is exact: a pair is decided without search where neither side has another candidate, and the rest is
    solved by the algorithm of Jonker and Volgenant.
    """
    if is_one_to_one(rows, columns):
        return np.arange(len(rows))
    alone = (np.bincount(rows).take(rows) == 1) & (np.bincount(columns).take(columns) == 1)
    contested = (~alone).nonzero()[0]
    solved = _solve(rows[contested], columns[contested], gain[contested])
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
    return (column_of[rows] == columns).nonzero()[0]


def assign_all(gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As many one-to-one pairs as `gain` (rows, columns) has rows or columns, whichever is less, of greatest sum."""
    _, column_of, _ = lap.lapjv(-gain, extend_cost=True)
    rows = (column_of >= 0).nonzero()[0]
    return rows, column_of[rows]
