"""The door of the page: who may enter, and which ways are closed."""

from collections.abc import Iterator

import pytest

pytest.importorskip("starlette", reason="pip install 'smot-vlm[app-page]'")
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from smot_vlm.app.doorkeeper import COOKIE, Doorkeeper, Visitors

SECRET = "ann-has-a-long-secret"


@pytest.fixture
def enter() -> Iterator:
    def start(tokens=()) -> tuple[TestClient, Visitors]:
        visitors = Visitors(dict(tokens))

        def say(request):
            return PlainTextResponse(str(visitors.owner(request.cookies.get(COOKIE))))

        inside = Starlette(routes=[Route("/{path:path}", say, methods=["GET", "POST"])])
        door = Doorkeeper(inside, visitors, open_paths=("/report/",))
        return TestClient(door, base_url="http://localhost", follow_redirects=False), visitors

    return start


def test_each_browser_is_a_user_of_its_own(enter):
    client, _ = enter()
    assert client.get("/files/a/b").status_code == 401
    first = client.get("/")
    assert "HttpOnly; SameSite=Strict" in first.headers["set-cookie"]
    own = client.get("/files/a/b").text
    assert own.startswith("guest ")
    assert client.get("/files/c/d").text == own
    client.cookies.clear()
    client.get("/")
    other = client.get("/files/a/b").text
    assert other.startswith("guest ")
    assert other != own


@pytest.mark.parametrize("cookie", ["", "x", "guest.mark", "a." + "0" * 64, "é.ü"])
def test_a_made_up_cookie_is_nobody(enter, cookie):
    assert enter()[1].owner(cookie) is None
    assert enter({"ann": SECRET})[1].owner(cookie) is None


def test_a_cookie_is_had_for_a_right_token_only(enter):
    client, _ = enter({"ann": SECRET, "bob": "bob-has-a-long-secret"})
    assert (client.get("/").status_code, client.get("/").headers["location"]) == (303, "/login")
    assert client.get("/gradio_api/queue/data").status_code == 401
    wrong = client.post("/login", data={"token": "<b>wrong"})
    assert wrong.status_code == 401
    assert wrong.text.count("this token is not right; the terminal of the service shows it") == 1
    assert "set-cookie" not in wrong.headers
    assert client.post("/login", data={"token": "x" * 5000}).status_code == 413
    right = client.post("/login", data={"token": SECRET})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert client.get("/").text == "ann"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api//file=/etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/proxy=http://evil.example",
        "/proxy=http://evil.example",
        "/gradio_api/stream/a/b/c/playlist-file",
        "/monitoring",
        "/gradio_api/run-history/buckets",
        "/gradio_api/vibe-code",
    ],
)
def test_ways_of_gradio_to_files_and_other_servers_are_closed(enter, path):
    client, _ = enter()
    client.get("/")
    assert client.get(path).status_code == 404


def test_what_is_the_same_for_everybody_needs_no_cookie(enter):
    client, _ = enter({"ann": SECRET})
    for path in ("/assets/index.js", "/static/fonts/a.woff2", "/theme.css", "/report/a/b/report.html"):
        assert client.get(path).status_code == 200


def test_another_sites_page_sends_nothing(enter):
    client, _ = enter()
    client.get("/")
    for origin in ("https://evil.example", "null"):
        answer = client.post("/gradio_api/queue/join", headers={"Origin": origin})
        assert (answer.status_code, "another site" in answer.text) == (403, True)
    assert client.post("/gradio_api/queue/join", headers={"Origin": "http://localhost"}).status_code == 200


def test_answers_forbid_the_page_to_ask_anybody_else(enter):
    policy = enter()[0].get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "http" not in policy
