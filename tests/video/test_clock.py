"""Rates and times: what the timestamps say beats what a container states, and times are kept as few numbers."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video_files import numbered

from smot_vlm.structures import VideoInfo
from smot_vlm.video.clock import TimesLog
from smot_vlm.video.reader import open_video


def write_at(path: Path, milliseconds: list[int], stated: Fraction | None = None) -> Path:
    """A Matroska file with its own timestamps; `stated` is the default duration in its header, as a rate."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=stated, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for image, stamp in zip(numbered(len(milliseconds)), milliseconds, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


CAMERA = np.cumsum([0, *[33, 16, 33, 34, 50, 33] * 12]).tolist()


def test_a_browsers_webm_has_the_rate_of_its_timestamps(tmp_path: Path):
    """No rate, no duration, milliseconds: FFmpeg guesses 1000 frames a second."""
    path = write_at(tmp_path / "a.webm", CAMERA, Fraction(1000))
    with open_video(path) as video:
        times = [frame.time_seconds for frame in video]
        assert video.fps == pytest.approx(72 / (CAMERA[-1] / 1000), rel=0.01)
    assert times == pytest.approx([stamp / 1000 for stamp in CAMERA], abs=0.0011)


@pytest.mark.parametrize(("stated", "true"), [(30, 10), (25, 50), (30, 24), (1000, 15)])
def test_a_stated_rate_that_contradicts_the_timestamps_loses(tmp_path: Path, stated: int, true: int):
    path = write_at(tmp_path / "a.mkv", [round(1000 * index / true) for index in range(60)], Fraction(stated))
    with open_video(path, fps=7) as video:
        assert video.fps == pytest.approx(true, rel=0.01)
        assert [frame.time_seconds for frame in video] == pytest.approx([i / true for i in range(60)], abs=0.0011)


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(25), Fraction(60), Fraction(24000, 1001)])
def test_a_stated_rate_that_the_timestamps_round_stays(tmp_path: Path, rate: Fraction):
    path = write_at(tmp_path / "a.mkv", [round(1000 * index / rate) for index in range(60)], rate)
    with open_video(path) as video:
        list(video)
        assert video.fps == pytest.approx(float(rate), rel=1e-4)
        assert video.times == ()


def test_a_gap_is_a_gap(tmp_path: Path):
    stamps = [0, 40, 80, 10_000, 10_040, 3_600_000]
    with open_video(write_at(tmp_path / "a.mkv", stamps, Fraction(25))) as video:
        assert [frame.time_seconds for frame in video] == pytest.approx([stamp / 1000 for stamp in stamps])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(0.001, 20) | st.sampled_from([0.04, 0.04, 0.04, 0.5]), min_size=1, max_size=60),
    st.integers(1, 5),
)
def test_pairs_give_every_time_back(steps: list[float], stride: int):
    times = np.cumsum([0, *steps]).tolist()
    log = TimesLog(25)
    for index, seconds in enumerate(times):
        log.add(index * stride, seconds)
    info = VideoInfo("a.mp4", 64, 48, 25.0, len(times), times=log.pairs(25))
    assert [info.seconds(index * stride) for index in range(len(times))] == pytest.approx(
        times, abs=TimesLog.TOLERANCE_SECONDS * 1.01
    )


@pytest.mark.parametrize(
    ("times", "pairs"),
    [
        ([index / 25 for index in range(1000)], 0),
        ([round(index / 25, 3) for index in range(1000)], 0),
        ([index / 24.5 for index in range(1000)], 2),
        ([index / 25 for index in range(500)] + [20 + index / 2 for index in range(500)], 3),
    ],
)
def test_times_are_few_numbers(times: list[float], pairs: int):
    log = TimesLog(25)
    for index, seconds in enumerate(times):
        log.add(index, seconds)
    assert len(log.pairs(25)) == pairs


def test_the_time_of_a_frame_that_no_pair_reaches():
    info = VideoInfo("a.mp4", 64, 48, 10.0, 5, times=((2, 1.0), (4, 3.0)))
    assert [info.seconds(index) for index in (0, 2, 3, 4, 6)] == [1.0, 1.0, 2.0, 3.0, pytest.approx(3.2)]
    assert VideoInfo("a.mp4", 64, 48, 0.0, 5).seconds(3) is None
    assert VideoInfo("a.mp4", 64, 48, 10.0, 5).seconds(3) == pytest.approx(0.3)


def test_times_of_older_frames_are_let_go_and_later_ones_stay():
    log = TimesLog(25.0)
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.01, 0.1, 500))
    for index, seconds in enumerate(times):
        log.add(index, float(seconds))
        log.drop_before(index - 10)
    pairs = log.pairs(25.0)
    assert len(pairs) <= 13
    video = VideoInfo("x", 1, 1, 25.0, 500, times=pairs)
    for index in range(490, 500):
        assert video.seconds(index) == pytest.approx(times[index], abs=0.003)
