"""Containers: times, rotation, pixel formats, odd sizes, rates; OpenCV is the oracle for rotation."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from video_files import mean_difference, numbered, pictures, write_container

from smot_vlm.video.clock import Clock
from smot_vlm.video.reader import open_video

# PyAV reads display matrices since 14, and writes them since 18.
CAN_ROTATE = hasattr(av.video.stream.VideoStream, "set_display_rotation")


def times(path: Path) -> list[float]:
    with open_video(path) as video:
        return [frame.time_seconds for frame in video]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("start", [0, 100])
def test_variable_frame_rate_keeps_the_containers_times(tmp_path: Path, suffix: str, start: int):
    steps = [0, 1, 5, 6, 20]
    path = write_container(tmp_path / f"a.{suffix}", numbered(5), pts=[start + step for step in steps])
    assert times(path) == pytest.approx([step / 25 for step in steps], abs=0.001)


def test_frames_without_timestamps_follow_the_rate(tmp_path: Path):
    path = write_container(tmp_path / "a.h264", numbered(10), rate=25)
    assert times(path) == pytest.approx([index / 25 for index in range(10)])


@pytest.mark.parametrize(
    ("pts", "expected"),
    [
        ([0, 1, 2], [0.0, 0.1, 0.2]),
        ([50, 51, 53], [0.0, 0.1, 0.3]),
        ([None, None, None], [0.0, 0.1, 0.2]),
        ([None, 7, 9], [0.0, 0.1, 0.3]),
        ([0, None, 2], [0.0, 0.1, 0.2]),
        ([0, 0, 0, 5], [0.0, 0.1, 0.2, 0.5]),
        ([9, 3, 4], [0.0, 0.1, 0.2]),
        ([-4, -3, 0], [0.0, 0.1, 0.4]),
        ([0, 5, None, 20], [0.0, 0.5, 0.6, 2.0]),
        ([0, 10, 20, 0, 10, 20], [0.0, 1.0, 2.0, 2.1, 3.1, 4.1]),
        ([0, 1, 36000, 36001], [0.0, 0.1, 3600.0, 3600.1]),
        ([0, 1, 2**30, 2**30 + 1], [0.0, 0.1, 0.2, 0.3]),
    ],
)
def test_clock(pts: list[int | None], expected: list[float]):
    clock = Clock(0.1, 10)
    assert [clock.seconds(stamp) for stamp in pts] == pytest.approx(expected)


@pytest.mark.skipif(not CAN_ROTATE, reason="this PyAV writes no display matrix")
@pytest.mark.parametrize("degrees", [90, 180, 270, -90])
def test_rotation_is_obeyed_as_opencv_does(tmp_path: Path, degrees: int):
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = (255, 0, 0)
    image[:24, 32:] = (0, 255, 0)
    path = write_container(tmp_path / "a.mp4", [image] * 3, rotation=degrees)
    _, oracle = cv2.VideoCapture(str(path)).read()
    with open_video(path) as video:
        assert (video.width, video.height) == ((64, 48) if degrees == 180 else (48, 64))
        frames = list(video)
    assert all(frame.image.flags.c_contiguous for frame in frames)
    assert mean_difference(frames[0].image, oracle[:, :, ::-1]) < 1.5
    unturned = write_container(tmp_path / "b.mp4", [image] * 3)
    with open_video(unturned) as video:
        upright = next(iter(video)).image
    assert mean_difference(upright, frames[0].image) > 20 if degrees == 180 else True


LOSSLESS = [
    ("ffv1", "bgr0", "mkv", 0.0),
    ("ffv1", "yuv444p", "mkv", 1.0),
    ("png", "rgb24", "avi", 0.0),
    ("png", "rgba", "mov", 0.0),
]


@pytest.mark.parametrize(("width", "height"), [(64, 48), (641, 479), (1, 1), (3, 2)])
@pytest.mark.parametrize(("codec", "pix_fmt", "suffix", "tolerance"), LOSSLESS)
def test_lossless_formats_and_odd_sizes(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str, tolerance: float, width: int, height: int
):
    images = pictures(3, width, height)
    path = write_container(tmp_path / f"a.{suffix}", images, codec, pix_fmt)
    with open_video(path) as video:
        assert (video.width, video.height) == (width, height)
        frames = list(video)
    assert len(frames) == 3
    assert all(mean_difference(frame.image, image) <= tolerance for frame, image in zip(frames, images, strict=True))


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("libx264", "yuv420p", "mp4"),
        ("libx264", "yuv444p", "mp4"),
        ("mpeg4", "yuv420p", "avi"),
        ("mjpeg", "yuvj420p", "avi"),
        ("ffv1", "yuv420p", "mkv"),
        ("ffv1", "yuv420p10le", "mkv"),
        ("ffv1", "gray", "mkv"),
        ("ffv1", "gray16le", "mkv"),
        ("rawvideo", "yuv420p", "avi"),
        ("libvpx-vp9", "yuv420p", "webm"),
    ],
)
def test_levels_survive_every_pixel_format(tmp_path: Path, codec: str, pix_fmt: str, suffix: str):
    images = [np.full((48, 64, 3), level, np.uint8) for level in (0, 60, 128, 200, 255)]
    with open_video(write_container(tmp_path / f"a.{suffix}", images, codec, pix_fmt)) as video:
        levels = [frame.image.reshape(-1, 3).mean(axis=0) for frame in video]
    assert np.abs(np.array(levels) - np.array([[0], [60], [128], [200], [255]])).max() < 4


def test_the_rate_is_the_containers_and_fps_only_a_stand_in(tmp_path: Path):
    path = write_container(tmp_path / "a.mp4", numbered(10), rate=10)
    with open_video(path, fps=50, stride=5) as video:
        assert (video.fps, video.sampled_fps, video.frame_count) == (10.0, 2.0, 2)


def test_frames_that_an_edit_list_hides_are_not_missed(tmp_path: Path):
    path = write_container(tmp_path / "a.mp4", numbered(30), pts=list(range(-10, 20)), use_editlist="1")
    with open_video(path) as video:
        frames = list(video)
    assert [round(float(frame.image.mean()) / 2) for frame in frames] == pytest.approx(range(10, 30), abs=1)
    assert frames[0].time_seconds == 0
    assert not video.truncated


def test_titles_in_another_encoding_do_no_harm(tmp_path: Path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Stra_e"
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in (*numbered(3), None):
            container.mux(stream.encode(image if image is None else av.VideoFrame.from_ndarray(image)))
    content = path.read_bytes()
    assert content.count(b"Stra_e") == 1
    path.write_bytes(content.replace(b"Stra_e", b"Stra\xdfe"))
    with open_video(path) as video:
        assert len(list(video)) == 3


def test_a_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_container(tmp_path / "a.mp4", numbered(2)).rename(tmp_path / "12:30.mp4")
    with open_video("12:30.mp4") as video:
        assert len(list(video)) == 2


def test_a_cover_is_no_video(tmp_path: Path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic.value
        container.mux(cover.encode(av.VideoFrame.from_ndarray(pictures(1)[0])))
        container.mux(cover.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with pytest.raises(ValueError, match="no video in it"):
        open_video(path)


def test_a_stream_that_changes_its_size_keeps_the_first(tmp_path: Path):
    small = write_container(tmp_path / "a.h264", [np.full((48, 64, 3), 50, np.uint8)] * 5)
    large = write_container(tmp_path / "b.h264", [np.full((96, 128, 3), 200, np.uint8)] * 5)
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with open_video(path) as video:
        frames = list(video)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 10
    assert [round(float(frame.image.mean()), -1) for frame in frames] == [50.0] * 5 + [200.0] * 5


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [("libx264", "yuv420p", "mp4"), ("png", "rgb24", "avi"), ("rawvideo", "bgr24", "avi"), ("ffv1", "bgr0", "mkv")],
)
@pytest.mark.parametrize("width", [64, 66])
def test_a_frame_that_is_drawn_on_changes_no_other(tmp_path: Path, codec: str, pix_fmt: str, suffix: str, width: int):
    path = write_container(tmp_path / f"a.{suffix}", numbered(12, width, 48), codec, pix_fmt)
    with open_video(path) as video:
        clean = [frame.image.copy() for frame in video]
    with open_video(path) as video:
        kept = []
        for frame in video:
            kept.append(frame.image.copy())
            frame.image[:] = 255
    assert all(np.array_equal(first, second) for first, second in zip(clean, kept, strict=True))
