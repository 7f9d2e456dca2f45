"""VideoWriter: what is written reads back, in our reader and in OpenCV."""

import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from video_files import mean_difference, numbered, pictures

from smot_vlm.system.files import atomic_path
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter


def write(path: Path, images: list[np.ndarray], fps: float = 25.0) -> Path:
    with VideoWriter(path, fps, images[0].shape[1], images[0].shape[0]) as writer:
        for image in images:
            writer.write(image)
    return path


def read(path: Path) -> list[np.ndarray]:
    with open_video(path) as video:
        return [frame.image for frame in video]


def codec_of(path: Path) -> tuple[str, str]:
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        return context.name, context.pix_fmt


@pytest.mark.parametrize(("width", "height"), [(64, 48), (641, 479), (64, 47), (63, 48), (1, 1), (2, 2)])
def test_sizes_and_the_copied_edge(tmp_path: Path, width: int, height: int):
    images = [np.full((height, width, 3), level, np.uint8) for level in (20, 120, 220)]
    path = write(tmp_path / "a.mp4", images)
    assert codec_of(path) == ("h264", "yuv420p")
    frames = read(path)
    assert [frame.shape for frame in frames] == [(height + height % 2, width + width % 2, 3)] * 3
    for frame, level in zip(frames, (20, 120, 220), strict=True):
        assert np.abs(frame.astype(int) - level).max() <= 3


def test_colours_and_order_read_back_here_and_in_opencv(tmp_path: Path):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 150, 120), (0, 0, 0), (255, 255, 255)]
    images = [np.full((720, 1280, 3), colour, np.uint8) for colour in colours]
    path = write(tmp_path / "a.mp4", images)
    capture = cv2.VideoCapture(str(path))
    for image, ours in zip(images, read(path), strict=True):
        assert np.abs(ours.astype(int) - image).max() <= 4
        assert np.abs(capture.read()[1][:, :, ::-1].astype(int) - image).max() <= 4


def test_pictures_are_close(tmp_path: Path):
    y, x = np.mgrid[0:240, 0:320]
    images = [np.stack([x * 255 // 320, y * 255 // 240, (x + y + 5 * i) % 256], 2).astype(np.uint8) for i in range(10)]
    smooth = [cv2.GaussianBlur(image, (0, 0), 5) for image in images]
    frames = read(write(tmp_path / "a.mp4", smooth))
    assert max(mean_difference(frame, image) for frame, image in zip(frames, smooth, strict=True)) < 3


@pytest.mark.parametrize("fps", [25.0, 2.0, 0.5, 29.97, 30000 / 1001, 2160 / 77, 120.0, 1 / 3])
def test_rates_read_back(tmp_path: Path, fps: float):
    path = write(tmp_path / "a.mp4", numbered(7), fps)
    with open_video(path) as video:
        assert video.fps == pytest.approx(fps, rel=1e-4)
        assert [frame.time_seconds for frame in video] == pytest.approx([index / fps for index in range(7)], rel=1e-3)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 0.033, 0.5, 0.51], [0, 0.033, 0.5, 0.51]),
        ([3, 3.04, 4], [0, 0.04, 1]),
        ([0, 0.04, 10_000], [0, 0.04, 10_000]),
        ([0, 0.04, 0.04, 0.08], [0, 0.04, 0.04, 0.08]),
        ([0, 1, 90_000, 90_001], [0, 1, 21_601, 21_602]),
    ],
    ids=["variable", "starts late", "long gap", "repeated", "longer than an mp4 can state"],
)
def test_true_times_read_back(tmp_path: Path, times: list[float], expected: list[float]):
    with VideoWriter(tmp_path / "a.mp4", 25, 64, 48, true_times=True) as writer:
        for image, seconds in zip(numbered(len(times)), times, strict=True):
            writer.write(image, seconds)
    with open_video(tmp_path / "a.mp4") as video:
        assert [frame.time_seconds for frame in video] == pytest.approx(expected, abs=0.0001)


def test_true_times_want_a_time(tmp_path: Path):
    with VideoWriter(tmp_path / "a.mp4", 25, 64, 48, true_times=True) as writer:
        writer.write(numbered(1)[0], 0.0)
        with pytest.raises(ValueError, match="a frame without its time"):
            writer.write(numbered(1)[0])


def test_it_starts_to_play_before_it_is_loaded(tmp_path: Path):
    content = write(tmp_path / "a.mp4", pictures(20)).read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_without_x264_it_is_mpeg4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    images = [np.full((48, 64, 3), 25 * index, np.uint8) for index in range(10)]
    path = write(tmp_path / "a.mp4", images, 30000 / 1001)
    assert codec_of(path) == ("mpeg4", "yuv420p")
    assert [float(frame.mean()) for frame in read(path)] == pytest.approx(range(0, 250, 25), abs=4)


def test_arrays_that_are_no_solid_block(tmp_path: Path):
    image = pictures(1, 128, 96)[0]
    view = image[::2, ::-2]
    assert mean_difference(read(write(tmp_path / "a.mp4", [view]))[0], view) < 15


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((48, 64), np.uint8),
        np.zeros((64, 48, 3), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64, 3), np.float32),
    ],
)
def test_other_shapes_and_types_are_refused(tmp_path: Path, image: np.ndarray):
    with VideoWriter(tmp_path / "a.mp4", 25, 64, 48) as writer:
        writer.write(numbered(1)[0])
        with pytest.raises(ValueError, match=r"RGB uint8 \(48, 64, 3\)"):
            writer.write(image)
    assert len(read(tmp_path / "a.mp4")) == 1


@pytest.mark.parametrize(
    ("name", "fps", "width", "height", "message"),
    [
        ("a.avi", 25, 64, 48, "ends in .mp4"),
        ("a.mp4", 0, 64, 48, "fps is 0"),
        ("a.mp4", float("inf"), 64, 48, "fps is inf"),
        ("a.mp4", 25, 0, 48, "0x48"),
    ],
)
def test_bad_arguments(tmp_path: Path, name: str, fps: float, width: int, height: int, message: str):
    with pytest.raises(ValueError, match=message):
        VideoWriter(tmp_path / name, fps, width, height)
    assert not list(tmp_path.iterdir())


def test_no_frame_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match="no frame was written"), VideoWriter(tmp_path / "a.mp4", 25, 64, 48):
        pass


@pytest.mark.parametrize("frames", [0, 3])
def test_the_error_of_the_block_comes_through_and_nothing_is_left(tmp_path: Path, frames: int):
    target = tmp_path / "a.mp4"

    def run() -> None:
        with atomic_path(target) as path, VideoWriter(path, 25, 64, 48) as writer:
            for image in numbered(frames):
                writer.write(image)
            raise KeyError("tracker")

    with pytest.raises(KeyError, match="tracker"):
        run()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(OSError, match="cannot be written"):
        write(tmp_path / "none" / "a.mp4", numbered(1))


@pytest.mark.subprocess
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_is_an_oserror(tmp_path: Path):
    """A limit on the size of files stands in for a full disk."""
    script = f"""
import resource, signal, sys
import numpy as np
from smot_vlm.video.writer import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
random = np.random.default_rng(0)
try:
    with VideoWriter({str(tmp_path / "a.mp4")!r}, 25, 320, 240) as writer:
        for _ in range(60):
            writer.write(random.integers(0, 255, (240, 320, 3), dtype=np.uint8))
except OSError as error:
    print(error)
    sys.exit(3)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 3, run.stderr
    assert "cannot be written" in run.stdout
