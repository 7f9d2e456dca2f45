"""The benchmark of a live camera: a process plays a clip at a rate, and what comes is counted."""

import numpy as np
import pytest
from live_people import bright_tracker
from live_server import square

from smot_vlm.bench import live
from smot_vlm.tracker import Tracker
from smot_vlm.video.reader import open_video
from smot_vlm.video.reconnecting import LiveSettings
from smot_vlm.video.writer import VideoWriter

pytestmark = pytest.mark.subprocess
RATE = 10.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoWriter(path, 25.0, 96, 64) as writer:
        for index in range(12):
            writer.write(square(index))
    return path


@pytest.fixture(scope="module")
def tracker(tiny_language_model) -> Tracker:
    return bright_tracker(tiny_language_model)


def test_the_camera_has_its_rate_and_shows_the_clip_for_ever(clip):
    """Whatever the clip's own rate is: by its timestamps; a busy machine may drop some frames."""
    with live.camera_of(clip, RATE) as address, open_video(address, live=LiveSettings(), max_frames=30) as video:
        frames = list(video)
    assert len(frames) == 30
    places = np.array([frame.time_seconds - frames[0].time_seconds for frame in frames]) * RATE
    assert places == pytest.approx(places.round(), abs=0.2)
    assert np.diff(places.round()).min() == 1
    by_place = {int(place): frame.image.astype(int) for place, frame in zip(places.round(), frames, strict=True)}
    # Twelve frames later the clip shows the same again, six later something else.
    again = [np.abs(by_place[n] - by_place[n + 12]).mean() for n in by_place if n + 12 in by_place]
    other = [np.abs(by_place[n] - by_place[n + 6]).mean() for n in by_place if n + 6 in by_place]
    assert max(again) < 1 < min(other)


@pytest.mark.parametrize("way", [live.NO_WORDS, live.APART, live.IN_LINE])
def test_what_comes_is_counted(tracker, clip, way, monkeypatch):
    monkeypatch.setattr(live, "WARM_UP_SECONDS", 1.0)
    timing = live.watch(tracker, clip, way, RATE, 4.0, 1.0)
    assert (timing.words, timing.rate) == (way, RATE)
    # What waited, or was in hand, when the count began is delivered after it.
    assert timing.frames + LiveSettings().queue_frames + 1 >= timing.delivered > 0
    assert timing.delivered_fps <= 1.5 * RATE
    # Where frames are dropped, the square may be too far from where it was.
    assert 0 < timing.people <= 1
    assert (timing.described > 0) == (way != live.NO_WORDS)
    assert (timing.captions > 0) == (way != live.NO_WORDS)
    assert timing.busiest.split()[0] in timing.parts
    if way == live.IN_LINE:
        assert timing.behind == 0.0
    if way == live.APART:
        assert timing.behind > 0.0


def test_three_of_a_picture_and_black():
    whole = live.crowded(np.full((4, 6, 3), 7, np.uint8))
    assert whole.shape == (8, 12, 3)
    assert (whole == 7).mean() == 0.75
    assert not whole[4:, 6:].any()


@pytest.mark.parametrize("given", [{"rates": ()}, {"rates": (0.0,)}, {"seconds": -1.0}, {"refresh_seconds": 0.0}])
def test_numbers_are_above_0(given):
    with pytest.raises(ValueError, match="give numbers above 0"):
        live.run(**given)
