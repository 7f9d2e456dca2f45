"""Events posted to a server of this machine: one that answers, one that fails, one that hangs, none at all."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rule_cases import event

from smot_vlm.rules.background import Background
from smot_vlm.rules.webhook import Webhook, check_webhook
from smot_vlm.system.offline import VARIABLE, OfflineError


@contextmanager
def server(status: int = 200, wait: threading.Event | None = None) -> Iterator[tuple[str, list[dict]]]:
    """A server that answers each post, when `wait` is set; gives its address and what was posted."""
    posted: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if wait is not None:
                wait.wait(20)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://localhost:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/secret-path", posted
    finally:
        running.shutdown()
        running.server_close()


def test_each_event_is_posted_in_order():
    said: list[str] = []
    with server() as (address, posted):
        hook = Webhook(address, said.append)
        for row in range(5):
            hook.send(event(f"rule {row}"))
        assert hook.close() == ""
    assert [content["rule"] for content in posted] == [f"rule {row}" for row in range(5)]
    assert posted[0] == event("rule 0").to_dict()
    assert said == []


@pytest.mark.parametrize("status", [302, 307, 400, 500])
def test_failures_are_counted_and_told_once(status):
    said: list[str] = []
    with server(status) as (address, posted):
        hook = Webhook(address, said.append)
        for _ in range(3):
            hook.send(event())
        missing = hook.close()
    assert len(posted) == 3
    assert missing.endswith("0 events posted, 3 failed, 0 dropped")
    assert len(said) == 1
    assert f"answers {status}" in said[0]
    assert "secret" not in said[0] + missing


def test_a_server_that_hangs_holds_up_nothing():
    said: list[str] = []
    with server(wait=(wait := threading.Event())) as (address, _):
        hook = Webhook(address, said.append, timeout_seconds=30, capacity=3)
        start = time.monotonic()
        for _ in range(50):
            hook.send(event())
        missing = hook.close(wait_seconds=0.3)
        assert time.monotonic() - start < 10
        wait.set()
    # One is in work, three wait, the others found the queue full; one more may have been taken from it meanwhile.
    assert "0 events posted, 0 failed, 50 dropped" in missing


def test_a_server_that_is_too_slow_is_a_failure():
    said: list[str] = []
    with server(wait=(wait := threading.Event())) as (address, _):
        hook = Webhook(address, said.append, timeout_seconds=0.2)
        hook.send(event())
        assert "1 failed" in hook.close()
        wait.set()
    assert "timed out" in said[0]


def test_without_a_server_the_watching_goes_on():
    said: list[str] = []
    with server() as (address, _):
        pass
    hook = Webhook(address, said.append)
    hook.send(event())
    assert "1 failed" in hook.close()
    assert len(said) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org/hook",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://",
        "http://a b/",
        "http://[::1",
        "http://x:0/",
    ],
)
def test_only_http_is_posted_to(address):
    with pytest.raises(ValueError, match="give an address such as https://"):
        check_webhook(address)


def test_an_address_holds_no_password_and_none_is_shown():
    with pytest.raises(ValueError, match="holds a name or password") as caught:
        check_webhook("https://me:secret@example.org/hook")
    assert "secret" not in str(caught.value)
    assert check_webhook("https://example.org:8443/token/1234") == "example.org:8443"


def test_offline_nothing_is_posted_elsewhere(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(OfflineError):
        check_webhook("https://example.org/hook")
    assert check_webhook("http://localhost:8000/hook") == "localhost:8000"


def test_failures_are_told_again_after_a_success():
    told: list[str] = []

    def work(item: str) -> None:
        if item:
            raise OSError(item)

    background = Background(work, capacity=10, on_failure=lambda error: told.append(str(error)))
    for item in ("first", "second", "", "third"):
        background.add(item)
    background.close(10)
    assert (told, background.done, background.failed, background.dropped) == (["first", "third"], 1, 3, 0)
