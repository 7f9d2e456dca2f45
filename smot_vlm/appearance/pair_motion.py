"""How the parts of a crop of two people move from look to look.

Who reaches out, strikes or steps back is seen in what changes between two looks, more than in either: dense optical flow
(DIS, Kroeger et al. 2016), without the camera's share, averaged over a grid so that left and right stay apart.
"""

from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float, UInt8

# Rows and columns of the grid, and of the finer one in which the camera's share is found.
GRID, FINE = (4, 6), (16, 24)
# Right, down, left, up; the mean and the most of each in each cell.
MOTION_VALUES = 2 * 4 * GRID[0] * GRID[1]
# Rows and columns of the finer grid at each edge, and these cells: they show more of the background than of people.
_EDGE = 2
_EDGES = np.pad(np.zeros((FINE[0] - 2 * _EDGE, FINE[1] - 2 * _EDGE), bool), _EDGE, constant_values=True)


def describe_motion(window: UInt8[np.ndarray, "looks height width 3"]) -> Float[np.ndarray, "values"]:
    """The descriptor of a window's motion.

    Args:
        window: looks at the same crop, RGB. A look that is there twice in a row counts once.

    Returns:
        float32 (MOTION_VALUES,): roots of pixels a look.
    """
    grey = [cv2.cvtColor(look, cv2.COLOR_RGB2GRAY) for look in window]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    steps = [_ways(flow, before, now) for before, now in pairwise(grey) if not np.array_equal(before, now)]
    if not steps:
        return np.zeros(MOTION_VALUES, np.float32)
    return np.stack([np.mean(steps, axis=0), np.max(steps, axis=0)]).astype(np.float32).ravel()


def _ways(flow: cv2.DISOpticalFlow, before: np.ndarray, now: np.ndarray) -> Float[np.ndarray, "4 rows columns"]:
    """How far each cell moves right, down, left and up; its root, for far and near reaches differ less than none and some."""
    found = flow.calc(before, now, np.empty(0, np.float32))
    fine = cv2.resize(found, FINE[::-1], interpolation=cv2.INTER_AREA)
    own = fine - np.median(fine[_EDGES], axis=0)
    ways = np.concatenate([own.clip(min=0), (-own).clip(min=0)], axis=-1)
    return np.sqrt(cv2.resize(ways, GRID[::-1], interpolation=cv2.INTER_AREA).transpose(2, 0, 1))
