"""What `smot-vlm data convert` reads, and which options go with what."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from smot_vlm.data.conversion import Conversion, ConversionWriter


class Layout(str, Enum):
    """What `data convert` reads."""

    mot = "mot"
    bensmot_json = "bensmot-json"
    flickr30k_entities = "flickr30k-entities"
    peta = "peta"
    ut_interaction = "ut-interaction"
    cvat = "cvat"
    label_studio = "label-studio"


# What comes back from annotation tools.
TOOLS = (Layout.cvat, Layout.label_studio)


def check_options(layout: Layout, given: Mapping[str, object], *layouts: Layout) -> None:
    """Refuse options that belong to other layouts.

    Args:
        layout: That is asked for.
        given: Option -> whether it is given.
        layouts: With which these options go.

    Raises:
        typer.BadParameter: An option is given that does not go with `layout`.
    """
    wrong = [name for name, is_given in given.items() if is_given]
    if wrong and layout not in layouts:
        names = " and ".join(entry.value for entry in layouts)
        raise typer.BadParameter(f"{', '.join(wrong)}: goes with --from {names}, not {layout.value}")


def convert_people(source: Path, layout: Layout, writer: "ConversionWriter", frames: int, seed: int) -> "Conversion":
    """Convert one of the sets of real people.

    Args:
        source: Root of the set.
        layout: One of them.
        writer: Where and how to write.
        frames: Of the clip that a still becomes.
        seed: Of the clips' camera.

    Returns:
        What was written.
    """
    from smot_vlm.data.convert_people import convert_flickr30k_entities, convert_peta, convert_ut_interaction

    if layout is Layout.flickr30k_entities:
        return convert_flickr30k_entities(source, writer, frames=frames, seed=seed)
    if layout is Layout.peta:
        return convert_peta(source, writer)
    from smot_vlm.association.found_people import PeopleFinder

    return convert_ut_interaction(source, writer, PeopleFinder())


def convert_corrected(
    source: Path, layout: Layout, writer: "ConversionWriter", media: Path | None, scenario: str | None
) -> "Conversion":
    """Convert what somebody corrected in an annotation tool.

    Args:
        source: A file or a folder of them.
        layout: One of TOOLS.
        writer: Where and how to write.
        media: Folder of the videos; None: where the files lie.
        scenario: First part of the names.

    Returns:
        What was written.
    """
    from smot_vlm.data.convert_corrected import convert_corrected as convert

    if media is not None and not media.is_dir():
        raise FileNotFoundError(f"{media}: no such folder; give the one in which the videos are")
    return convert(source, layout.value, writer, media=media, scenario=scenario)
