"""Which ordered pairs of people are asked about: all of them, or the closest ones where a crowd has too many."""

import logging

import numpy as np

from smot_vlm.structures import Trajectory

logger = logging.getLogger(__name__)


def candidate_pairs(tracks: list[Trajectory], max_pairs: int) -> np.ndarray:
    """Ordered pairs (n, 2) of positions in `tracks`, subject first: everybody with everybody else.

    With more than `max_pairs`, those that come closest to each other (center distance in units of their heights, in
    the frames that both are in) are taken, both directions of each.
    """
    count = len(tracks)
    subject, target = np.nonzero(~np.eye(count, dtype=bool))
    pairs = np.stack([subject, target], axis=1).astype(np.int64)
    if len(pairs) <= max_pairs:
        return pairs
    logger.warning("%d ordered pairs of people; the %d that come closest are asked about", len(pairs), max_pairs)
    half = pairs[pairs[:, 0] < pairs[:, 1]]
    distance = closest_distances(tracks)[half[:, 0], half[:, 1]]
    chosen = half[np.argsort(distance, kind="stable")[: max_pairs // 2]]
    both = np.concatenate([chosen, chosen[:, ::-1]])
    return both[np.lexsort((both[:, 1], both[:, 0]))]


def closest_distances(tracks: list[Trajectory]) -> np.ndarray:
    """(n, n) smallest distance of box centers in a frame that both are in, over their mean height; inf if never."""
    count = len(tracks)
    closest = np.full((count, count), np.inf)
    rows = np.concatenate([np.full(len(track), index) for index, track in enumerate(tracks)])
    frames = np.concatenate([track.frames for track in tracks])
    boxes = np.concatenate([track.boxes for track in tracks])
    order = np.argsort(frames, kind="stable")
    bounds = np.flatnonzero(np.diff(frames[order])) + 1
    for present in np.split(order, bounds):
        people, box = rows[present], boxes[present]
        center, height = (box[:, :2] + box[:, 2:]) / 2, box[:, 3] - box[:, 1]
        gap = np.linalg.norm(center[:, None] - center[None], axis=2) / (height[:, None] + height[None]) * 2
        place = np.ix_(people, people)
        closest[place] = np.minimum(closest[place], gap)
    return closest
