"""What the services of the command line share: options, who may ask, and what embeds questions, as search does too."""

import ipaddress
import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import messages, print_warning

if TYPE_CHECKING:
    from smot_vlm.search.indexing import Embed

TOKENS_VARIABLE = "SMOT_VLM_TOKENS"

Host = Annotated[str, typer.Option(help="Address to listen at; others than this machine's own want a token.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at.")]
Token = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME:SECRET", help=f"A user; may be repeated. Better in {TOKENS_VARIABLE}, separated by commas."
    ),
]
HostName = Annotated[
    list[str] | None, typer.Option("--name", help="A host name by which it is called; may be repeated.")
]
Megabytes = Annotated[float, typer.Option(help="Largest video file.")]
Minutes = Annotated[float, typer.Option(help="Longest video.")]
Waiting = Annotated[int, typer.Option(help="Most jobs that wait; more are refused.")]
Hours = Annotated[float, typer.Option(help="How long finished jobs are kept.")]


def tokens_for(host: str, given: Sequence[str]) -> dict[str, str]:
    """The tokens of a service, of the command line and the environment.

    Args:
        host: at which it listens; where others reach it and none is given, one is made and shown.
        given: NAME:SECRET each.

    Returns:
        name -> secret.

    Raises:
        ValueError: one is not of this form.
    """
    tokens = {}
    for entry in [*given, *filter(None, os.environ.get(TOKENS_VARIABLE, "").split(","))]:
        user, mark, secret = entry.strip().partition(":")
        if not mark or not user or not secret:
            raise ValueError("a token has no name or no secret; give NAME:SECRET")
        tokens[user] = secret
    if not tokens and not _is_own(host):
        tokens = {"user": secrets.token_urlsafe(24)}
        messages.print(f"Token: {tokens['user']}")
    return tokens


def host_names(host: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names by which a service may be called; a page whose name was made to mean this machine is refused.

    Args:
        host: at which it listens.
        names: more of them.
    """
    return ("localhost", "127.0.0.1", "[::1]", host, *names)


def embedding() -> "Embed | None":
    """What embeds questions; None, with a warning, where it is not installed."""
    from smot_vlm.semantics.sentence_embeddings import SentenceEncoder

    try:
        return SentenceEncoder().embed
    except (ImportError, FileNotFoundError) as error:
        print_warning(f"searching by words alone, not by meaning: {error}")
        return None


def _is_own(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
