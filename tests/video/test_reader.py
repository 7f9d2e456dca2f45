"""open_video and VideoReader: every kind of source, the keywords, the errors, the memory."""

import logging
import math
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video_files import mean_difference, numbered, pictures, write_container, write_sound

from smot_vlm.video.pixels import FrameConverter
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter


def test_an_array_comes_back_frame_by_frame():
    images = pictures(5)
    with open_video(np.stack(images), fps=10) as video:
        assert (video.name, video.fps, video.width, video.height) == ("array", 10.0, 64, 48)
        assert (video.frame_count, video.rereadable, video.frames_read) == (5, True, 0)
        frames = list(video)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.time_seconds for frame in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert all(np.array_equal(frame.image, image) for frame, image in zip(frames, images, strict=True))
    assert (video.frames_read, video.truncated) == (5, False)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.none() | st.integers(1, 12), st.booleans())
def test_stride_and_max_frames_pick_like_a_slice(count: int, stride: int, max_frames: int | None, as_iterator: bool):
    images = numbered(count, 2, 2)
    source = iter(images) if as_iterator else np.stack(images)
    with open_video(source, stride=stride, max_frames=max_frames) as video:
        estimate = video.frame_count
        frames = list(video)
    expected = list(range(count))[::stride][:max_frames]
    assert [frame.index for frame in frames] == expected
    assert [int(frame.image[0, 0, 0]) // 2 for frame in frames] == expected
    assert [frame.time_seconds for frame in frames] == pytest.approx([index / 25 for index in expected])
    assert estimate == (max_frames if as_iterator else len(expected))
    assert video.sampled_fps == pytest.approx(25 / stride)
    assert video.frames_read == len(expected)


def test_max_frames_asks_an_iterator_for_no_frame_more():
    source = iter(numbered(10))
    with open_video(source, stride=2, max_frames=2) as video:
        assert len(list(video)) == 2
    assert int(next(source)[0, 0, 0]) // 2 == 3


def test_dropped_frames_are_not_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_container(tmp_path / "a.mkv", numbered(20), "ffv1")
    converted = []
    original = FrameConverter.to_rgb
    monkeypatch.setattr(FrameConverter, "to_rgb", lambda self, frame: converted.append(1) or original(self, frame))
    with open_video(path, stride=7) as video:
        frames = list(video)
    assert [frame.index for frame in frames] == [0, 7, 14]
    assert len(converted) == 1, "the first one of its kind shows that it can be converted"
    assert frames[1].image.mean() == pytest.approx(14, abs=1)
    assert frames[1].image is frames[1].image
    assert len(converted) == 2


def test_images_can_be_asked_for_late_in_any_order_and_by_many_threads(tmp_path: Path):
    path = write_container(tmp_path / "a.mkv", pictures(40), "ffv1", pix_fmt="bgr0")
    with open_video(path) as video:
        frames = list(video)
    order = np.random.default_rng(0).permutation(np.tile(np.arange(40), 4))
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda index: frames[index].image, order))
    assert all(np.array_equal(image, pictures(40)[index]) for image, index in zip(images, order, strict=True))
    assert all(image is frames[index].image for image, index in zip(images, order, strict=True))


def test_a_pickled_frame_is_its_image(tmp_path: Path):
    path = write_container(tmp_path / "a.mkv", pictures(3), "ffv1", pix_fmt="bgr0")
    with open_video(path) as video:
        copies = [pickle.loads(pickle.dumps(frame)) for frame in video]
    assert [copy.index for copy in copies] == [0, 1, 2]
    assert all(np.array_equal(copy.image, image) for copy, image in zip(copies, pictures(3), strict=True))


def refuse_wide(frame: av.VideoFrame) -> av.VideoFrame:
    if frame.width > 64:
        raise ValueError("no way to RGB")
    return frame


def test_pictures_that_cannot_be_converted_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """A stream whose second part has colours of which nothing can be made, though nobody asks for any image."""
    path = write_container(tmp_path / "a.ts", numbered(20), codec_options={"bf": "0"})
    path.write_bytes(path.read_bytes() + write_container(tmp_path / "b.ts", numbered(20, 80, 60)).read_bytes())

    class Refusing:
        """Converts what is 64 pixels wide."""

        reformat = staticmethod(lambda frame, *args, **keywords: refuse_wide(frame).reformat(*args, **keywords))

    monkeypatch.setattr("smot_vlm.video.pixels.VideoReformatter", Refusing)
    with caplog.at_level(logging.WARNING), open_video(path) as video:
        assert [frame.index for frame in video] == list(range(20))
        assert video.left_out_summary.startswith("20 pictures left out, the first: ")
        assert "cannot be converted to RGB (no way to RGB)" in video.left_out_summary
        assert video.damage == (pytest.approx((0.8, 1.6), abs=0.05),)
    assert "20 pictures left out" in caplog.text


