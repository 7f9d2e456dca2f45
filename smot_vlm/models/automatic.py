"""The model that is taken where none is named: the best that is at hand, with the reason."""

import os
from collections.abc import Callable
from dataclasses import dataclass

AUTO = "auto"
SERVER_VARIABLE = "OPENAI_BASE_URL"


@dataclass(frozen=True)
class AutomaticModel:
    """What "auto" stands for on this machine.

    Attributes:
        name: as `Tracker.from_pretrained` takes it.
        overrides: of the configuration.
        reason: one line: which, why, and how to get better.
    """

    name: str
    overrides: tuple[str, ...]
    reason: str


def automatic_model(find_vision_language: Callable[[], str | None]) -> AutomaticModel:
    """A server named by the environment; else a vision-language model on this machine; else the model that ships.

    Args:
        find_vision_language: gives the name or folder of a vision-language model on this machine, or None.

    Returns:
        The choice; nothing is loaded, and no network is asked.
    """
    if os.environ.get(SERVER_VARIABLE, "").strip():
        return AutomaticModel(
            "server", (), f"words by the server in {SERVER_VARIABLE}; --model demo keeps the pictures on this machine"
        )
    found = find_vision_language()
    if found is not None:
        setting = f"decoder.vision_language.language_model={found}"
        return AutomaticModel(
            "zero-shot",
            (setting,),
            f"words by {found}, which is on this machine; a larger one behind a server: --decoder",
        )
    return AutomaticModel(
        "demo",
        ("successor=people",),
        "words by what ships: people about real people (research use), demo about drawn figures; for longer ones name a "
        "server (--decoder openai:URL) or get a vision-language model (--model zero-shot)",
    )
