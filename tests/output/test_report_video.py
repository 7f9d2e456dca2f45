import base64

import numpy as np
import pytest

from smot_vlm.output import report_video
from smot_vlm.output.report_video import PageVideos, page_videos
from smot_vlm.structures import VideoInfo
from smot_vlm.video.writer import VideoWriter


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "a #1 & b%.mp4"
    with VideoWriter(path, 25, 64, 48) as writer:
        for level in (40, 90, 140):
            writer.write(np.full((48, 64, 3), level, dtype=np.uint8))
    return path


def info(source, width=64, height=48, **named):
    return VideoInfo(str(source), width, height, 25.0, 3, **named)


def test_a_small_video_becomes_part_of_the_page(clip, tmp_path):
    videos = page_videos(info(clip), tmp_path, has_annotated=True, source_video=True)
    kind, content = videos.clean.split(";base64,")
    assert kind == "data:video/mp4"
    assert base64.b64decode(content) == clip.read_bytes()
    assert videos.annotated == "annotated.mp4"


def test_a_large_one_is_referred_to(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(report_video, "EMBEDDED_BYTES", 10)
    assert page_videos(info(clip), tmp_path / "out", False, source_video=True) == PageVideos(
        "../a%20%231%20%26%20b%25.mp4"
    )


@pytest.mark.parametrize(
    "video",
    [
        info("/nowhere/clip.mp4"),
        info("0"),
        info("rtsp://camera/1"),
        info("a\0b"),
        info("x" * 5000),
        info(""),
    ],
    ids=["missing", "camera", "address", "no name", "long name", "no source"],
)
def test_what_is_no_file_is_not_played(video, tmp_path):
    assert page_videos(video, tmp_path, True, source_video=True) == PageVideos(annotated="annotated.mp4")


def test_a_damaged_one_or_one_of_another_size_is_not_played(clip, tmp_path):
    assert page_videos(info(clip, damage=((0.0, 1.0),)), tmp_path, False, source_video=True) == PageVideos()
    assert page_videos(info(clip, truncated=True), tmp_path, False, source_video=True) == PageVideos()
    assert page_videos(info(clip, width=128), tmp_path, False, source_video=True) == PageVideos()
    assert page_videos(info(clip, width=48, height=64), tmp_path, False, source_video=True).clean  # filmed upright


def test_the_described_video_is_shown_only_where_it_may_be(clip, tmp_path):
    assert page_videos(info(clip), tmp_path, True, source_video=False) == PageVideos(annotated="annotated.mp4")
