"""Sequences of MOTChallenge sets whose frames are a video file."""

from pathlib import Path

import numpy as np
import pytest

from smot_vlm.data.bensmot import BenSmot
from smot_vlm.data.convert import convert_mot
from smot_vlm.data.mot_challenge import MotChallenge
from smot_vlm.data.video_frames import list_video_frames
from smot_vlm.video.writer import VideoWriter

GT = "1,1,10,10,10,20,1,1,1.0\n3,1,12,10,10,20,1,1,1.0\n"


def film(path: Path, count: int = 4, fps: float = 12.0) -> Path:
    """Each picture is brighter than the one before."""
    with VideoWriter(path, fps, 64, 48) as writer:
        for index in range(count):
            writer.write(np.full((48, 64, 3), 40 + 50 * index, np.uint8))
    return path


def sequence(root: Path, name: str = "img1.mp4") -> Path:
    folder = root / "train" / "cam"
    (folder / "gt").mkdir(parents=True)
    (folder / "gt" / "gt.txt").write_text(GT)
    film(folder / name)
    return folder


@pytest.mark.parametrize("name", ["img1.mp4", "street.MP4"])
def test_a_video_takes_the_place_of_img1(tmp_path, name):
    sequence(tmp_path / "set", name)
    done = convert_mot(tmp_path / "set", tmp_path / "out", strict=True)
    assert done.sequences == 1
    written = BenSmot(tmp_path / "out", "train")[0]
    assert written.fps == 12.0
    assert [frame.index for frame in written.frames] == [0, 1, 2, 3]
    levels = [frame.read().mean() for frame in written.frames]
    assert levels == pytest.approx([40, 90, 140, 190], abs=4)
    assert written.tracks[0].frames.tolist() == [0, 2]


def test_images_win_over_a_video(tmp_path):
    folder = sequence(tmp_path / "set")
    (folder / "img1").mkdir()
    from PIL import Image

    for index in range(3):
        Image.new("RGB", (32, 24)).save(folder / "img1" / f"{index + 1:06d}.png")
    assert MotChallenge(tmp_path / "set", "train")[0].size == (32, 24)


def test_several_videos_are_refused(tmp_path):
    film(sequence(tmp_path / "set") / "second.mp4")
    with pytest.raises(ValueError, match=r"2 videos, img1\.mp4 and second\.mp4"):
        MotChallenge(tmp_path / "set", "train")[0]


def test_without_images_and_video_both_are_named(tmp_path):
    (sequence(tmp_path / "set") / "img1.mp4").unlink()
    with pytest.raises(FileNotFoundError, match="no image, and no video beside it"):
        MotChallenge(tmp_path / "set", "train")[0]


def test_frames_may_be_read_in_any_order(tmp_path):
    frames, fps = list_video_frames(film(tmp_path / "a.mp4", count=5))
    assert fps == 12.0
    order = [3, 4, 0, 2, 2, 1]
    assert [round((frames[index].read().mean() - 40) / 50) for index in order] == [min(index, 4) for index in order]


def test_a_file_that_has_changed_is_told(tmp_path):
    frames, _ = list_video_frames(film(tmp_path / "a.mp4", count=5))
    film(tmp_path / "a.mp4", count=2)
    with pytest.raises(ValueError, match="no frame 4 any more"):
        frames[4].read()
