"""A small server of OpenAI's protocol on loopback: it logs what it is asked and answers as it is told to."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Refusal:
    """An HTTP error, or no answer at all (status 0: the connection is dropped; -1: nothing for a second)."""

    status: int
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request, and when it came and was answered."""

    body: dict[str, Any]
    key: str
    start: float
    end: float = 0.0
    answered: bool = False

    @property
    def parts(self) -> list[dict[str, Any]]:
        content = self.body["messages"][0]["content"]
        return content if isinstance(content, list) else [{"type": "text", "text": content}]

    @property
    def text(self) -> str:
        return self.parts[-1]["text"]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        return [part for part in self.parts if part["type"] == "image_url"]


class ChatServer:
    """Answers by `answer`, a function of Asked to a message (a str or a dict) or a Refusal."""

    def __init__(self, answer: Callable[[Asked], Any], models: Any = (), delay: float = 0.0, together: int = 1) -> None:
        self.answer, self.models, self.delay = answer, models, delay
        # Nobody is answered before so many have asked, which is waited for no longer than a client waits for an answer.
        self.together = together
        self.at_once = self.most_at_once = 0
        self.changed = threading.Condition()
        self.log: list[Asked] = []
        self.url = ""

    def enter(self) -> None:
        """A request came."""
        with self.changed:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most_at_once >= self.together, timeout=4.0)

    def leave(self) -> None:
        """It is answered."""
        with self.changed:
            self.at_once -= 1

    def count(self, words: str) -> int:
        return sum(words in asked.text for asked in self.log)

    @property
    def people(self) -> list[Asked]:
        return [asked for asked in self.log if "Describe person" in asked.text]


def listed(name: str = "vl", **more: Any) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "me", **more}


@contextmanager
def serving(server: ChatServer) -> Iterator[ChatServer]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            models = server.models
            if isinstance(models, Refusal):
                self.give(models.status, models.content, models.headers)
            else:
                self.give(200, {"object": "list", "data": list(models)})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked = Asked(body, self.headers.get("Authorization", ""), time.monotonic())
            with lock:
                server.log.append(asked)
                said = server.answer(asked)
            server.enter()
            time.sleep(server.delay)
            server.leave()
            asked.end = time.monotonic()
            if isinstance(said, Refusal):
                if said.status <= 0:
                    time.sleep(-said.status)
                    self.close_connection = True
                    self.connection.close()
                else:
                    self.give(said.status, said.content, said.headers)
                return
            asked.answered = True
            message = said if isinstance(said, dict) else {"content": said}
            finish = message.pop("finish_reason", "stop")
            choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
            content = {"id": "x", "object": "chat.completion", "created": 0, "model": "vl", "choices": [choice]}
            self.give(200, {**content, "usage": usage})

        def give(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
            text = (content if isinstance(content, str) else json.dumps(content)).encode()
            kind = "text/html" if isinstance(content, str) else "application/json"
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(text)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def number_of(asked: Asked) -> str:
    """Whom a question is about."""
    found = re.search(r"Describe person (\d+)", asked.text)
    assert found is not None
    return found[1]


def good_answer(asked: Asked) -> str:
    """What a model says that does as it is told: people talk, and each caption names its number."""
    if "Describe person" in asked.text:
        action = {"action": "walks to the right", "first_picture": 1, "last_picture": len(asked.pictures)}
        caption = f"A person with the number {number_of(asked)} walks to the right."
        return json.dumps({"appearance": "red", "actions": [action], "caption": caption})
    if "Choose from these" in asked.text:
        verb = {"verb": "talk.v.01", "first_picture": 1, "last_picture": 1, "sureness": "high"}
        return json.dumps({"interactions": [verb]})
    if "at most four verbs" in asked.text:
        return "talk"
    assert "These notes tell" in asked.text or "Summarise this video" in asked.text, asked.text
    return "Two people walk."
