"""`smot-vlm serve`: describing as a service, over HTTP or for assistants (MCP)."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import messages
from smot_vlm.cli.loading import load_tracker
from smot_vlm.cli.serving import (
    Host,
    HostName,
    Hours,
    Megabytes,
    Minutes,
    Port,
    Token,
    Waiting,
    embedding,
    host_names,
    tokens_for,
)
from smot_vlm.system.temporary import temporary_folder

if TYPE_CHECKING:
    from smot_vlm.app.limits import Limits
    from smot_vlm.tracker import Tracker


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token: Token = None,
    name: HostName = None,
    allow: Annotated[
        list[Path] | None, typer.Option(help="A folder below which requests may name files; may be repeated.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A host from which videos may be fetched; may be repeated.")
    ] = None,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Speak MCP over standard input and output, in place of HTTP.")
    ] = False,
    model: Annotated[str, typer.Option(help="As for describe.")] = "auto",
    detector: Annotated[str, typer.Option(help="As for describe.")] = "auto",
    associator: Annotated[str | None, typer.Option(help="As for describe.")] = None,
    device: Annotated[str, typer.Option(help="As for describe.")] = "auto",
    megabytes: Megabytes = 2048.0,
    minutes: Minutes = 60.0,
    waiting: Waiting = 20,
    hours: Hours = 24.0,
) -> None:
    """Describe videos for others: REST (see /docs), or MCP tools for assistants. Files are removed when it ends."""
    from smot_vlm.app.limits import Limits

    limits = Limits(megabytes, minutes, waiting, 1, hours)

    def load() -> "Tracker":
        return load_tracker(model, detector=detector, associator=associator, device=device)

    if mcp:
        _speak_mcp(load, allow or [], limits)
        return
    tokens = tokens_for(host, token or ())
    _listen(load, limits, tokens, host, port, name or [], allow or [], allow_host or [])


def _listen(
    load: Callable[[], "Tracker"],
    limits: "Limits",
    tokens: dict[str, str],
    host: str,
    port: int,
    names: Sequence[str],
    roots: Sequence[Path],
    hosts: Sequence[str],
) -> None:
    try:
        import uvicorn

        from smot_vlm.app.rest import Service, make_application
    except ImportError as error:
        raise ImportError(f"{error.name} is not installed; pip install 'smot-vlm[app]'") from None
    from smot_vlm.app.describing import Describer
    from smot_vlm.app.jobs import JobBoard
    from smot_vlm.app.users import Users
    from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

    users = Users(tokens)
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder(Path(tempfile.gettempdir())))
        board = JobBoard(folder / "jobs", Describer(lambda _: load(), limits), limits)
        service = Service(board, users, roots, hosts, host_names(host, names), embedding(), DEFAULT_ENCODER)
        messages.print(f"Listening at http://{host}:{port} (Ctrl-C ends it); /docs shows the interface.")
        uvicorn.run(make_application(service), host=host, port=port, log_level="warning", access_log=False)


def _speak_mcp(load: Callable[[], "Tracker"], roots: Sequence[Path], limits: "Limits") -> None:
    try:
        from smot_vlm.app.mcp_server import Toolbox, make_mcp_server
    except ImportError as error:
        raise ImportError(f"{error.name} is not installed; pip install 'smot-vlm[app]'") from None
    from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

    if not roots:
        raise ValueError("no folder may be named; give those with videos or descriptions by --allow DIR")
    make_mcp_server(Toolbox(load, roots, limits, embedding(), DEFAULT_ENCODER)).run("stdio")
