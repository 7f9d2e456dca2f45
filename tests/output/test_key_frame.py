import numpy as np
import pytest

from smot_vlm.output.key_frame import key_frame_index, large_and_apart
from smot_vlm.output.timeline import Timeline
from smot_vlm.structures import Interaction, Span, Trajectory

LIMITS = np.array([160, 120, 160, 120], dtype=float)


def chosen(description):
    return key_frame_index(description, Timeline(description.tracks, description.video))


@pytest.mark.parametrize(
    ("boxes", "value"),
    [
        ([], 0),
        ([(0, 0, 160, 120)], 1),
        ([(0, 0, 80, 60)], 0.5),
        ([(0, 0, 80, 60), (80, 60, 160, 120)], 1),  # apart
        ([(0, 0, 80, 60), (0, 0, 80, 60)], 0),  # each hides the other
        ([(0, 0, 80, 60), (0, 30, 80, 90)], 0.5),  # half of each is seen
        ([(-80, 0, 80, 60)], 0.5),  # what is outside does not count
        ([(np.nan, 0, 80, 60)], 0.5),
    ],
)
def test_large_and_apart(boxes, value):
    assert large_and_apart(np.array(boxes, dtype=float).reshape(-1, 4), LIMITS) == pytest.approx(value)


def test_more_people_who_are_larger_and_apart_win(make_description, make_track):
    still = make_track(1, range(10), (0, 0, 40, 90))
    boxes = [(10 + 10 * min(index, 8), 0, 50 + 10 * min(index, 8), 90) for index in range(10)]
    leaving = Trajectory(2, range(10), boxes, [0.9] * 10)
    assert chosen(make_description([still, leaving], frames=10)) == 4  # the nearest to the middle of those apart
    assert chosen(make_description([still, make_track(2, [7], (60, 0, 100, 90))], frames=10)) == 7


def test_of_equal_frames_the_middle_one_is_taken_and_not_the_first(make_description, make_track):
    assert chosen(make_description([make_track(1, range(101))], frames=101)) == 50


def test_an_interaction_at_that_time_counts(make_description, make_track):
    tracks = [make_track(1, range(50)), make_track(2, range(50), (80, 20, 120, 110))]
    edge = Interaction(1, "hug.v.01", 2, 0.9, (Span(1.6, 1.8),))
    assert chosen(make_description(tracks, [edge], frames=50)) == 40


def test_nobody_has_no_key_frame(make_description, make_track):
    assert chosen(make_description([])) is None
    assert chosen(make_description([make_track(1, [])])) is None


def test_of_a_long_video_some_frames_are_compared(make_description, make_track):
    tracks = [make_track(1, range(5000)), make_track(2, range(2000, 4000), (80, 20, 120, 110))]
    assert 2000 <= chosen(make_description(tracks, frames=5000)) < 4000
