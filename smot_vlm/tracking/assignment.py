"""Who belongs to whom: one-to-one pairs of rows and columns with the greatest total gain.

All associators state their problem as gains of candidate pairs. A cost with a limit L, where every row and every column
left alone costs L / 2, is the gain L - cost: a pair is worth using only where it costs less than leaving both alone.
"""

import lap
import numpy as np


def assign(rows: np.ndarray, columns: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Out of candidate pairs (rows, columns), the one-to-one pairs that maximise the sum of `gain`.

    rows, columns, gain: (candidates), at least one; each gain is above zero. Pairs that are no candidates are never used.
    The answer is exact: a pair is decided without search where neither side has another candidate, and the rest is
    solved by the algorithm of Jonker and Volgenant.
    """
    if len(set(rows.tolist())) == len(rows) == len(set(columns.tolist())):
        return rows, columns
    alone = (np.bincount(rows).take(rows) == 1) & (np.bincount(columns).take(columns) == 1)
    contested = ~alone
    solved_rows, solved_columns = _solve(rows[contested], columns[contested], gain[contested])
    return np.concatenate((rows[alone], solved_rows)), np.concatenate((columns[alone], solved_columns))


def _solve(rows: np.ndarray, columns: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row_names = np.bincount(rows).nonzero()[0]
    column_names = np.bincount(columns).nonzero()[0]
    # What is no candidate costs nothing: chosen or not, it adds nothing, and it is left out below.
    cost = np.zeros((len(row_names), len(column_names)))
    cost[row_names.searchsorted(rows), column_names.searchsorted(columns)] = -gain
    if 1 in cost.shape:
        row, column = divmod(int(cost.argmin()), cost.shape[1])
        return row_names[row : row + 1], column_names[column : column + 1]
    _, column_of, _ = lap.lapjv(cost, extend_cost=True)
    chosen = (column_of >= 0).nonzero()[0]
    taken = column_of[chosen]
    used = cost[chosen, taken] < 0
    return row_names[chosen[used]], column_names[taken[used]]
