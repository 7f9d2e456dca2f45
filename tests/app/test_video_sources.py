"""Where videos may come from."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from service_case import film

from smot_vlm.app import sources
from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.app.sources import Receiver, allowed_path, check_video, fetch, safe_suffix


@pytest.fixture
def server(tmp_path) -> Iterator[int]:
    """Gives `clip.mp4`, endless bytes, and a redirection."""
    content = film(tmp_path / "served.mp4").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/clip.mp4":
                assert self.headers["Host"].startswith("videos.example")
                self.send_response(200)
                self.end_headers()
                self.wfile.write(content)
            elif self.path == "/endless":
                self.send_response(200)
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b"x" * 65536)
                except OSError:
                    pass
            else:
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1/")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield served.server_port
    served.shutdown()


def test_files_below_an_allowed_folder_may_be_named(tmp_path):
    inside = film(tmp_path / "in.mp4")
    assert allowed_path(str(inside), [tmp_path]) == inside


@pytest.mark.parametrize("text", ["/etc/passwd", "{root}/../secret.mp4", "{root}/link.mp4", "\0", "{root}-other/a.mp4"])
def test_other_files_are_refused_whether_they_exist_or_not(tmp_path, text):
    root = tmp_path / "root"
    root.mkdir()
    film(tmp_path / "secret.mp4")
    (root / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    with pytest.raises(RefusedError) as refused:
        allowed_path(text.format(root=root), [root])
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "fe80::1", "0.0.0.0", "::ffff:10.0.0.1"],
)
def test_private_addresses_are_refused(tmp_path, address):
    for found in ([address], ["93.184.216.34", address]):
        with pytest.raises(RefusedError, match="private address") as refused:
            fetch("http://videos.example/a.mp4", tmp_path / "v", Limits(), ["videos.example"], lambda *_, f=found: f)
        assert refused.value.status == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/a.mp4",
        "ftp://videos.example/a",
        "file:///etc/passwd",
        "http://user:pw@videos.example/",
        "http://[",
        "videos.example/a",
    ],
)
def test_other_hosts_and_schemes_are_refused(tmp_path, url):
    with pytest.raises(RefusedError):
        fetch(url, tmp_path / "v", Limits(), ["videos.example"], lambda *_: pytest.fail("was resolved"))


def allow_loopback(monkeypatch) -> None:
    """The server of the test stands in for a public one."""
    monkeypatch.setattr(sources.ipaddress, "ip_address", lambda text: type("Public", (), {"is_global": True})())


def test_a_file_is_fetched_from_the_address_that_was_checked(tmp_path, monkeypatch, server):
    allow_loopback(monkeypatch)
    target = tmp_path / "v.mp4"
    fetch(f"http://videos.example:{server}/clip.mp4", target, Limits(), ["videos.example"], lambda *_: ["127.0.0.1"])
    check_video(target, "clip.mp4", Limits())


def test_redirections_and_endless_answers_are_refused(tmp_path, monkeypatch, server):
    allow_loopback(monkeypatch)
    for path, message in (("elsewhere", "answered with 302"), ("endless", "larger than 0.5 MB")):
        with pytest.raises(RefusedError, match=message):
            fetch(
                f"http://videos.example:{server}/{path}",
                tmp_path / path,
                Limits(megabytes=0.5),
                ["videos.example"],
                lambda *_: ["127.0.0.1"],
            )


def test_an_upload_never_writes_more_than_it_may(tmp_path):
    receiver = Receiver(tmp_path / "v", Limits(megabytes=0.001))
    receiver.add(b"x" * 900)
    with pytest.raises(RefusedError, match="larger") as refused:
        receiver.add(b"x" * 200)
    assert refused.value.status == 413
    assert (tmp_path / "v").stat().st_size == 900


def test_text_named_mp4_is_no_video(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("I am no video. " * 100)
    with pytest.raises(RefusedError, match="no video can be read") as refused:
        check_video(path, "holiday.mp4", Limits())
    assert refused.value.status == 415


def test_long_videos_are_refused(tmp_path):
    with pytest.raises(RefusedError, match=r"0\.5 minutes long; at most 0\.1"):
        check_video(film(tmp_path / "a.mp4", frames=30, fps=1.0), "a.mp4", Limits(minutes=0.1))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.mp4", ".mp4"),
        ("A.MKV", ".mkv"),
        ("../../etc/passwd", ".video"),
        ("a.mp4/..", ".video"),
        ("x.<b>", ".video"),
        ("", ".video"),
        ("c:\\v.avi", ".avi"),
    ],
)
def test_only_plain_endings_reach_the_disk(name, suffix):
    assert safe_suffix(name) == suffix
