import av
import numpy as np
import pytest

from smot_vlm.video.playable import playable


def write(path, codec, pixels="yuv420p", kind=None):
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for level in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * level, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "kind"),
    [
        ("a.mp4", "libx264", "yuv420p", "video/mp4"),
        ("a.mov", "libx264", "yuv420p", "video/mp4"),
        ("a.webm", "libvpx", "yuv420p", "video/webm"),
        ("a.mkv", "libx264", "yuv420p", None),
        ("a.avi", "mpeg4", "yuv420p", None),
        ("a.mp4", "mpeg4", "yuv420p", None),
        ("a.mp4", "libx264", "yuv444p", None),
    ],
)
def test_what_browsers_play(tmp_path, name, codec, pixels, kind):
    if codec not in av.codecs_available:
        pytest.skip(f"FFmpeg without {codec}")
    found = playable(write(tmp_path / name, codec, pixels))
    assert (found and found.type) == kind
    assert found is None or (found.sides == (48, 64) and found.start_seconds == pytest.approx(0, abs=0.01))


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 5000])
def test_what_is_no_video_is_not_played(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert playable(path) is None
    assert playable(tmp_path / "missing.mp4") is None
