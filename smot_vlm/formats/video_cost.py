"""cost.json beside a predicted description: what it cost to make."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import read_json
from smot_vlm.system.files import write_text

COST_FILE = "cost.json"


@dataclass(frozen=True)
class VideoCost:
    """The cost of one description.

    Attributes:
        seconds: wall time, from the first frame to the last word.
        calls: answers of language models, in this process or on servers.
        tokens_read: for them, by the models' own tokens; pictures and soft tokens count too.
        tokens_written: in them.
    """

    seconds: Annotated[float, Range(0)]
    calls: Annotated[int, Range(0)] = 0
    tokens_read: Annotated[int, Range(0)] = 0
    tokens_written: Annotated[int, Range(0)] = 0


def write_cost(folder: Path, cost: VideoCost) -> None:
    """Write it into the folder of a sequence.

    Args:
        folder: which is there.
        cost: of the sequence.

    Raises:
        OSError: the file cannot be written.
    """
    write_text(folder / COST_FILE, json.dumps(asdict(cost), indent=1) + "\n")


def read_cost(folder: Path) -> VideoCost | None:
    """Read it from the folder of a sequence.

    Args:
        folder: of the sequence.

    Returns:
        None where no run wrote one.

    Raises:
        ValueError: the file cannot be read, a field is missing or out of range.
    """
    path = folder / COST_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return record(VideoCost, content, whole="the cost")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