@pytest.mark.parametrize(
    ("make", "name", "rereadable", "frame_count"),
    [
        (lambda folder: folder / "a.mp4", "{folder}/a.mp4", True, 6),
        (lambda folder: str(folder / "a.mp4"), "{folder}/a.mp4", True, 6),
        (lambda folder: folder / "frames", "{folder}/frames", True, 6),
        (lambda folder: f"{folder}/frames/*.png", "{folder}/frames/*.png", True, 6),
        (lambda folder: folder / "frames" / "0.png", "{folder}/frames/0.png", True, 1),
        (lambda folder: np.stack(numbered(6)), "array", True, 6),
        (lambda folder: numbered(6), "array", True, 6),
        (lambda folder: iter(numbered(6)), "array", False, None),
    ],
    ids=["Path", "str", "folder", "glob", "image", "array", "list", "iterator"],
)
def test_every_kind_of_source(tmp_path: Path, make, name: str, rereadable: bool, frame_count: int | None):
    write_container(tmp_path / "a.mp4", numbered(6))
    (tmp_path / "frames").mkdir()
    for index, image in enumerate(numbered(6)):
        cv2.imwrite(str(tmp_path / "frames" / f"{index}.png"), image)
    with open_video(make(tmp_path)) as video:
        assert video.name == name.format(folder=tmp_path)
        assert (video.rereadable, video.frame_count) == (rereadable, frame_count)
        assert (video.width, video.height) == (64, 48)
        levels = [float(frame.image.mean()) / 2 for frame in video]
    assert levels == pytest.approx(range(len(levels)), abs=1)
    assert len(levels) == (frame_count or 6)


def test_a_rereadable_source_gives_the_same_frames_twice(tmp_path: Path):
    path = write_container(tmp_path / "a.mp4", pictures(8))
    passes = []
    for _ in range(2):
        with open_video(path) as video:
            passes.append([(frame.index, frame.time_seconds, frame.image.tobytes()) for frame in video])
    assert passes[0] == passes[1]


def test_a_folder_named_by_digits_is_no_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "0").mkdir()
    cv2.imwrite(str(tmp_path / "0" / "1.png"), pictures(1)[0])
    monkeypatch.chdir(tmp_path)
    with open_video("0") as video:
        assert video.name == "0"
        assert len(list(video)) == 1


@pytest.mark.parametrize("keywords", [{"stride": 0}, {"stride": -1}, {"stride": 1.5}, {"max_frames": 0}, {"fps": 0}])
@pytest.mark.parametrize("value", [None, math.nan])
def test_keywords_out_of_range(keywords: dict[str, float], value: float | None):
    if value is not None and "fps" in keywords:
        keywords = {"fps": value}
    with pytest.raises(ValueError, match=next(iter(keywords))):
        open_video(np.stack(numbered(2)), **keywords)


def bad_source(folder: Path, kind: str) -> object:
    """A source that holds no video."""
    path = folder / "bad.mp4"
    if kind == "empty file":
        path.touch()
    elif kind == "text named mp4":
        path.write_text("this is no video\n" * 300)
    elif kind == "text file":
        path = folder / "notes.txt"
        path.write_text("this is no video\n" * 300)
    elif kind == "sound":
        write_sound(folder / "sound.wav").rename(path)
    elif kind == "index lost":
        write_container(path, pictures(50))
        path.write_bytes(path.read_bytes()[:-2000])
    elif kind == "empty folder":
        path = folder / "frames"
        path.mkdir()
    elif kind == "folder of texts":
        (folder / "notes.txt").write_text("this is no picture")
        path = folder
    elif kind == "empty image":
        (folder / "1.jpg").touch()
        path = folder
    elif kind == "text named jpg":
        (folder / "1.jpg").write_text("this is no picture")
        path = folder
    elif kind == "pattern":
        return f"{folder}/*.jpg"
    elif kind == "camera":
        return 97
    elif kind == "address":
        return "ftp://example.org/a.mp4"
    return path


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("missing", FileNotFoundError, "no such file"),
        ("empty file", ValueError, "empty"),
        ("text named mp4", ValueError, "not a video"),
        ("text file", ValueError, "not a video"),
        ("sound", ValueError, "no video in it"),
        ("index lost", ValueError, "not a video, or one damaged"),
        ("empty folder", ValueError, "no image in this folder"),
        ("folder of texts", ValueError, "no image in this folder"),
        ("empty image", ValueError, r"1\.jpg: an image file of zero bytes"),
        ("text named jpg", ValueError, r"1\.jpg: cannot be read"),
        ("pattern", FileNotFoundError, "no image matches"),
        ("camera", OSError, "camera 97: cannot be opened"),
        ("address", ValueError, "'ftp' is no known kind"),
    ],
)
def test_no_video_is_one_clear_line(tmp_path: Path, kind: str, error: type[Exception], message: str):
    with pytest.raises(error, match=message) as caught:
        open_video(bad_source(tmp_path, kind))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["", None, 1.5, b"a.mp4", {"a": 1}, True])
