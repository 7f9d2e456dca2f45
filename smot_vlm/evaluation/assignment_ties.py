"""Where HOTA's best assignment of boxes is not unique, so that two solvers may choose differently and both be right.

Each frame with rivals is solved twice, with tiny weights added and taken away: a unique optimum stays.
"""

from functools import cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from smot_vlm.evaluation.frame_boxes import FrameBoxes, track_alignment

# Sums that are nearer may be rounded to either order.
_TOLERANCE = 1e-11
# HOTA's lowest threshold: pairs with less overlap are never kept.
_LOWEST_IOU = 0.05


def has_ties(layout: FrameBoxes) -> bool:
    """Whether HOTA has a choice in some frame.

    Args:
        layout: a sequence's boxes by frame.

    Returns:
        True where it may have.
    """
    contested = [frame for frame, iou in enumerate(layout.iou) if is_contested(iou > 0)]
    if not contested:
        return False
    alignment = track_alignment(layout)
    for frame in contested:
        iou = layout.iou[frame]
        weights = alignment[np.ix_(layout.truth[frame], layout.predicted[frame])] * iou
        if not is_unique(weights, iou >= _LOWEST_IOU - _TOLERANCE):
            return True
    return False


def is_unique(weights: np.ndarray, counted: np.ndarray) -> bool:
    """Whether the assignment of greatest sum is the only one.

    Args:
        weights: float64 (rows, columns).
        counted: bool (rows, columns), the pairs that matter.

    Returns:
        False where another assignment has nearly the same sum, and other pairs that matter.
    """
    noise = _noise(weights.shape)
    first, second = (
        {(row, column) for row, column in zip(*pairs, strict=True) if counted[row, column]}
        for pairs in (linear_sum_assignment(weights + sign * noise, maximize=True) for sign in (1, -1))
    )
    return first == second


def is_contested(wanted: np.ndarray) -> bool:
    """Whether a row or a column has several wanted pairs, so that there is anything to choose.

    Args:
        wanted: bool (rows, columns).

    Returns:
        False where all wanted pairs can be had.
    """
    return bool(wanted.size) and bool((wanted.sum(axis=0) > 1).any() or (wanted.sum(axis=1) > 1).any())


@cache
def _noise(shape: tuple[int, int]) -> np.ndarray:
    """A tiny number for each pair, such that no two sums of some of them are equal."""
    return np.random.default_rng(shape).uniform(0, _TOLERANCE, shape)
