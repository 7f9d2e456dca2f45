"""The page over a made describer, served to a real browser."""

import contextlib
import importlib.util
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from service_case import tell, until

from smot_vlm.app.choices import Options
from smot_vlm.app.jobs import JobBoard
from smot_vlm.app.limits import Limits

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HAS_GRADIO = importlib.util.find_spec("gradio") is not None
HAS_BROWSER = CHROMIUM and all(importlib.util.find_spec(name) for name in ("playwright", "axe_playwright_python"))
NO_GRADIO = "pip install 'smot-vlm[app-page]' for Gradio"
NO_BROWSER = f"no Chromium (apt install chromium), or playwright and axe are not installed; or {NO_GRADIO}"

OPTIONS = Options(("auto", "demo"), ("auto", "people"), ("model", "byte"), ("auto", "cpu"))
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@contextlib.contextmanager
def application(folder: Path, run: Callable = tell, tokens: dict[str, str] | None = None, **limits: float) -> Iterator:
    """The page's application, not served yet, and its jobs."""
    from smot_vlm.app.page_service import PageService, make_page_application

    uploads = folder / "uploads"
    uploads.mkdir(parents=True)
    board = JobBoard(folder / "jobs", run, Limits(**limits))
    yield make_page_application(PageService(board, OPTIONS, uploads, tokens or {})), board
    board.close()


@contextlib.contextmanager
def served(folder: Path, run: Callable = tell, tokens: dict[str, str] | None = None, **limits: float) -> Iterator:
    """The page's address, and its jobs."""
    import uvicorn

    with application(folder, run, tokens, **limits) as (app, board):
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
        # A page keeps its stream of news open; the test does not wait for it.
        server.config.timeout_graceful_shutdown = 1
        thread = threading.Thread(target=server.run)
        thread.start()
        until(lambda: server.started, 60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", board
        server.should_exit = True
        thread.join()