def test_what_is_no_source_at_all(source: object):
    with pytest.raises(ValueError, match="source"):
        open_video(source)


@pytest.mark.parametrize("source", [[], iter([])])
def test_no_frame_at_all(source: object):
    with pytest.raises(ValueError, match="array: no frame can be read"):
        open_video(source)


def test_an_image_of_another_size_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    for index, width in enumerate((64, 65, 64)):
        cv2.imwrite(str(tmp_path / f"{index}.png"), pictures(1, width=width)[0])
    with open_video(tmp_path) as video:
        assert [frame.index for frame in video] == [0, 2]
    assert video.damage == (pytest.approx((0.04, 0.08)),)
    assert "1.png: 65x48 pixels, but the video started with 64x48" in caplog.text
    with open_video(tmp_path, stop_at_damage=True) as video:
        assert [frame.index for frame in video] == [0]
    assert video.truncated


def test_a_closed_video_says_so(tmp_path: Path):
    video = open_video(write_container(tmp_path / "a.mp4", numbered(3)))
    with video:
        next(iter(video))
    video.close()
    with pytest.raises(ValueError, match="closed"):
        next(iter(video))


def test_damage_is_told_once_and_ends_the_video(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = write_container(tmp_path / "a.mp4", pictures(60), movflags="faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING), open_video(path) as video:
        frames = list(video)
        assert list(video) == []
    assert video.truncated
    assert 15 <= len(frames) < 60
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        f"{path}: ends after {len(frames)} frames"
    ]


def test_spans_of_damage_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = write_container(tmp_path / "a.ts", pictures(60), codec_options={"g": "10"})
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 1000] = bytes(1000)
    path.write_bytes(bytes(content))
    with caplog.at_level(logging.WARNING), open_video(path) as video:
        assert len(list(video)) > 50
        assert list(video) == []
    assert len(caplog.records) == 1
    assert "damaged in 1 place, " in caplog.text


def test_a_stopped_video_ends_there_and_says_so():
    with open_video(np.stack(numbered(9))) as video:
        for frame in video:
            if frame.index == 3:
                video.stop()
    assert (video.frames_read, video.stopped, video.truncated) == (4, True, False)


def test_a_file_that_grows_gives_no_more_than_asked(tmp_path: Path):
    path = write_container(tmp_path / "a.ts", numbered(20))
    with open_video(path) as video:
        described = len(list(video))
    path.write_bytes(path.read_bytes() + write_container(tmp_path / "b.ts", numbered(20)).read_bytes())
    with open_video(path, max_frames=described) as video:
        assert len(list(video)) == 20


def test_stopping_early_is_no_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = write_container(tmp_path / "a.mp4", pictures(60), movflags="faststart")
    with caplog.at_level(logging.WARNING), open_video(path, max_frames=3) as video:
        assert len(list(video)) == 3
    assert not video.truncated
    assert not caplog.records


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the resident memory is read from /proc")
def test_memory_does_not_grow_with_the_video(tmp_path: Path):
    path, image = tmp_path / "long.mp4", pictures(1, 640, 360)[0]
    with VideoWriter(path, 25, 640, 360) as writer:
        for _ in range(300):
            writer.write(image)
    resident = []
    with open_video(path) as video:
        for _ in video:
            resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"))
    held_by_all_frames = 300 * 640 * 360 * 3
    assert max(resident) - resident[30] < 0.15 * held_by_all_frames


@pytest.mark.parametrize(
    ("name", "frames", "width", "height"),
    [
        ("mot15/TUD-Campus/TUD-Campus.mp4", 71, 640, 480),
        ("mot15/TUD-Stadtmitte/TUD-Stadtmitte.mp4", 179, 640, 480),
        ("clips/mmpose_demo.mp4", 5, 960, 540),
        ("vln/vln_oops_crowdflip.mp4", 96, 1280, 720),
    ],
)
def test_real_clips_agree_with_opencv(shared: Path, name: str, frames: int, width: int, height: int):
    check_against_opencv(shared / "data" / name, frames, width, height)


def test_the_shipped_clip_agrees_with_opencv():
    clip = Path(__file__).parents[2] / "smot_vlm" / "assets" / "demo.mp4"
    check_against_opencv(clip, 200, 320, 180)


def check_against_opencv(path: Path, frames: int, width: int, height: int) -> None:
    capture = cv2.VideoCapture(str(path))
    with open_video(path) as video:
        assert (video.frame_count, video.width, video.height) == (frames, width, height)
        assert video.fps == pytest.approx(capture.get(cv2.CAP_PROP_FPS), rel=1e-3)
        for frame in video:
            assert frame.time_seconds == pytest.approx(frame.index / video.fps, abs=0.002)
            _, image = capture.read()
            if frame.index % 10 == 0:
                assert mean_difference(frame.image, image[:, :, ::-1]) < 1.5
    assert not capture.read()[0]
    assert (video.frames_read, video.truncated) == (frames, False)
