"""Boxes for frames in which a person was hidden, interpolated between the boxes before and after."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smot_vlm.structures import Trajectory

# Score of an interpolated box, as a share of the lesser score at the two ends.
INTERPOLATED_SCORE = 0.5


def fill_gaps(tracks: Sequence[Trajectory], frames: np.ndarray) -> list[Trajectory]:
    """Give each track a box in every frame from its first to its last, linear in time between its own boxes.

    ByteTrack's paper does the same after tracking. An associator forgets tracks that are lost for longer than its
    buffer, so no gap is longer than that.

    Args:
        tracks: The tracks of a video.
        frames: Indices of the frames that were processed, ascending.
    """
    return [_filled(track, frames) for track in tracks]


def _filled(track: Trajectory, frames: np.ndarray) -> Trajectory:
    inside = frames[(frames > track.frames[0]) & (frames < track.frames[-1])]
    missing = np.setdiff1d(inside, track.frames, assume_unique=True)
    if not len(missing):
        return track
    boxes = np.stack([np.interp(missing, track.frames, edge) for edge in track.boxes.T], axis=1)
    after = np.searchsorted(track.frames, missing)
    scores = INTERPOLATED_SCORE * np.minimum(track.scores[after - 1], track.scores[after])
    order = np.argsort(np.concatenate([track.frames, missing]), kind="stable")
    return replace(
        track,
        frames=np.concatenate([track.frames, missing])[order],
        boxes=np.concatenate([track.boxes, boxes])[order],
        scores=np.concatenate([track.scores, scores])[order],
    )
