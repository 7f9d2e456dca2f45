"""Which part of a life each clause tells: clauses in order, cut where the scores are best (forced alignment)."""

import numpy as np


def align(scores: np.ndarray) -> list[int]:
    """The monotone assignment of observations to clauses with the highest sum of scores; every clause gets at least one.

    Args:
        scores: (observations, clauses), at least as many observations as clauses.

    Returns:
        For each clause the position of its first observation; the first is 0.

    Raises:
        ValueError: fewer observations than clauses, or no clause.
    """
    observations, clauses = scores.shape
    if not 1 <= clauses <= observations:
        raise ValueError(f"{observations} observations for {clauses} clauses; every clause needs one")
    best = np.full((observations, clauses), -np.inf)
    came = np.zeros((observations, clauses), dtype=bool)
    best[0, 0] = scores[0, 0]
    for row in range(1, observations):
        stay, step = best[row - 1], np.concatenate([[-np.inf], best[row - 1, :-1]])
        came[row] = step > stay
        best[row] = np.maximum(stay, step) + scores[row]
    starts = [0] * clauses
    clause = clauses - 1
    for row in range(observations - 1, 0, -1):
        if came[row, clause]:
            starts[clause] = row
            clause -= 1
    return starts
