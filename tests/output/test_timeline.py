import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.output.timeline import Timeline
from smot_vlm.structures import Trajectory


def track(id, frames):
    frames = list(frames)
    return Trajectory(id, frames, [[f, id, f + 1, id + 1] for f in frames], [f / 100 for f in frames])


tracks_strategy = st.dictionaries(
    st.integers(1, 40), st.sets(st.integers(0, 60), max_size=20).map(sorted), max_size=6
).map(lambda table: tuple(track(id, frames) for id, frames in table.items()))


@settings(max_examples=80, deadline=None)
@given(tracks_strategy, st.integers(0, 70))
def test_the_boxes_of_a_frame_are_those_a_walk_over_all_tracks_finds(tracks, frame_index):
    found = Timeline(tracks, 25.0).boxes_at(frame_index)
    expected = sorted((t.id, *t.boxes[r]) for t in tracks for r in range(len(t)) if t.frames[r] == frame_index)
    assert [(id, *box) for id, box in zip(found.ids.tolist(), found.boxes.tolist(), strict=True)] == expected
    assert np.allclose(found.scores, frame_index / 100)


@settings(max_examples=80, deadline=None)
@given(tracks_strategy, st.integers(0, 70), st.floats(0, 40))
def test_who_is_near_is_who_was_seen_before_and_after_within_the_hold(tracks, frame_index, fps):
    timeline = Timeline(tracks, fps)
    hold = timeline.hold_frames
    expected = []
    for t in tracks:
        before, after = t.frames[t.frames <= frame_index], t.frames[t.frames >= frame_index]
        if len(before) and len(after) and (after[0] - before[-1] <= hold):
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
    assert Timeline((only,), fps).segments(only) == segments


def test_nobody():
    timeline = Timeline((), 25.0)
    assert len(timeline.boxes_at(0)) == 0
    assert timeline.people_near(0) == ()
