"""Constant-velocity Kalman filters over all tracks at once, in closed form.

The noise of BYTE, DeepSORT, SORT and OC-SORT is diagonal and their motion couples each coordinate only with its own
velocity. So the filter of a box separates into independent filters of (value, velocity), one for each coordinate, and
the matrix equations of prediction and correction become a few products of arrays.

A state is float64 (5, 4, tracks): its rows are VALUE, VELOCITY (a frame), and the covariance of the two as
VALUE_VARIANCE, COVARIANCE and VELOCITY_VARIANCE, for each of four coordinates and each track.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

VALUE, VELOCITY, VALUE_VARIANCE, COVARIANCE, VELOCITY_VARIANCE = range(5)


class Noise:
    """Standard deviations, in proportion to a box's height or fixed.

    Args:
        relative: Share of the height (coordinate 3) for each coordinate, (4), or (2, 4) for values and velocities.
        absolute: Fixed deviations of the same shape; the variances of both add up.
    """

    def __init__(self, relative: ArrayLike, absolute: ArrayLike) -> None:
        squares = np.square(np.array([relative, absolute], dtype=np.float64))
        self._shape = (*squares.shape[1:], -1)
        self._weights = squares.reshape(2, -1).T.copy()

    def variance(self, value: np.ndarray) -> np.ndarray:
        """Variances (4, tracks) or (2, 4, tracks).

        Args:
            value: Boxes (4, tracks) in the form of the filter.
        """
        basis = np.empty((2, value.shape[1]))
        np.square(value[3], out=basis[0])
        basis[1] = 1.0
        result: np.ndarray = self._weights.dot(basis).reshape(self._shape)
        return result


class SideNoise(Noise):
    """Standard deviations in xywh: across in proportion to a box's width, down to its height.

    Args:
        relative: Share of the side, the same for each coordinate: a number, or (2) for values and velocities.
    """

    def __init__(self, relative: ArrayLike) -> None:
        self._squares = np.square(np.asarray(relative, dtype=np.float64))[..., None, None]

    def variance(self, value: np.ndarray) -> np.ndarray:
        """Variances (4, tracks) or (2, 4, tracks).

        Args:
            value: Boxes (4, tracks) in xywh.
        """
        result: np.ndarray = self._squares * np.square(value[[2, 3, 2, 3]])
        return result


@dataclass(frozen=True, eq=False)
class KalmanFilter:
    """The three operations of a filter whose unit of time is a frame.

    Attributes:
        first: Noise (2, 4) of a track that has been seen once.
        process: Noise (2, 4) that a frame adds.
        measurement: Noise (4) of a detection.
    """

    first: Noise
    process: Noise
    measurement: Noise

    def start(self, measured: np.ndarray) -> np.ndarray:
        """States (5, 4, n) after one measurement each: at rest, value and velocity uncorrelated.

        Args:
            measured: (4, n).
        """
        state = np.zeros((5, *measured.shape))
        state[VALUE] = measured
        state[VALUE_VARIANCE::2] = self.first.variance(measured)
        return state

    def predict(self, state: np.ndarray, elapsed: float = 1.0) -> np.ndarray:
        """States some frames later; the noise goes by the height before, and grows in proportion to the time.

        Args:
            state: (5, 4, n), left as it is.
            elapsed: How many frames.
        """
        noise = self.process.variance(state[VALUE])
        if elapsed != 1.0:
            noise *= elapsed
        # Products and sums one by one: a matrix product may fuse them, differently on each machine.
        predicted = state.copy()
        value, _, value_variance, covariance, velocity_variance = predicted
        value += elapsed * state[VELOCITY]
        value_variance += 2.0 * elapsed * covariance
        value_variance += elapsed * elapsed * velocity_variance
        covariance += elapsed * velocity_variance
        value_variance += noise[0]
        velocity_variance += noise[1]
        return predicted

    def expect(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (4, n) of the measurement that each state expects; coordinates are independent.

        Args:
            state: (5, 4, n).
        """
        return state[VALUE], state[VALUE_VARIANCE] + self.measurement.variance(state[VALUE])

    def correct(self, state: np.ndarray, measured: np.ndarray) -> None:
        """Update each state by one measurement, in place; the noise goes by the height before.

        Args:
            state: (5, 4, n).
            measured: (4, n).
        """
        value, velocity, value_variance, covariance, velocity_variance = state
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


# The filter of DeepSORT (Wojke et al. 2017), used by BYTE too: state xyah, noise in proportion to the box's height.
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

# The filter of SORT (Bewley et al. 2016), used by OC-SORT too: state xysr, fixed noise, a ratio that does not move.
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

# The filter of BoT-SORT (Aharon et al. 2022): DeepSORT's for width and height in place of ratio and height.
XYWH_FILTER = KalmanFilter(
    first=SideNoise([1 / 10, 1 / 16]), process=SideNoise([1 / 20, 1 / 160]), measurement=SideNoise(1 / 20)
)


def predict_xysr(state: np.ndarray, elapsed: float = 1.0) -> np.ndarray:
    """States in xysr some frames later, as SORT does it: an area that would shrink to nothing stays.

    So areas stay above zero: a correction takes a mean of the predicted and the measured one.

    Args:
        state: (5, 4, n), left as it is.
        elapsed: How many frames.
    """
    vanishing = state[VALUE, 2] + elapsed * state[VELOCITY, 2] <= 0
    if np.count_nonzero(vanishing):
        state = state.copy()
        state[VELOCITY, 2, vanishing] = 0
    return XYSR_FILTER.predict(state, elapsed)
