"""The settings that associators share: their limits, their rounding, and which scores belong to which round."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from smot_vlm.association.settings import AssociationSettings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"high_score": 1.5}, "high_score is 1.5; give a number between 0 and 1"),
        ({"high_score": 2.0}, "high_score is 2.0; give a number between 0 and 1"),
        ({"high_score": -0.5}, "high_score is -0.5"),
        ({"low_score": 0.6}, "low_score is 0.6 and high_score is 0.5; give low_score <= high_score"),
        ({"low_score": 0.8}, "give low_score <= high_score"),
        ({"new_track_score": -0.1}, "new_track_score is -0.1"),
        ({"buffer_seconds": -1.0}, "buffer_seconds is -1.0; give seconds, at least 0"),
        ({"buffer_seconds": float("inf")}, "buffer_seconds is inf"),
        ({"fps": 0.0}, "fps is 0.0; give frames a second, above 0"),
        ({"fps": -1.0}, "fps is -1.0"),
        ({"fps": float("nan")}, "fps is nan"),
    ],
)
def test_a_setting_out_of_range_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        AssociationSettings(**settings)


def test_settings_are_fixed():
    with pytest.raises(FrozenInstanceError):
        AssociationSettings().fps = 2.0


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"), [(1.0, 30.0, 30), (1.5, 2.0, 3), (0.3, 2.0, 1), (0.0, 30.0, 1), (1.2, 25.0, 30)]
)
def test_the_buffer_is_at_least_one_frame(seconds, fps, frames):
    assert AssociationSettings(buffer_seconds=seconds, fps=fps).buffer_frames == frames


def test_scores_are_compared_in_single_precision():
    settings = AssociationSettings(high_score=0.7, low_score=0.1, new_track_score=0.8)
    scores = np.array([0.05, 0.1, 0.2, 0.7, 0.75, 0.8, 0.9], dtype=np.float32)
    assert settings.is_low(scores).tolist() == [False, False, True, False, False, False, False]
    assert settings.is_high(scores).tolist() == [False, False, False, False, True, True, True]
    assert settings.starts_track(scores).tolist() == [False, False, False, False, False, True, True]
