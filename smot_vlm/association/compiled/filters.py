"""The constant-velocity filters of `association.kalman`, and the forms of boxes, one track after another.

A track is a row of numbers that begins with its state: VALUE, VELOCITY, VALUE_VARIANCE, COVARIANCE, VELOCITY_VARIANCE,
four numbers each. The arithmetic is that of the numpy road, operation by operation.
"""

import math

import numpy as np

from smot_vlm.association.compiled.jit import jit

VELOCITY, VALUE_VARIANCE, COVARIANCE, VELOCITY_VARIANCE, STATE = 4, 8, 12, 16, 20
# Rows of a filter's noise: variances of four coordinates, in proportion to the height's square, then fixed.
FIRST_VALUE, FIRST_VELOCITY, PROCESS_VALUE, PROCESS_VELOCITY, MEASUREMENT = range(5)


@jit
def start(track: np.ndarray, measured: np.ndarray, noise: np.ndarray) -> None:
    """Begin at rest with one measurement.

    Args:
        track: The row to fill.
        measured: (4), in the form of the filter.
        noise: (2, 5, 4) variances.
    """
    square = measured[3] * measured[3]
    for axis in range(4):
        track[axis] = measured[axis]
        track[VELOCITY + axis] = 0.0
        track[VALUE_VARIANCE + axis] = noise[0, FIRST_VALUE, axis] * square + noise[1, FIRST_VALUE, axis]
        track[COVARIANCE + axis] = 0.0
        track[VELOCITY_VARIANCE + axis] = noise[0, FIRST_VELOCITY, axis] * square + noise[1, FIRST_VELOCITY, axis]


@jit
def predict(track: np.ndarray, elapsed: float, noise: np.ndarray) -> None:
    """Go on by some frames; the noise goes by the height before.

    Args:
        track: Its row.
        elapsed: How many frames.
        noise: (2, 5, 4) variances.
    """
    square = track[3] * track[3]
    twice, squared = 2.0 * elapsed, elapsed * elapsed
    for axis in range(4):
        covariance, velocity_variance = track[COVARIANCE + axis], track[VELOCITY_VARIANCE + axis]
        track[axis] += elapsed * track[VELOCITY + axis]
        spread = (track[VALUE_VARIANCE + axis] + twice * covariance) + squared * velocity_variance
        added = noise[0, PROCESS_VALUE, axis] * square + noise[1, PROCESS_VALUE, axis]
        track[VALUE_VARIANCE + axis] = spread + added * elapsed
        track[COVARIANCE + axis] = covariance + elapsed * velocity_variance
        added = noise[0, PROCESS_VELOCITY, axis] * square + noise[1, PROCESS_VELOCITY, axis]
        track[VELOCITY_VARIANCE + axis] = velocity_variance + added * elapsed


@jit
def predict_xysr(track: np.ndarray, elapsed: float, noise: np.ndarray) -> None:
    """The same for xysr: an area that would shrink to nothing stays.

    Args:
        track: Its row.
        elapsed: How many frames.
        noise: (2, 5, 4) variances.
    """
    if track[2] + elapsed * track[VELOCITY + 2] <= 0:
        track[VELOCITY + 2] = 0.0
    predict(track, elapsed, noise)


@jit
def correct(track: np.ndarray, measured: np.ndarray, noise: np.ndarray) -> None:
    """Update by a measurement; the noise goes by the height before.

    Args:
        track: Its row.
        measured: (4), in the form of the filter.
        noise: (2, 5, 4) variances.
    """
    square = track[3] * track[3]
    for axis in range(4):
        variance, covariance = track[VALUE_VARIANCE + axis], track[COVARIANCE + axis]
        total = (noise[0, MEASUREMENT, axis] * square + noise[1, MEASUREMENT, axis]) + variance
        value_gain, velocity_gain = variance / total, covariance / total
        residual = measured[axis] - track[axis]
        track[axis] += value_gain * residual
        track[VELOCITY + axis] += velocity_gain * residual
        track[VELOCITY_VARIANCE + axis] -= velocity_gain * covariance
        track[COVARIANCE + axis] = covariance - value_gain * covariance
        track[VALUE_VARIANCE + axis] = variance - value_gain * variance


@jit
def squared_distance(track: np.ndarray, measured: np.ndarray, noise: np.ndarray) -> float:
    """How far a measurement is from the one expected, in its standard deviations.

    Args:
        track: Its row.
        measured: (4), in the form of the filter.
        noise: (2, 5, 4) variances.
    """
    square = track[3] * track[3]
    total = 0.0
    for axis in range(4):
        spread = noise[0, MEASUREMENT, axis] * square + noise[1, MEASUREMENT, axis]
        away = measured[axis] - track[axis]
        total += away * away / (track[VALUE_VARIANCE + axis] + spread)
    return total


@jit
def to_xyah(box: np.ndarray, measured: np.ndarray) -> None:
    """Corners to center, width / height and height.

    Args:
        box: (4) corners.
        measured: (4), filled.
    """
    measured[0] = 0.5 * box[0] + 0.5 * box[2]
    measured[1] = 0.5 * box[1] + 0.5 * box[3]
    measured[3] = box[3] - box[1]
    measured[2] = (box[2] - box[0]) / measured[3]


@jit
def to_xysr(box: np.ndarray, measured: np.ndarray) -> None:
    """Corners to center, area and width / height.

    Args:
        box: (4) corners.
        measured: (4), filled.
    """
    measured[0] = 0.5 * box[0] + 0.5 * box[2]
    measured[1] = 0.5 * box[1] + 0.5 * box[3]
    width, height = box[2] - box[0], box[3] - box[1]
    measured[2] = width * height
    measured[3] = width / height


@jit
def from_xyah(track: np.ndarray, box: np.ndarray) -> None:
    """The corners of a track in xyah.

    Args:
        track: Its row.
        box: (4), filled.
    """
    width = track[2] * track[3]
    _corners(track, width, track[3], box)


@jit
def from_xysr(track: np.ndarray, box: np.ndarray) -> None:
    """The corners of a track in xysr.

    Args:
        track: Its row.
        box: (4), filled.
    """
    width = math.sqrt(track[2] * track[3])
    _corners(track, width, track[2] / width, box)


@jit
def _corners(track: np.ndarray, width: float, height: float, box: np.ndarray) -> None:
    box[0] = track[0] - 0.5 * width
    box[1] = track[1] - 0.5 * height
    box[2] = track[0] + 0.5 * width
    box[3] = track[1] + 0.5 * height
