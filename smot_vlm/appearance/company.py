"""Who goes along with whom, from boxes alone."""

import numpy as np

from smot_vlm.appearance.courses import Course
from smot_vlm.appearance.motion import MOVING, motion_of

# Shortest time together in seconds.
SHORTEST = 1.5
# Between the middles of two who go together, in heights of the taller one.
NEAR = 1.1
# Their feet stand at the same depth: difference of the boxes' lower edges, in heights.
LEVEL = 0.2
# Speeds differ at most by this share of the faster one's.
SAME_SPEED = 0.3


def company(one: Course, other: Course) -> float:
    """How surely two people go along with each other.

    Args:
        one: where one of them was.
        other: where the other was.

    Returns:
        The share of their common looks in which they are side by side; 0 where they do not move alike.
    """
    common, beside = side_by_side(one, other)
    return float(beside.mean()) if len(common) else 0.0


def side_by_side(one: Course, other: Course) -> tuple[np.ndarray, np.ndarray]:
    """In which of their common looks two people who move alike are beside each other.

    Args:
        one: where one of them was.
        other: where the other was.

    Returns:
        Seconds of the common looks, and a boolean for each; nothing where they do not move alike.
    """
    common, rows, columns = np.intersect1d(one.times.round(3), other.times.round(3), return_indices=True)
    nothing = np.zeros(0), np.zeros(0, dtype=bool)
    if len(common) < 4 or common[-1] - common[0] < SHORTEST:
        return nothing
    first, second = one.boxes[rows], other.boxes[columns]
    motions = [motion_of(common, own) for own in (first, second)]
    speeds = [motion.speed for motion in motions]
    alike = motions[0].direction == motions[1].direction and abs(speeds[0] - speeds[1]) <= SAME_SPEED * max(speeds)
    if not alike or min(speeds) < MOVING or motions[0].state != "moves":
        return nothing
    height = np.maximum(first[:, 3] - first[:, 1], second[:, 3] - second[:, 1])
    apart = np.abs((first[:, 0] + first[:, 2]) - (second[:, 0] + second[:, 2])) / 2 / height
    level = np.abs(first[:, 3] - second[:, 3]) / height
    return common, (apart <= NEAR) & (level <= LEVEL)
