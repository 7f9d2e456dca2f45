"""`smot-vlm doctor`: does everything work here, and if not, what is to be done."""

import json as json_text
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from smot_vlm.cli.console import output, print_plain
from smot_vlm.cli.health import BROKEN, GOOD, look_at_everything

_MARKS = {GOOD: ("ok", "green"), BROKEN: ("broken", "bold red")}


def doctor(
    folder: Annotated[Path, typer.Option(help="Where outputs would be written.")] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Check the installation: models, detector, codecs, GPU, Java, write permissions. Exit code 1 where it cannot work."""
    checks = list(look_at_everything(folder))
    if json:
        print_plain(json_text.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        for check in checks:
            word, style = _MARKS.get(check.state, ("-", "yellow"))
            output.print(Text.assemble((f"{word:>6}  ", style), f"{check.name}: {check.found}"))
            if check.advice:
                output.print(f"        {check.advice}")
    if any(check.state == BROKEN for check in checks):
        raise typer.Exit(1)
