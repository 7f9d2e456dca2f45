"""Reading long videos: as many frames in every way, in flat memory."""

from pathlib import Path

import numpy as np
import pytest

from smot_vlm.bench.reading import DECODING, OURS, OURS_RGB, RGB_LOOP, run, time_reading
from smot_vlm.video.writer import VideoWriter


def long_video(path: Path, frames: int) -> Path:
    images = [np.full((48, 64, 3), level, np.uint8) for level in range(0, 250, 5)]
    with VideoWriter(path, 25, 64, 48) as writer:
        for index in range(frames):
            writer.write(images[index % len(images)])
    return path


def test_every_way_reads_every_frame(tmp_path: Path):
    rounds: list[tuple[int, int]] = []
    timings = time_reading(long_video(tmp_path / "a.mp4", 30), 2, lambda *done: rounds.append(done))
    ways = [OURS, DECODING, OURS_RGB, RGB_LOOP]
    assert [(timing.reader, timing.frames) for timing in timings] == [(way, 30) for way in ways]
    assert (timings[1].of_decoding, timings[3].of_rgb_loop) == (1, 1)
    assert all(timing.of_decoding > 0 and timing.of_rgb_loop > 0 for timing in timings)
    assert rounds == [(1, 2), (2, 2)]


def test_the_video_is_repeated(tmp_path: Path):
    assert {timing.frames for timing in run(long_video(tmp_path / "a.mp4", 3), frames=10, repeats=1)} == {10}


@pytest.mark.parametrize("keywords", [{"frames": 0}, {"repeats": 0}])
def test_counts_below_one(keywords: dict[str, int]):
    with pytest.raises(ValueError, match="at least 1"):
        run(**keywords)


@pytest.mark.parametrize("frames", [4000, pytest.param(40000, marks=pytest.mark.slow)])
def test_a_long_video_is_read_in_flat_memory(tmp_path: Path, frames: int):
    """How fast is a matter of `smot-vlm bench reading`."""
    timings = time_reading(long_video(tmp_path / "a.mp4", frames), repeats=1)
    for ours in timings[0], timings[2]:
        assert ours.frames == frames
        assert ours.growth_megabytes < 15
