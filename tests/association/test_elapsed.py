import pytest

from smot_vlm.association.elapsed import ElapsedFrames


def steps(times: list[float], fps: float) -> list[float]:
    elapsed = ElapsedFrames(fps)
    return [elapsed.since_last(time) for time in times]


@pytest.mark.parametrize("fps", [25, 30000 / 1001, 50, 60, 120])
def test_even_times_are_whole_frames_also_where_they_are_rounded_to_milliseconds(fps):
    assert steps([round(index / fps, 3) for index in range(500)], fps) == [1.0] * 500


def test_missing_frames_are_counted():
    assert steps([0.0, 0.04, 0.16, 0.2, 10.2], 25.0) == pytest.approx([1, 1, 3, 1, 250])


def test_steps_of_a_video_whose_rate_changes():
    """30 frames a second, then 2, at a mean of 10."""
    assert steps([0.0, 1 / 30, 2 / 30, 2 / 30 + 0.5], 10.0) == pytest.approx([1, 1 / 3, 1 / 3, 5])


def test_an_associator_of_a_quarter_of_a_frame_a_second_takes_steps_as_they_come():
    assert steps([0.0, 4.0, 8.0], 0.25) == [1.0, 1.0, 1.0]
