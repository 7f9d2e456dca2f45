"""Make a set of what somebody corrected in an annotation tool."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from smot_vlm.data.bensmot import SPLITS
from smot_vlm.data.conversion import Conversion, ConversionWriter, Reader
from smot_vlm.data.cvat import CvatTasks, list_cvat
from smot_vlm.data.dataset_writer import check_apart
from smot_vlm.data.label_studio import LabelStudioTasks, list_label_studio


class Tool(NamedTuple):
    """How the exports of a tool are read.

    Attributes:
        files: lists them; from a file or a folder.
        tasks: (files, folder of the videos, scenario, frames a second) to sequences.
    """

    files: Callable[[Path], list[Path]]
    tasks: Callable[[Sequence[Path], Path | None, str, float | None], Reader]


# By the scenario that their sequences get where none is named.
TOOLS = {"cvat": Tool(list_cvat, CvatTasks), "label-studio": Tool(list_label_studio, LabelStudioTasks)}


def convert_corrected(
    source: Path, tool: str, writer: ConversionWriter, *, media: Path | None = None, scenario: str | None = None
) -> Conversion:
    """Make a set of what a tool exported.

    Args:
        source: a file or a folder of them.
        tool: a key of TOOLS.
        writer: where and how to write.
        media: folder of the videos; None: where each file lies.
        scenario: first part of the names.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: no such file.
        FileExistsError: the target exists, is not empty and is not to be replaced.
        ValueError: a file that cannot be read, nothing to write, or a loss in a strict conversion.
    """
    check_apart(source, writer.out)
    reader = TOOLS[tool]
    tasks = reader.tasks(reader.files(source), media, scenario or tool, writer.fps)
    return writer.write([(SPLITS[0], tasks)])
