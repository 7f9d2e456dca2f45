"""Which part of a life each clause tells: clauses in order, where the scores are best (forced alignment with pauses)."""

import numpy as np


def align(scores: np.ndarray, pause: float = -np.inf) -> list[tuple[int, int]]:
    """The monotone assignment of observations to clauses, or to none, with the highest sum of scores.

    Args:
        scores: (observations, clauses), at least as many observations as clauses.
        pause: score of an observation that no clause tells; by default every one is told.

    Returns:
        For each clause the positions of its first and last observation; every clause has at least one.

    Raises:
        ValueError: fewer observations than clauses, or no clause.
    """
    observations, clauses = scores.shape
    if not 1 <= clauses <= observations:
        raise ValueError(f"{observations} observations for {clauses} clauses; every clause needs one")
    # Clauses are the odd states, pauses before, between and behind them the even ones.
    states = 2 * clauses + 1
    gains = np.full((observations, states), pause)
    gains[:, 1::2] = scores
    best = np.full(states, -np.inf)
    best[:2] = gains[0, :2]
    steps = np.zeros((observations, states), dtype=np.int64)
    for row in range(1, observations):
        by_step = np.full((3, states), -np.inf)
        by_step[0] = best
        by_step[1, 1:] = best[:-1]
        # From a clause straight into the next one.
        by_step[2, 3::2] = best[1:-2:2]
        steps[row] = by_step.argmax(axis=0)
        best = by_step.max(axis=0) + gains[row]
    path = np.zeros(observations, dtype=np.int64)
    path[-1] = states - 1 if best[-1] > best[-2] else states - 2
    for row in range(observations - 1, 0, -1):
        path[row - 1] = path[row] - steps[row, path[row]]
    told = [np.flatnonzero(path == 2 * clause + 1) for clause in range(clauses)]
    return [(int(places[0]), int(places[-1])) for places in told]
