"""`smot-vlm export`: a description in the formats of other tools."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from smot_vlm.cli.console import output


class Target(str, Enum):
    """The formats; what each holds is in export/formats.py."""

    vtt = "vtt"
    srt = "srt"
    csv = "csv"
    parquet = "parquet"
    coco = "coco"
    mot = "mot"
    bensmot = "bensmot"
    cvat = "cvat"
    label_studio = "label-studio"
    elan = "elan"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `describe` wrote, or its description.json.")],
    to: Annotated[Target, typer.Option(help="The format.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to (default: DIR).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Write a description as subtitles, tables, or for an annotation tool; what the format cannot hold is said."""
    from smot_vlm.export.formats import FORMATS
    from smot_vlm.export.formats import export as write
    from smot_vlm.structures import Description

    path = folder / "description.json" if folder.is_dir() else folder
    description = Description.from_json(path)
    for file in write(description, to.value, out or path.parent, overwrite=overwrite):
        output.print(str(file), markup=False, highlight=False)
    if FORMATS[to.value].lost:
        output.print(f"{to.value} does not hold {FORMATS[to.value].lost}.", markup=False, highlight=False)
