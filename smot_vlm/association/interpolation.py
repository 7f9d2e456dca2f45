"""Boxes where somebody was hidden: between two boxes of a track, on straight lines."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smot_vlm.structures import Trajectory

# Share of the lesser score at the two ends: nobody was seen there.
GUESSED = 0.5


def fill_gaps(tracks: Sequence[Trajectory], frames: np.ndarray) -> list[Trajectory]:
    """Each track with a box in all of `frames` (ascending) from its first to its last, linear in time between its own.

    As ByteTrack's paper does after tracking; an associator forgets who is lost for longer than its
    buffer, so that no gap is longer.
    """
    return [_filled(track, frames) for track in tracks]


def _filled(track: Trajectory, frames: np.ndarray) -> Trajectory:
    inside = frames[(frames > track.frames[0]) & (frames < track.frames[-1])]
    missing = np.setdiff1d(inside, track.frames, assume_unique=True)
    if not len(missing):
        return track
    boxes = np.stack([np.interp(missing, track.frames, edge) for edge in track.boxes.T], axis=1)
    after = np.searchsorted(track.frames, missing)
    scores = GUESSED * np.minimum(track.scores[after - 1], track.scores[after])
    order = np.argsort(np.concatenate([track.frames, missing]), kind="stable")
    return replace(
        track,
        frames=np.concatenate([track.frames, missing])[order],
        boxes=np.concatenate([track.boxes, boxes])[order],
        scores=np.concatenate([track.scores, scores])[order],
    )
