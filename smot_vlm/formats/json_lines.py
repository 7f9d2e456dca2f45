"""Files with one JSON object a line, each checked against a dataclass."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import parse_json
from smot_vlm.formats.flaws import UndecodableText, decode

Record = TypeVar("Record")

# A picture's line has a few kilobytes.
_LONGEST_LINE = 2**20


def read_json_lines(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Read a file line by line; blank lines are skipped.

    Args:
        path: of the file.
        kind: a dataclass that says what a line holds, see `formats.checked.record`.

    Yields:
        One record a line.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a line that is too long, not JSON, or not such a record; the message names file and line.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give a file with one JSON object a line")
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), b""), start=1):
            if len(line) > _LONGEST_LINE:
                raise ValueError(f"{path}:{number}: a line of more than {_LONGEST_LINE // 2**10} KB; is this the file?")
            if not line.strip():
                continue
            try:
                yield record(kind, parse_json(decode(line)), whole="the line")
            except UndecodableText as error:
                raise ValueError(f"{path}:{number}: {error.message}") from None
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from None
