"""Numbers of a running program for Prometheus: its text format, served over HTTP by the standard library."""

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# A client that says nothing is left after so long.
_WAIT_SECONDS = 10.0


class Metric(NamedTuple):
    """One number.

    Attributes:
        name: of lower-case letters and underscores; of a counter it ends with "_total".
        help: what it is, in one line.
        value: now.
        labels: names and values that tell it from others of its name.
    """

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def metrics_text(metrics: Sequence[Metric]) -> str:
    """Prometheus' text format.

    Args:
        metrics: those of one name in a row, with different labels.

    Returns:
        Lines with their newlines; what ends with "_total" is a counter, all else a gauge.
    """
    lines, before = [], ""
    for name, told, value, labels in metrics:
        if name != before:
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {_escaped(told)}", f"# TYPE {name} {kind}"]
        before = name
        marks = ",".join(f'{label}="{_escaped(entry, quoted=True)}"' for label, entry in labels)
        lines.append(f"{name}{{{marks}}} {float(value):.10g}" if marks else f"{name} {float(value):.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str, *, quoted: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quoted else escaped


class MetricsServer:
    """Answers GET /metrics and GET /health in a thread; a context manager that ends it.

    Args:
        host: address to listen at.
        port: 0 for any that is free.
        metrics: gives the numbers of now; called in the thread.
        is_good: whether all is well; /health answers 503 where it is not. Called in the thread.

    Attributes:
        port: at which it listens.

    Raises:
        OSError: the port is taken, or not allowed.
    """

    def __init__(
        self, host: str, port: int, metrics: Callable[[], Sequence[Metric]], is_good: Callable[[], bool]
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = _WAIT_SECONDS

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(200, CONTENT_TYPE, metrics_text(metrics()))
                elif path == "/health":
                    good = is_good()
                    state = json.dumps({"state": "good" if good else "no pictures"})
                    self._answer(200 if good else 503, "application/json", state)
                else:
                    self._answer(404, "text/plain", "there are /metrics and /health\n")

            def _answer(self, status: int, kind: str, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Requests are not told."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise OSError(f"{host}:{port}: cannot listen there ({error.strerror}); choose another port") from None
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def __enter__(self) -> "MetricsServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
