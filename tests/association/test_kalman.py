"""The closed form against the matrix equations of the textbook."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.association.kalman import (
    COVARIANCE,
    VALUE,
    VALUE_VARIANCE,
    VELOCITY,
    VELOCITY_VARIANCE,
    XYAH_FILTER,
    XYSR_FILTER,
    KalmanFilter,
    Noise,
)

MOTION = np.eye(8) + np.eye(8, k=4)
SIGHT = np.eye(4, 8)


def split(state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (8) and covariance (8, 8) of the state (5, 4) in one track."""
    mean = np.concatenate([state[VALUE], state[VELOCITY]])
    cross = np.diag(state[COVARIANCE])
    covariance = np.block(
        [[np.diag(state[VALUE_VARIANCE]), cross], [cross, np.diag(state[VELOCITY_VARIANCE])]],
    )
    return mean, covariance


def xyah_noises(height: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First covariance, process noise and measurement noise of BYTE for a height, as its paper's code states them."""
    first = [height / 10, height / 10, 1e-2, height / 10, height / 16, height / 16, 1e-5, height / 16]
    process = [height / 20, height / 20, 1e-2, height / 20, height / 160, height / 160, 1e-5, height / 160]
    measurement = [height / 20, height / 20, 1e-1, height / 20]
    return tuple(np.diag(np.square(deviations)) for deviations in (first, process, measurement))


def xysr_noises(height: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of SORT, which do not depend on the height; the ratio has no velocity."""
    first = np.diag([10.0, 10, 10, 10, 1e4, 1e4, 1e4, 0])
    process = np.diag([1.0, 1, 1, 1, 0.01, 0.01, 1e-4, 0])
    return first, process, np.diag([1.0, 1, 10, 10])


@pytest.mark.parametrize(("kalman", "noises"), [(XYAH_FILTER, xyah_noises), (XYSR_FILTER, xysr_noises)])
@given(seed=st.integers(0, 10_000), seen=st.lists(st.booleans(), min_size=1, max_size=12), tracks=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_the_closed_form_is_the_matrix_filter(kalman: KalmanFilter, noises, seed, seen, tracks):
    random = np.random.default_rng(seed)
    measured = random.uniform([[50], [50], [0.2], [40]], [[900], [900], [1.5], [300]], (4, tracks))
    state = kalman.start(measured)
    means, covariances = [], []
    for track in range(tracks):
        means.append(np.concatenate([measured[:, track], np.zeros(4)]))
        covariances.append(noises(measured[3, track])[0])
    for is_seen in seen:
        state = kalman.predict(state)
        measured = measured + random.normal(0, 1, measured.shape) * [[5], [5], [0.01], [3]]
        for track in range(tracks):
            covariances[track] = MOTION @ covariances[track] @ MOTION.T + noises(means[track][3])[1]
            means[track] = MOTION @ means[track]
        if is_seen:
            kalman.correct(state, measured)
            for track in range(tracks):
                innovation = SIGHT @ covariances[track] @ SIGHT.T + noises(means[track][3])[2]
                gain = covariances[track] @ SIGHT.T @ np.linalg.inv(innovation)
                means[track] = means[track] + gain @ (measured[:, track] - SIGHT @ means[track])
                covariances[track] = covariances[track] - gain @ innovation @ gain.T
        for track in range(tracks):
            mean, covariance = split(state[:, :, track])
            np.testing.assert_allclose(mean, means[track], rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(covariance, covariances[track], rtol=1e-9, atol=1e-9)


@given(height=st.floats(1, 2000))
@settings(max_examples=20, deadline=None)
def test_noise_is_relative_or_absolute(height):
    noise = Noise(relative=[0.5, 0, 0.1, 0], absolute=[0, 3.0, 0, 0])
    value = np.array([[1.0], [2.0], [3.0], [height]])
    np.testing.assert_allclose(noise.variance(value)[:, 0], [height**2 / 4, 9, height**2 / 100, 0])


def test_no_track_is_no_error():
    state = XYAH_FILTER.predict(XYAH_FILTER.start(np.zeros((4, 0))))
    XYAH_FILTER.correct(state, np.zeros((4, 0)))
    assert state.shape == (5, 4, 0)


def test_a_prediction_leaves_the_belief_alone():
    state = XYAH_FILTER.start(np.array([[10.0], [20], [0.5], [30]]))
    before = state.copy()
    XYAH_FILTER.predict(state)
    np.testing.assert_array_equal(state, before)
