"""The k-th frame is OpenCV's k-th frame: codecs, rates, turns, interlacing, 10 bits, odd sizes, edit lists.

OpenCV brings an FFmpeg of its own. A row of the table that differs from it says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from video_files import mean_difference, write_container

from smot_vlm.video.reader import open_video

WIDTH, HEIGHT, COUNT = 128, 96, 24


def moving(count: int = COUNT, width: int = WIDTH, height: int = HEIGHT) -> list[np.ndarray]:
    """A bright block that moves over a still slope; blocks at the bottom are the digits of the index, base two."""
    y, x = np.mgrid[0:height, 0:width]
    slope = np.stack([x * 200 // width, y * 200 // height, (x + y) % 200], 2).astype(np.uint8)
    images = []
    for index in range(count):
        image = slope.copy()
        image[height // 3 : height // 3 + 20, 4 * index % width : 4 * index % width + 20] = 255
        for digit in range(5):
            image[-24:, 20 * digit : 20 * digit + 20] = 255 * (index >> digit & 1)
        images.append(image)
    return images


def written_index(image: np.ndarray) -> int:
    return sum(int(image[-16:-8, 20 * digit + 6 : 20 * digit + 14].mean() > 128) << digit for digit in range(5))


@dataclass(frozen=True)
class Row:
    """One video.

    Attributes:
        codec: encoder of FFmpeg.
        suffix: container.
        pix_fmt: as FFmpeg names it.
        size: width and height.
        pts: in frame periods, for a variable rate.
        rotation: of the display matrix, degrees counterclockwise.
        aspect: width / height of a pixel.
        options: of the encoder.
        container: options of the muxer.
        differs: why OpenCV gives another size; its frames are then scaled to ours.
        unreadable: why OpenCV gives nothing to compare with; such a row is held to the written pictures alone.
    """

    codec: str
    suffix: str = "mp4"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (WIDTH, HEIGHT)
    pts: Sequence[int] | None = None
    rotation: int | None = None
    aspect: Fraction | None = None
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    differs: str = ""
    unreadable: str = ""


NO_AV1 = "OpenCV's FFmpeg decodes AV1 only by hardware"
NO_INTERLACED = "OpenCV asks swscale for progressive pictures, is refused, and gives uninitialised memory"
QUIET_X265 = {"x265-params": "log-level=none:keyint=10"}
FAST_VP9 = {"deadline": "realtime", "cpu-used": "8"}
FAST_AV1 = {"preset": "12", "crf": "20", "svtav1-params": "lp=1"}
VARIABLE = [0, 1, 2, 7, 8, 9, 10, 30, 31, 32, 33, 34, 35, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70]
INTERLACED = {"flags": "+ilme+ildct", "top": "1"}

ROWS = {
    "h264": Row("libx264"),
    "h264 with B-frames in mkv": Row("libx264", "mkv", options={"bf": "3"}),
    "h264 in ts": Row("libx264", "ts"),
    "h264 with open groups": Row("libx264", options={"x264-params": "open-gop=1:keyint=8:bframes=3"}),
    "h264 of variable rate": Row("libx264", pts=VARIABLE),
    "h264 of variable rate in mkv": Row("libx264", "mkv", pts=VARIABLE),
    "h264 turned by 90": Row("libx264", rotation=90),
    "h264 turned by 180": Row("libx264", rotation=180),
    "h264 turned by 270": Row("libx264", rotation=270),
    "h264 interlaced": Row("libx264", options={"x264-params": "tff=1"}, unreadable=NO_INTERLACED),
    "h264 of 10 bits": Row("libx264", pix_fmt="yuv420p10le"),
    "h264 4:2:2": Row("libx264", pix_fmt="yuv422p"),
    "h264 4:4:4 of an odd size": Row("libx264", pix_fmt="yuv444p", size=(127, 95)),
    "h264 of an odd size": Row("libx264", size=(126, 94)),
    "h264 behind an edit list": Row("libx264", pts=range(-8, COUNT - 8), container={"use_editlist": "1"}),
    "h264 fragmented": Row("libx264", container={"movflags": "frag_keyframe+empty_moov"}),
    "h264 with wide pixels": Row(
        "libx264", aspect=Fraction(16, 11), differs="OpenCV leaves pixels as they are coded; ours are square"
    ),
    "hevc": Row("libx265", options=QUIET_X265),
    "hevc of 10 bits": Row("libx265", pix_fmt="yuv420p10le", options=QUIET_X265),
    "hevc of variable rate in mkv": Row("libx265", "mkv", pts=VARIABLE, options=QUIET_X265),
    "hevc turned by 90": Row("libx265", rotation=90, options=QUIET_X265),
    "av1": Row("libsvtav1", options=FAST_AV1, unreadable=NO_AV1),
    "av1 of 10 bits": Row("libsvtav1", pix_fmt="yuv420p10le", options=FAST_AV1, unreadable=NO_AV1),
    "av1 in webm": Row("libsvtav1", "webm", options=FAST_AV1, unreadable=NO_AV1),
    "vp9": Row("libvpx-vp9", "webm", options=FAST_VP9),
    "vp9 with hidden frames": Row(
        "libvpx-vp9", "webm", options={"deadline": "good", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "16"}
    ),
    "vp9 of variable rate": Row("libvpx-vp9", "webm", pts=VARIABLE, options=FAST_VP9),
    "vp9 of an odd size": Row("libvpx-vp9", "webm", size=(127, 95), options=FAST_VP9),
    "vp8": Row("libvpx", "webm", options=FAST_VP9),
    "mpeg2": Row("mpeg2video", "ts", options={"bf": "2"}),
    "mpeg2 interlaced": Row("mpeg2video", "mpg", options=INTERLACED, unreadable=NO_INTERLACED),
    "mpeg4 in avi": Row("mpeg4", "avi"),
    "mpeg4 with B-frames in mp4": Row("mpeg4", options={"bf": "2"}),
    "mjpeg": Row("mjpeg", "avi", pix_fmt="yuvj420p"),
    "mjpeg of an odd size": Row("mjpeg", "mov", pix_fmt="yuvj444p", size=(127, 95)),
    "prores": Row("prores", "mov", pix_fmt="yuv422p10le"),
    "ffv1": Row("ffv1", "mkv", pix_fmt="yuv420p"),
}
NEEDED = ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg2video", "mjpeg")


def write(path: Path, row: Row) -> Path:
    if row.aspect is None:
        return write_container(
            path,
            moving(COUNT, *row.size),
            row.codec,
            row.pix_fmt,
            pts=row.pts,
            rotation=row.rotation,
            codec_options=row.options,
            **row.container,
        )
    with av.open(str(path), "w") as container:
        stream = container.add_stream(row.codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = *row.size, row.pix_fmt
        stream.codec_context.sample_aspect_ratio = row.aspect
        for image in (*moving(COUNT, *row.size), None):
            frame = None if image is None else av.VideoFrame.from_ndarray(image, "rgb24")
            container.mux(stream.encode(frame))
    return path


def opencv_frames(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """RGB images and their times in seconds, from the first one on."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    images, times = [], []
    while True:
        there, image = capture.read()
        if not there:
            break
        images.append(image[:, :, ::-1])
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return images, [time - times[0] for time in times]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row.unreadable])
def test_the_kth_frame_is_opencvs(tmp_path: Path, name: str):
    row = ROWS[name]
    if row.codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot encode {row.codec}")
    path = write(tmp_path / f"a.{row.suffix}", row)
    images, times = opencv_frames(path)
    with open_video(path) as video:
        frames = list(video)
    hidden = 8 if row.container.get("use_editlist") else 0
    assert len(frames) == len(images) == COUNT - hidden
    assert (video.damage, video.truncated) == ((), False)
    if row.differs:
        images = [cv2.resize(image, (video.width, video.height)) for image in images]
    for frame, image in zip(frames, images, strict=True):
        assert frame.image.shape == image.shape
        assert mean_difference(frame.image, image) < (3 if row.differs else 1.5)
    assert [frame.time_seconds for frame in frames] == pytest.approx(times, abs=0.0021)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not (row.rotation or row.aspect)])
def test_the_kth_frame_is_the_kth_that_was_written(tmp_path: Path, name: str):
    """What neither decoder could get wrong unnoticed: the index in the picture, and the written times."""
    row = ROWS[name]
    if row.codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot encode {row.codec}")
    with open_video(write(tmp_path / f"a.{row.suffix}", row)) as video:
        frames = list(video)
    hidden = 8 if row.container.get("use_editlist") else 0
    assert [written_index(frame.image) for frame in frames] == list(range(hidden, COUNT))
    stamps = row.pts or range(COUNT)
    assert [frame.time_seconds for frame in frames] == pytest.approx(
        [(stamp - stamps[hidden]) / 25 for stamp in stamps[hidden:]], abs=0.0021
    )


def test_the_encoders_that_the_table_needs_are_there():
    """A row that is skipped proves nothing."""
    assert [codec for codec in NEEDED if codec not in av.codecs_available] == []
