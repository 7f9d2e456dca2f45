"""Which frame stands for a video: one in which many people are large and apart."""

import numpy as np

from smot_vlm.output.timeline import Timeline, frame_seconds
from smot_vlm.structures import Description

# How many frames are compared at most, evenly over the video.
MOST_FRAMES = 600
# A pair that acts on each other at that time counts as much as this share of the people's sum.
PAIR_BONUS = 0.1


def key_frame_index(description: Description, timeline: Timeline) -> int | None:
    """Choose the frame in which the people are largest and least hide each other, added up over all of them.

    Of frames that are alike the one nearest to the middle of the video is taken: a first frame often shows nothing yet.

    Args:
        description: of the video.
        timeline: of the same.

    Returns:
        Its index; None where there is no box.
    """
    frames = np.unique(np.concatenate([track.frames for track in description.tracks] or [np.zeros(0, dtype=np.int64)]))
    if not len(frames):
        return None
    middle = (frames[0] + frames[-1]) / 2
    if len(frames) > MOST_FRAMES:
        frames = frames[np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int)]
    limits = np.array([description.video.width, description.video.height] * 2, dtype=float)
    scores = []
    for frame, seconds in zip(frames.tolist(), frame_seconds(description.video, frames).tolist(), strict=True):
        people = timeline.boxes_at(frame)
        present = set(people.ids.tolist())
        pairs = {
            frozenset((edge.subject, edge.object))
            for edge in description.interactions
            if {edge.subject, edge.object} <= present
            and (not edge.spans or any(one.from_seconds <= seconds <= one.to_seconds for one in edge.spans))
        }
        scores.append(large_and_apart(people.boxes, limits) * (1 + PAIR_BONUS * len(pairs)))
    ranks = np.lexsort((np.abs(frames - middle), -np.round(scores, 6)))
    return int(frames[ranks[0]])


def large_and_apart(boxes: np.ndarray, limits: np.ndarray) -> float:
    """The sum over people of their size, each less by the share of them that another box covers.

    Args:
        boxes: (n, 4) xyxy.
        limits: (4) the picture's width and height twice.

    Returns:
        Sizes are square roots of shares of the picture, so two people count more than one of twice the area.
    """
    inside = np.clip(np.nan_to_num(boxes, posinf=0, neginf=0), 0, limits)
    sides = inside[:, 2:] - inside[:, :2]
    area = sides.prod(axis=1)
    common = np.minimum(inside[:, None, 2:], inside[None, :, 2:]) - np.maximum(inside[:, None, :2], inside[None, :, :2])
    covered = np.maximum(common, 0).prod(axis=2)
    np.fill_diagonal(covered, 0)
    share = np.max(covered, axis=1, initial=0) / np.maximum(area, 1e-9)
    return float((np.sqrt(area / max(limits[0] * limits[1], 1e-9)) * (1 - np.minimum(share, 1))).sum())
