import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.output.timeline import Timeline
from smot_vlm.structures import Trajectory, VideoInfo


def track(id, frames):
    frames = list(frames)
    return Trajectory(id, frames, [[f, id, f + 1, id + 1] for f in frames], [f / 100 for f in frames])


def video(fps, times=()):
    return VideoInfo("clip.mp4", 64, 48, fps, 400, times=times)


tracks_strategy = st.dictionaries(
    st.integers(1, 40), st.sets(st.integers(0, 60), max_size=20).map(sorted), max_size=6
).map(lambda table: tuple(track(id, frames) for id, frames in table.items()))


@settings(max_examples=80, deadline=None)
@given(tracks_strategy, st.integers(0, 70))
def test_the_boxes_of_a_frame_are_those_a_walk_over_all_tracks_finds(tracks, frame_index):
    found = Timeline(tracks, video(25.0)).boxes_at(frame_index)
    expected = sorted((t.id, *t.boxes[r]) for t in tracks for r in range(len(t)) if t.frames[r] == frame_index)
    assert [(id, *box) for id, box in zip(found.ids.tolist(), found.boxes.tolist(), strict=True)] == expected
    assert np.allclose(found.scores, frame_index / 100)


@settings(max_examples=80, deadline=None)
@given(tracks_strategy, st.integers(0, 70), st.just(0.0) | st.floats(0.5, 40))
def test_who_is_near_is_who_was_seen_before_and_after_within_the_hold(tracks, frame_index, fps):
    timeline = Timeline(tracks, video(fps))
    expected = []
    for t in tracks:
        before, after = t.frames[t.frames <= frame_index], t.frames[t.frames >= frame_index]
        if len(before) and len(after) and (after[0] / (fps or 1) - before[-1] / (fps or 1) <= timeline.hold_seconds):
            expected.append(t.id)
    assert timeline.people_near(frame_index) == tuple(sorted(expected))


@pytest.mark.parametrize(
    ("frames", "fps", "segments"),
    [
        ([], 25, []),
        ([7], 25, [(7, 7)]),
        ([0, 1, 26], 25, [(0, 26)]),
        ([0, 1, 27], 25, [(0, 1), (27, 27)]),
        ([0, 1, 3, 4, 9], 2, [(0, 4), (9, 9)]),
        ([0, 50, 100, 300], 25, [(0, 100), (300, 300)]),  # read with a stride of 50: two steps are still one stretch
        ([0, 1, 2], 0, [(0, 2)]),
    ],
)
def test_segments(frames, fps, segments):
    only = track(1, frames)
    assert Timeline((only,), video(fps)).segments(only) == segments


def test_presence_goes_by_the_times_of_frames():
    """100 frames in 3.3 s, then one each half second: three misses there are a second and a half."""
    uneven = video(10.0, times=((0, 0.0), (100, 100 / 30), (200, 100 / 30 + 50)))
    walker = track(1, [*range(100), 101, 102, 105, 106])
    assert Timeline((walker,), uneven).segments(walker) == [(0, 102), (105, 106)]
    assert Timeline((walker,), video(10.0)).segments(walker) == [(0, 106)]


def test_nobody():
    timeline = Timeline((), video(25.0))
    assert len(timeline.boxes_at(0)) == 0
    assert timeline.people_near(0) == ()
