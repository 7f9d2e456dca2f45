"""Constant-velocity Kalman filters over all tracks at once, in closed form.

The noise of BYTE, DeepSORT, SORT and OC-SORT is diagonal and their motion couples each coordinate only with its own
velocity. So the filter of a box falls apart into independent filters of (value, velocity), one for each coordinate, and
the matrix equations of prediction and correction become a few products of arrays.

A belief is float64 (5, 4, tracks): its rows are VALUE, VELOCITY (a frame), and the covariance of the two as
VALUE_VARIANCE, COVARIANCE and VELOCITY_VARIANCE, for each of four coordinates and each track.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

VALUE, VELOCITY, VALUE_VARIANCE, COVARIANCE, VELOCITY_VARIANCE = range(5)


# One step at constant velocity, the same for every coordinate: v' = v + w, pp' = pp + 2 pv + vv, pv' = pv + vv.
_STEP = np.array(
    [
        [1.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 2.0, 1.0],
        [0.0, 0.0, 0.0, 1.0, 1.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)


class Noise:
    """Standard deviations that grow with a box's height, or do not.

    relative, absolute: one number for each coordinate, (4) or (2, 4) for values and velocities; the standard deviation is
    relative times the height (coordinate 3) where the box has one, and absolute elsewhere.
    """

    def __init__(self, relative: ArrayLike, absolute: ArrayLike) -> None:
        squares = np.square(np.array([relative, absolute], dtype=np.float64))
        self._shape = (*squares.shape[1:], -1)
        self._weights = squares.reshape(2, -1).T.copy()

    def variance(self, value: np.ndarray) -> np.ndarray:
        """Variances (4, tracks) or (2, 4, tracks) for boxes (4, tracks)."""
        basis = np.empty((2, value.shape[1]))
        np.square(value[3], out=basis[0])
        basis[1] = 1.0
        return self._weights.dot(basis).reshape(self._shape)


@dataclass(frozen=True, eq=False)
class KalmanFilter:
    """The three operations of a filter with unit time steps.

    first: noise (2, 4) of a track that has been seen once. process: noise (2, 4) that a step adds.
    measurement: noise (4) of a detection.
    """

    first: Noise
    process: Noise
    measurement: Noise

    def start(self, measured: np.ndarray) -> np.ndarray:
        """Beliefs (5, 4, n) after one measurement (4, n) each: at rest, value and velocity uncorrelated."""
        belief = np.zeros((5, *measured.shape))
        belief[VALUE] = measured
        belief[VALUE_VARIANCE::2] = self.first.variance(measured)
        return belief

    def predict(self, belief: np.ndarray) -> np.ndarray:
        """Beliefs (5, 4, n) one frame on; the noise goes by the height before the step."""
        value_noise, velocity_noise = self.process.variance(belief[VALUE])
        predicted = _STEP.dot(belief.reshape(5, -1)).reshape(belief.shape)
        predicted[VALUE_VARIANCE] += value_noise
        predicted[VELOCITY_VARIANCE] += velocity_noise
        return predicted

    def expect(self, belief: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (4, n) of the measurement that each belief (5, 4, n) expects; coordinates are independent."""
        return belief[VALUE], belief[VALUE_VARIANCE] + self.measurement.variance(belief[VALUE])

    def correct(self, belief: np.ndarray, measured: np.ndarray) -> None:
        """Take in one measurement (4, n) for each belief (5, 4, n), in place; the noise goes by the height before."""
        value, velocity, value_variance, covariance, velocity_variance = belief
        total = self.measurement.variance(value)
        total += value_variance
        value_gain = value_variance / total
        velocity_gain = covariance / total
        residual = measured - value
        value += value_gain * residual
        velocity += velocity_gain * residual
        velocity_variance -= velocity_gain * covariance
        covariance -= value_gain * covariance
        value_variance -= value_gain * value_variance


# The filter of DeepSORT (Wojke et al. 2017), taken over by BYTE: state xyah, noise in proportion to the box's height.
XYAH_FILTER = KalmanFilter(
    first=Noise(
        relative=[[1 / 10, 1 / 10, 0, 1 / 10], [1 / 16, 1 / 16, 0, 1 / 16]],
        absolute=[[0, 0, 1e-2, 0], [0, 0, 1e-5, 0]],
    ),
    process=Noise(
        relative=[[1 / 20, 1 / 20, 0, 1 / 20], [1 / 160, 1 / 160, 0, 1 / 160]],
        absolute=[[0, 0, 1e-2, 0], [0, 0, 1e-5, 0]],
    ),
    measurement=Noise(relative=[1 / 20, 1 / 20, 0, 1 / 20], absolute=[0, 0, 1e-1, 0]),
)

# The filter of SORT (Bewley et al. 2016), taken over by OC-SORT: state xysr, fixed noise, a ratio that does not move.
XYSR_FILTER = KalmanFilter(
    first=Noise(
        relative=[[0, 0, 0, 0], [0, 0, 0, 0]],
        absolute=np.sqrt(np.array([[10, 10, 10, 10], [1e4, 1e4, 1e4, 0]])),
    ),
    process=Noise(
        relative=[[0, 0, 0, 0], [0, 0, 0, 0]],
        absolute=np.sqrt(np.array([[1, 1, 1, 1], [0.01, 0.01, 1e-4, 0]])),
    ),
    measurement=Noise(relative=[0, 0, 0, 0], absolute=np.sqrt(np.array([1, 1, 10, 10]))),
)


def predict_xysr(belief: np.ndarray) -> np.ndarray:
    """Beliefs (5, 4, n) in xysr one frame on, as SORT does it: an area that would shrink to nothing stays.

    So areas stay above zero: a correction takes a mean of the predicted and the measured one.
    """
    vanishing = belief[VALUE, 2] + belief[VELOCITY, 2] <= 0
    if np.count_nonzero(vanishing):
        belief = belief.copy()
        belief[VELOCITY, 2, vanishing] = 0
    return XYSR_FILTER.predict(belief)
