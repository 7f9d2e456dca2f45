"""The service over HTTP. `GET /docs` shows the whole interface; every error is {"error": one line}."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from smot_vlm.app.files import FILES, HEADERS, file_of, files_of
from smot_vlm.app.finding import Finder
from smot_vlm.app.jobs import ENDED, Job, JobBoard
from smot_vlm.app.limits import RefusedError
from smot_vlm.app.service_metrics import ServiceMetrics
from smot_vlm.app.sources import Receiver, allowed_path, check_video, fetch, safe_suffix
from smot_vlm.app.users import Users, check_origin
from smot_vlm.output.claimed_folder import DESCRIPTION
from smot_vlm.search.indexing import Embed
from smot_vlm.search.query import Filters
from smot_vlm.search.shown import shown_hit
from smot_vlm.system.metrics import CONTENT_TYPE, metrics_text

_LONGEST_NAME = 200
_LARGEST_REQUEST = 2**16
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Service:
    """What answers requests.

    Attributes:
        board: the jobs.
        users: by token.
        roots: folders below which a request may name a file.
        hosts: that may be asked for videos.
        host_names: by which the service may be called, "*" for any.
        embed: of searches; None: by words alone.
        encoder: the name of what embeds.
    """

    board: JobBoard
    users: Users
    roots: Sequence[Path] = ()
    hosts: Sequence[str] = ()
    host_names: Sequence[str] = ("localhost", "127.0.0.1", "[::1]")
    embed: Embed | None = None
    encoder: str = ""


def make_application(service: Service) -> FastAPI:
    """The HTTP application.

    Args:
        service: what it answers with.

    Returns:
        To be run by uvicorn; its jobs end with it.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(service.board.close)

    app = FastAPI(title="smot-vlm", summary="Who is where, what each does, who does what to whom.", lifespan=lifespan)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(service.host_names))
    metrics = ServiceMetrics(service.board)

    def refused(_: Request, error: Exception) -> JSONResponse:
        answer = _refused(error)
        metrics.refuse(answer.status_code)
        return answer

    app.add_exception_handler(RefusedError, refused)

    def user(request: Request) -> str:
        check_origin(request.headers.get("origin"), request.headers.get("host"))
        return service.users.name(request.headers.get("authorization"))

    _add_jobs(app, service, user)
    _add_answers(app, service, user)
    _add_metrics(app, metrics, user)
    return app


def _add_metrics(app: FastAPI, metrics: ServiceMetrics, user: Callable[[Request], str]) -> None:
    @app.get("/metrics", response_class=PlainTextResponse)
    def numbers(_owner: Annotated[str, Depends(user)]) -> PlainTextResponse:
        """The numbers of all jobs together, for Prometheus."""
        return PlainTextResponse(metrics_text(metrics.now()), media_type=CONTENT_TYPE)


def _refused(error: Exception) -> JSONResponse:
    status = error.status if isinstance(error, RefusedError) else 500
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"error": str(error)}, status_code=status, headers={**HEADERS, **headers})


