"""Boxes for frames in which a person was hidden, interpolated between the boxes before and after."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from smot_vlm.structures import Trajectory

# Processed frames between the two boxes of the longest gap that is filled (ByteTrack's paper): who was hidden for longer
# has hardly kept the pace, and boxes on a straight line are then beside the person.
LONGEST_INTERVAL = 20
# Score of an interpolated box, as a share of the lesser score at the two ends.
INTERPOLATED_SCORE = 0.5


def fill_gaps(tracks: Sequence[Trajectory], frames: np.ndarray) -> list[Trajectory]:
    """Give each track the boxes that it misses between two of its own at most LONGEST_INTERVAL frames apart, linear in time.

    ByteTrack's paper ("tracklet interpolation") does the same after tracking.

    Args:
        tracks: The tracks of a video.
        frames: Indices of the frames that were processed, ascending.
    """
    return [_filled(track, frames) for track in tracks]


def _filled(track: Trajectory, frames: np.ndarray) -> Trajectory:
    inside = frames[(frames > track.frames[0]) & (frames < track.frames[-1])]
    missing = np.setdiff1d(inside, track.frames, assume_unique=True)
    after = np.searchsorted(track.frames, missing)
    short = np.diff(np.searchsorted(frames, track.frames))[after - 1] <= LONGEST_INTERVAL
    missing, after = missing[short], after[short]
    if not len(missing):
        return track
    boxes = np.stack([np.interp(missing, track.frames, edge) for edge in track.boxes.T], axis=1)
    scores = INTERPOLATED_SCORE * np.minimum(track.scores[after - 1], track.scores[after])
    order = np.argsort(np.concatenate([track.frames, missing]), kind="stable")
    return replace(
        track,
        frames=np.concatenate([track.frames, missing])[order],
        boxes=np.concatenate([track.boxes, boxes])[order],
        scores=np.concatenate([track.scores, scores])[order],
    )
