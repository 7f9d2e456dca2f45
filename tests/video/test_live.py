"""Cameras and addresses: a server on this machine, time limits, passwords, devices of each system."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from video_files import numbered, write_container

from smot_vlm.video import live
from smot_vlm.video.live import camera_device, open_camera, without_password
from smot_vlm.video.reader import open_video


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a web server over tmp_path."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=tmp_path)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def stalling_server(tmp_path: Path) -> Iterator[str]:
    """Sends the first half of a video and then nothing, without hanging up."""
    write_container(tmp_path / "a.ts", numbered(120))
    content = (tmp_path / "a.ts").read_bytes()
    half = content[: len(content) // 2]
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + half)
            done.wait(20)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts"
        done.set()
        thread.join()


def test_a_file_over_http(server: str, tmp_path: Path):
    write_container(tmp_path / "a.mp4", numbered(12))
    with open_video(f"{server}/a.mp4", stride=2) as video:
        assert (video.name, video.rereadable, video.frame_count) == (f"{server}/a.mp4", False, 6)
        frames = list(video)
    assert [frame.index for frame in frames] == [0, 2, 4, 6, 8, 10]
    assert [round(float(frame.image.mean()) / 2) for frame in frames] == pytest.approx([0, 2, 4, 6, 8, 10], abs=1)
    assert not video.truncated


def test_damage_in_a_stream_is_passed_over(server: str, tmp_path: Path):
    path = write_container(tmp_path / "a.ts", numbered(100), codec_options={"g": "10"})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(bytes(content))
    with open_video(f"{server}/a.ts") as video:
        levels = [round(float(frame.image.mean()) / 2) for frame in video]
    assert len(levels) > 70
    assert levels[-1] == pytest.approx(99, abs=1)


def test_a_page_that_is_not_there(server: str):
    with pytest.raises(ConnectionError, match=r"none\.mp4: cannot be opened .*404"):
        open_video(f"{server}/none.mp4")


def test_a_page_that_is_no_video(server: str, tmp_path: Path):
    (tmp_path / "a.html").write_text("<html>hello</html>" * 200)
    with pytest.raises(ValueError, match="not a video"):
        open_video(f"{server}/a.html")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_refused_connection_is_one_line_without_the_password(scheme: str):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionError, match=rf"^{scheme}://127\.0\.0\.1:{port}/a: cannot be opened") as caught:
        open_video(f"{scheme}://anna:secret@127.0.0.1:{port}/a")
    assert "secret" not in str(caught.value)
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtmp"])
def test_a_server_that_never_answers_does_not_hang(monkeypatch: pytest.MonkeyPatch, scheme: str):
    monkeypatch.setattr(live, "OPEN_TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = time.monotonic()
        with pytest.raises(ConnectionError, match="no answer in time"):
            open_video(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/a")
    assert time.monotonic() - start < 5


def test_a_stream_that_stalls_ends_and_says_so(stalling_server: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "OPEN_TIMEOUT_SECONDS", 1.0)
    start = time.monotonic()
    with open_video(stalling_server) as video:
        frames = list(video)
    assert time.monotonic() - start < 10
    assert 20 < len(frames) < 120
    assert video.truncated


@pytest.mark.parametrize("camera", [97, "97"])
def test_no_such_camera(camera: int | str):
    with pytest.raises(OSError, match="camera 97: cannot be opened"):
        open_video(camera)


def test_every_kind_of_address_that_is_offered_is_known_to_ffmpeg(monkeypatch: pytest.MonkeyPatch):
    """`srt` once was offered, and no wheel of PyAV can open it."""
    monkeypatch.setattr(live, "OPEN_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(ValueError, match="'srt' is no known kind of address"):
        open_video("srt://127.0.0.1:1")
    for scheme in live.SCHEMES:
        with pytest.raises((OSError, ValueError)) as raised:
            list(open_video(f"{scheme}://127.0.0.1:1"))
        assert "Protocol not found" not in str(raised.value), scheme


def test_cameras_count_from_zero():
    with pytest.raises(ValueError, match="camera -1"):
        open_camera(-1)


@pytest.mark.parametrize(
    ("camera", "platform", "expected"),
    [
        (0, "linux", ("v4l2", "/dev/video0", None)),
        ("/dev/video2", "linux", ("v4l2", "/dev/video2", None)),
        (1, "darwin", ("avfoundation", "1:none", {"framerate": "30"})),
        ("USB Camera", "win32", ("dshow", "video=USB Camera", None)),
    ],
)
def test_devices(camera: int | str, platform: str, expected: tuple[str, str, dict[str, str] | None]):
    assert camera_device(camera, platform) == expected


def test_a_windows_camera_is_found_by_its_place(monkeypatch: pytest.MonkeyPatch):
    class Device:
        def __init__(self, name: str, kind: str) -> None:
            self.name = name
            self.media_types = [kind]

    devices = [Device("Microphone", "audio"), Device("Front", "video"), Device("Back", "video")]
    monkeypatch.setattr("av.enumerate_input_devices", lambda kind: devices if kind == "dshow" else [])
    assert camera_device(1, "win32") == ("dshow", "video=Back", None)
    with pytest.raises(OSError, match="camera 2: this machine has 2 cameras"):
        camera_device(2, "win32")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://anna:secret@camera.local:554/live", "rtsp://camera.local:554/live"),
        ("rtsp://anna:se@cret@camera.local/live?a=1", "rtsp://camera.local/live?a=1"),
        ("http://camera.local/live", "http://camera.local/live"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str):
    assert without_password(address) == shown
