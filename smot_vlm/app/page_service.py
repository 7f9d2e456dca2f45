"""The whole service of the page: the door, the files that go out, and the page behind them."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smot_vlm.app.choices import Options
from smot_vlm.app.doorkeeper import COOKIE, Doorkeeper, Visitors
from smot_vlm.app.files import FILES, HEADERS, REPORT_PATH, file_of
from smot_vlm.app.finding import Finder
from smot_vlm.app.jobs import JobBoard
from smot_vlm.app.limits import RefusedError
from smot_vlm.app.page_style import HEAD, STYLE
from smot_vlm.app.page_work import PageWork
from smot_vlm.output.claimed_folder import REPORT, VIDEO
from smot_vlm.search.indexing import Embed

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

# Tells whoever asks that the page answers, and nothing else.
HEALTH_PATH = "/health"
# A report's own policy stands in it; this one keeps it apart from the page, wherever it is opened.
_REPORT_HEADERS = {**HEADERS, "Content-Security-Policy": "sandbox allow-scripts; frame-ancestors 'self'"}


@dataclass(frozen=True)
class PageService:
    """What the page's service is made of.

    Attributes:
        board: the jobs.
        options: what may be chosen.
        uploads: a folder for what is received, of this service alone.
        tokens: name -> secret; none: everybody who reaches it is a user of its own.
        host_names: by which it may be called, "*" for any.
        embed: of searches; None: by words alone.
        encoder: the name of what embeds.
    """

    board: JobBoard
    options: Options
    uploads: Path
    tokens: Mapping[str, str]
    host_names: Sequence[str] = ("localhost", "127.0.0.1", "[::1]")
    embed: Embed | None = None
    encoder: str = ""


def make_page_application(service: PageService) -> "ASGIApp":
    """The application.

    Args:
        service: what it answers with.

    Returns:
        To be run by uvicorn; its jobs end with it.

    Raises:
        ImportError: Gradio is not installed.
    """
    # Read when Gradio is imported and when it receives: nothing is told to anybody, and files lie where they are removed.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(service.uploads)
    from fastapi import FastAPI
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    visitors = Visitors(service.tokens)
    finder = Finder(service.board, service.embed, service.encoder)
    work = PageWork(service.board, service.options, finder, service.uploads)

    def owner(cookies: Mapping[str, str]) -> str:
        name = visitors.owner(cookies.get(COOKIE))
        if name is None:
            raise RefusedError("open the page anew, and log in where it asks for a token", 401)
        return name

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(service.board.close)

    app = FastAPI(title="smot-vlm", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_files(app, work, owner)
    _mount_page(app, work, owner)
    door = Doorkeeper(app, visitors, open_paths=(REPORT_PATH, HEALTH_PATH))
    return TrustedHostMiddleware(door, allowed_hosts=list(service.host_names))


def _add_files(app: "FastAPI", work: PageWork, owner: Callable[[Mapping[str, str]], str]) -> None:
    """The ways by which files go out, to their owner alone."""
    from fastapi import Request
    from fastapi.responses import FileResponse, PlainTextResponse

    @app.exception_handler(RefusedError)
    def refused(_: Request, error: RefusedError) -> PlainTextResponse:
        return PlainTextResponse(f"{error}\n", error.status)

    @app.get(HEALTH_PATH)
    def health() -> dict[str, str]:
        return {"state": "good"}

    @app.get("/files/{number}/{name}")
    def file(number: str, name: str, request: Request) -> FileResponse:
        path = file_of(work.board.find(owner(request.cookies), number), name)
        return FileResponse(path, media_type=FILES.get(name, "application/zip"), filename=name, headers=HEADERS)

    @app.get(REPORT_PATH + "{number}/{proof}/{name}")
    def report(number: str, proof: str, name: str) -> FileResponse:
        work.tickets.check(number, proof)
        if name not in (REPORT, VIDEO):
            raise RefusedError("no such file", 404)
        path = file_of(work.board.get(number), name)
        return FileResponse(path, media_type=FILES[name], headers=_REPORT_HEADERS)


def _mount_page(app: "FastAPI", work: PageWork, owner: Callable[[Mapping[str, str]], str]) -> None:
    import gradio as gr

    from smot_vlm.app.page import make_page

    gr.mount_gradio_app(
        app,
        make_page(work, lambda request: owner(request.cookies)),
        path="/",
        footer_links=[],
        run_history=False,
        max_file_size=work.board.limits.bytes,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        mcp_server=False,
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css=STYLE,
        head=HEAD,
    )
