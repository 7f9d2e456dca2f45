"""What a track of OC-SORT keeps of its observations, as in `association.observed_tracks`."""

import math

import numpy as np

from smot_vlm.association.compiled.filters import STATE, correct, predict_xysr, to_xysr
from smot_vlm.association.compiled.jit import jit
from smot_vlm.association.observed_tracks import STILL, ObservedTracks

# Behind a track's state: the state at its loss, the box last observed, its direction, the columns of its track table,
# then the centers of the observations of the last frames, oldest first.
AT_LOSS = STATE
LAST_BOX = AT_LOSS + STATE
DIRECTION = LAST_BOX + 4
ID, MISSES, STREAK, UNSEEN, RECENT = range(DIRECTION + 2, DIRECTION + 7)


def table_of(tracks: ObservedTracks) -> np.ndarray:
    """The table (tracks, width) of the numpy road's tracks.

    Args:
        tracks: With or without observations.
    """
    parts = (
        tracks.kalman_states,
        tracks.states_at_loss,
        tracks.last_box,
        tracks.direction,
        tracks.track_table,
        tracks.recent_centers,
    )
    return np.concatenate([part.reshape(math.prod(part.shape[:-1]), len(tracks)) for part in parts]).T


@jit
def reference(track: np.ndarray, memory: int) -> tuple[float, float]:
    """Center of the oldest of the recent observations, of the last one where none is recent, or NaN.

    Args:
        track: Its row.
        memory: For how many frames observations are recent.
    """
    for place in range(RECENT, RECENT + 2 * memory, 2):
        if not math.isnan(track[place]):
            return track[place], track[place + 1]
    return 0.5 * (track[LAST_BOX] + track[LAST_BOX + 2]), 0.5 * (track[LAST_BOX + 1] + track[LAST_BOX + 3])


@jit
def follow(track: np.ndarray, box: np.ndarray, steps: np.ndarray, noise: np.ndarray) -> None:
    """Take the filter of a track found again back to its loss and along a straight line from there.

    Args:
        track: Its row.
        box: (4) corners of the present observation.
        steps: The time before each of the frames missed and before the present one.
        noise: (2, 5, 4) variances.
    """
    total = 0.0
    for step in steps:
        total += step
    velocity, place, measured = np.empty(4), np.empty(4), np.empty(4)
    for side in range(4):
        velocity[side] = (box[side] - track[LAST_BOX + side]) / total
    track[:STATE] = track[AT_LOSS : AT_LOSS + STATE]
    passed = 0.0
    for index in range(len(steps)):
        passed += steps[index]
        if index:
            predict_xysr(track, steps[index], noise)
        for side in range(4):
            place[side] = track[LAST_BOX + side] + velocity[side] * passed
        to_xysr(place, measured)
        correct(track, measured, noise)


@jit
def observe(track: np.ndarray, box: np.ndarray, memory: int) -> None:
    """Remember an observation, and the direction in which it lies.

    Args:
        track: Its row.
        box: (4) corners.
        memory: For how many frames observations are recent.
    """
    center_x, center_y = 0.5 * (box[0] + box[2]), 0.5 * (box[1] + box[3])
    from_x, from_y = reference(track, memory)
    right, down = center_x - from_x, center_y - from_y
    length = math.sqrt(right * right + down * down) + STILL
    track[DIRECTION] = 0.0 if math.isnan(right) else right / length
    track[DIRECTION + 1] = 0.0 if math.isnan(down) else down / length
    remember(track, center_x, center_y, memory)
    track[LAST_BOX : LAST_BOX + 4] = box
    track[MISSES] = track[UNSEEN] = 0
    track[STREAK] += 1


@jit
def remember(track: np.ndarray, x: float, y: float, memory: int) -> None:
    """Put the center of this frame's observation behind those before, and forget the oldest.

    Args:
        track: Its row.
        x: Of the center; NaN where there is no observation.
        y: The same.
        memory: For how many frames observations are recent.
    """
    for place in range(RECENT, RECENT + 2 * memory - 2):
        track[place] = track[place + 2]
    track[RECENT + 2 * memory - 2], track[RECENT + 2 * memory - 1] = x, y
