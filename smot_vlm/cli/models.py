"""`smot-vlm models`: which models are on this machine, which can be had, and fetching one."""

import json as json_format
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import messages, output, print_plain

if TYPE_CHECKING:
    from smot_vlm.models.listing import ListedModel

HELP = "List the models on this machine and those that can be had, with sizes and licences; fetch one."

app = typer.Typer(
    name="models",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True, help=HELP)
def models(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """List the models on this machine and those that can be had. No network is used.

    Args:
        context: of the command line, which says whether another command follows.
        json: print JSON.
    """
    if context.invoked_subcommand is not None:
        return
    from smot_vlm.models.listing import TO_BE_HAD, list_models

    listed = list_models()
    if json:
        print_plain(json_format.dumps([asdict(model) for model in listed], indent=2))
        return
    output.print("On this machine")
    for model in listed:
        if model.state != TO_BE_HAD:
            _print(model)
    output.print("To be had (and any other vision-language model of the Hugging Face hub, as owner/name)")
    for model in listed:
        if model.state == TO_BE_HAD:
            _print(model)


@app.command()
def get(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="owner/name\\[@revision], or a name that `models` lists.")
    ],
) -> None:
    """Fetch models, or what is new of them: data alone (safetensors, JSON, templates), never code."""
    with messages.status("looking"):
        from smot_vlm.models.hub import get_model
    for name in names:
        output.print(f"{name}: {get_model(name, messages.print)}")


def _print(model: "ListedModel") -> None:
    from smot_vlm.system.known_models import size_words

    size = [] if model.megabytes is None else [size_words(model.megabytes)]
    output.print(f"  {model.name}: {', '.join([model.kind, model.state, *size, model.licence])}")
    card = model.card
    about = f"; its words are about {card.domain}" if card and card.domain else ""
    version = f"; version {card.version}" if card and card.version else ""
    terms = f"; terms: {card.terms}" if card and card.terms else ""
    output.print(f"      learned from {model.training_data}{about}{version}{terms}")
    for score, value in card.scores.items() if card else ():
        output.print(f"      {score}: {value:.3f}")
    output.print(f"      {model.where}")
