"""`smot-vlm app`: the page."""

import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

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
    from smot_vlm.app.choices import Choice
    from smot_vlm.app.limits import Limits
    from smot_vlm.tracker import Tracker


def page_app(
    host: Host = "127.0.0.1",
    port: Port = 7860,
    token: Token = None,
    name: HostName = None,
    megabytes: Megabytes = 2048.0,
    minutes: Minutes = 60.0,
    waiting: Waiting = 20,
    hours: Hours = 24.0,
) -> None:
    """A page to describe videos: drop one, watch its boxes, read the report, search, download. Files are removed when it ends."""
    from smot_vlm.app.limits import Limits

    _check_installed()
    _listen(Limits(megabytes, minutes, waiting, 1, hours), tokens_for(host, token or ()), host, port, name or [])


def _listen(limits: "Limits", tokens: dict[str, str], host: str, port: int, names: list[str]) -> None:
    import uvicorn

    from smot_vlm.app.choices import options_here
    from smot_vlm.app.describing import Describer
    from smot_vlm.app.jobs import JobBoard
    from smot_vlm.app.page_service import PageService, make_page_application
    from smot_vlm.semantics.sentence_embeddings import DEFAULT_ENCODER

    def load(choice: "Choice") -> "Tracker":
        return load_tracker(choice.model, detector=choice.detector, associator=choice.associator, device=choice.device)

    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder(Path(tempfile.gettempdir())))
        uploads = folder / "uploads"
        uploads.mkdir()
        board = JobBoard(folder / "jobs", Describer(load, limits, pictures=True), limits)
        service = PageService(
            *(board, options_here(), uploads, tokens),
            host_names(host, names),
            embedding(),
            DEFAULT_ENCODER,
        )
        application = make_page_application(service)
        messages.print(f"Open http://{host}:{port} (Ctrl-C ends it).")
        uvicorn.run(application, host=host, port=port, log_level="warning", access_log=False)


def _check_installed() -> None:
    """Said before anything is loaded."""
    for name in ("gradio", "uvicorn"):
        if find_spec(name) is None:
            raise ImportError(f"{name} is not installed; pip install 'smot-vlm[app-page]'")
