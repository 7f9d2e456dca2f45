"""The video of the benchmark of memory is the clip again and again, at its rate."""

from pathlib import Path

import numpy as np
import pytest

from smot_vlm.bench.memory import repeat_video, run
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter


def test_a_repeated_video_shows_the_clip_again_and_again(tmp_path: Path):
    with VideoWriter(tmp_path / "clip.mp4", 10.0, 64, 48) as writer:
        for grey in (20, 80, 140, 200, 250):
            writer.write(np.full((48, 64, 3), grey, np.uint8))
    assert repeat_video(tmp_path / "clip.mp4", tmp_path / "long.mp4", 12) == 5
    with open_video(tmp_path / "long.mp4") as video:
        frames = list(video)
        assert video.fps == 10.0
    assert [round(frame.time_seconds, 3) for frame in frames] == [round(index / 10, 3) for index in range(12)]
    expected = [(20, 80, 140, 200, 250)[index % 5] for index in range(12)]
    assert [frame.image.mean() for frame in frames] == pytest.approx(expected, abs=4)


def test_a_length_of_no_frame_is_refused():
    with pytest.raises(ValueError, match="at least 1 frame each"):
        run(minutes=(0.0, 1.0))
