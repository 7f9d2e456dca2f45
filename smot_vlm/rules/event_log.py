"""Events as JSON lines at the end of a file, which other programs may read meanwhile and other runs have written to."""

import json
from pathlib import Path
from types import TracebackType

from smot_vlm.rules.events import Event
from smot_vlm.system.files import ends_with_newline
from smot_vlm.system.targets import check_file


class EventLog:
    """Appends to a file, a line an event, each written at once and whole; a context manager that closes it.

    Args:
        path: made where it is not there; what it holds stays.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        check_file(path, overwrite=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        if self._file.tell() and not ends_with_newline(path):
            self._file.write(b"\n")

    def write(self, event: Event) -> None:
        """Append an event.

        Args:
            event: to append.

        Raises:
            OSError: the disk is full.
        """
        self._file.write(event_line(event).encode() + b"\n")

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def event_line(event: Event) -> str:
    """An event as JSON on one line.

    Args:
        event: any.

    Returns:
        ASCII, without the newline.
    """
    return json.dumps(event.to_dict())
