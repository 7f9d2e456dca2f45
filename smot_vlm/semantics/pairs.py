"""Which ordered pairs of people are scored: all, those who come near each other, or the closest of a crowd."""

import logging
import math
from collections.abc import Sequence

import numpy as np

from smot_vlm.association.proximity import center_distances
from smot_vlm.structures import Trajectory

logger = logging.getLogger(__name__)


def candidate_pairs(tracks: Sequence[Trajectory], max_pairs: int, max_gap: float = math.inf) -> np.ndarray:
    """Ordered pairs of people to score, everybody with everybody else.

    Args:
        tracks: the people.
        max_pairs: with more, those that come closest are taken, both directions of each.
        max_gap: only people who come so near to each other: centre distance in units of their heights, in frames that
            both are in.

    Returns:
        (n, 2) positions in `tracks`, subject first.
    """
    count = len(tracks)
    near = ~np.eye(count, dtype=bool)
    if count < 2 or (math.isinf(max_gap) and near.sum() <= max_pairs):
        return np.argwhere(near)
    distances = closest_distances(tracks)
    pairs = np.argwhere(near & (distances <= max_gap))
    if len(pairs) <= max_pairs:
        return pairs
    logger.warning("%d ordered pairs of people; the %d that come closest are scored", len(pairs), max_pairs)
    half = pairs[pairs[:, 0] < pairs[:, 1]]
    distance = distances[half[:, 0], half[:, 1]]
    chosen = half[np.argsort(distance, kind="stable")[: max_pairs // 2]]
    both = np.concatenate([chosen, chosen[:, ::-1]])
    return both[np.lexsort((both[:, 1], both[:, 0]))]


def closest_distances(tracks: Sequence[Trajectory]) -> np.ndarray:
    """How near people come to each other.

    Args:
        tracks: the people.

    Returns:
        (n, n) smallest distance of box centres in a frame that both are in, over their mean height; inf if never.
    """
    count = len(tracks)
    closest = np.full((count, count), np.inf)
    rows = np.concatenate([np.full(len(track), index) for index, track in enumerate(tracks)])
    frames = np.concatenate([track.frames for track in tracks])
    boxes = np.concatenate([track.boxes for track in tracks])
    order = np.argsort(frames, kind="stable")
    bounds = np.flatnonzero(np.diff(frames[order])) + 1
    for present in np.split(order, bounds):
        place = np.ix_(rows[present], rows[present])
        closest[place] = np.minimum(closest[place], center_distances(boxes[present]))
    return closest