def _add_jobs(app: FastAPI, service: Service, user: Callable[[Request], str]) -> None:
    User = Annotated[str, Depends(user)]
    board = service.board

    @app.post("/jobs", status_code=201, openapi_extra=_SUBMIT)
    async def submit(
        request: Request,
        owner: User,
        name: Annotated[str, Query(max_length=_LONGEST_NAME, description="of the video that is sent")] = "video",
    ) -> dict[str, Any]:
        """Describe a video: its bytes as the body, or JSON {"path": ...} or {"url": ...}."""
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            wanted = await _json(request)
            job = board.open(owner, Path(wanted.get("path") or wanted.get("url") or "").name[:_LONGEST_NAME] or "video")
            await run_in_threadpool(_or_remove, board, job, lambda: _named(service, job, wanted))
        else:
            job = board.open(owner, name)
            await _received(service, job, request)
        return status_of(board, job)

    @app.get("/jobs")
    def jobs(owner: User) -> list[dict[str, Any]]:
        """Your jobs, the oldest first."""
        return [status_of(board, job) for job in board.of(owner)]

    @app.get("/jobs/{number}")
    def status(number: str, owner: User) -> dict[str, Any]:
        """How far a job is."""
        return status_of(board, board.find(owner, number))

    @app.get("/jobs/{number}/events")
    async def events(number: str, owner: User) -> StreamingResponse:
        """The job's status whenever it changes, as server-sent events, until it has ended."""
        job = board.find(owner, number)
        return StreamingResponse(
            _events(board, job), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    @app.delete("/jobs/{number}", status_code=204)
    def delete(number: str, owner: User) -> None:
        """Cancel a job, or remove a finished one; its files are deleted."""
        board.remove(board.find(owner, number))


def _add_answers(app: FastAPI, service: Service, user: Callable[[Request], str]) -> None:
    User = Annotated[str, Depends(user)]
    board = service.board
    finder = Finder(board, service.embed, service.encoder)

    @app.get("/jobs/{number}/files/{name}", response_class=FileResponse)
    def file(number: str, name: str, owner: User) -> FileResponse:
        """One of the files of a finished job, or all of them as all.zip."""
        path = file_of(board.find(owner, number), name)
        return FileResponse(path, media_type=FILES.get(name, "application/zip"), headers=HEADERS)

    @app.get("/search")
    def search(
        owner: User,
        question: Annotated[str, Query(max_length=1000)],
        verb: Annotated[list[str] | None, Query()] = None,
        kind: Annotated[list[str] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> list[dict[str, Any]]:
        """Search in your finished jobs."""
        try:
            filters = Filters(tuple(kind or ()), tuple(verb or ()))
        except ValueError as error:
            raise RefusedError(str(error)) from None
        return [
            {**shown_hit(hit), "video": job.name, "description": f"/jobs/{job.id}/files/{DESCRIPTION}"}
            for job, hit in finder.ask(owner, question, filters, limit)
        ]

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether the service answers."""
        return {"state": "good"}


def status_of(board: JobBoard, job: Job) -> dict[str, Any]:
    """What is told of a job.

    Args:
        board: of the job.
        job: any.

    Returns:
        For JSON.
    """
    left = board.seconds_left(job)
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "phase": job.phase,
        "done": job.done,
        "total": job.total,
        "seconds_left": None if left is None else round(left, 1),
        "before": board.place(job),
        "error": job.error,
        "files": [f"/jobs/{job.id}/files/{name}" for name in files_of(job)],
    }


async def _events(board: JobBoard, job: Job) -> AsyncIterator[str]:
    version = -1
    while True:
        if job.version != version:
            version = job.version
            yield f"data: {json.dumps(status_of(board, job))}\n\n"
        if job.state in ENDED and job.version == version:
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _json(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_REQUEST:
            raise RefusedError("the request is too large", 413)
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError('the request is no JSON; send {"path": ...} or {"url": ...}') from None
    given = content if isinstance(content, dict) else {}
    if set(given) not in ({"path"}, {"url"}) or not all(isinstance(value, str) for value in given.values()):
        raise RefusedError('the request names no video; send {"path": TEXT} or {"url": TEXT}')
    return given


def _named(service: Service, job: Job, wanted: dict[str, str]) -> None:
    limits = service.board.limits
    if "path" in wanted:
        source = allowed_path(wanted["path"], service.roots)
        if source.stat().st_size > limits.bytes:
            raise RefusedError(f"{source.name} is larger than {limits.megabytes:g} MB", 413)
    else:
        source = job.folder / f"source{safe_suffix(wanted['url'].partition('?')[0])}"
        fetch(wanted["url"], source, limits, service.hosts)
    check_video(source, job.name, limits)
    service.board.start(job, source)


async def _received(service: Service, job: Job, request: Request) -> None:
    """The body goes to disk as it comes and is never longer than it may be, whatever it states of itself."""
    board, target = service.board, job.folder / f"source{safe_suffix(job.name)}"
    try:
        receiver = Receiver(target, board.limits)
        async for chunk in request.stream():
            if chunk:
                await run_in_threadpool(receiver.add, chunk)
        await run_in_threadpool(receiver.finish)
        await run_in_threadpool(check_video, target, job.name, board.limits)
        board.start(job, target)
    except BaseException:
        board.remove(job)
        raise


def _or_remove(board: JobBoard, job: Job, work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException:
        board.remove(job)
        raise


_SUBMIT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
                        for name in ("path", "url")
                    ]
                }
            },
        },
    }
}
