"""JSON files from outside: not JSON, or nested too deep, is one line that names the file."""

import json
import reprlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smot_vlm.formats.flaws import UndecodableText, decode, one_line


def read_json(path: Path, hint: str, on_duplicate: Callable[[str], None] | None = None) -> Any:
    """Read a JSON file.

    Args:
        path: of the file.
        hint: which file to give instead.
        on_duplicate: called with each key that an object holds twice; the last of its values counts.

    Returns:
        Its content.

    Raises:
        ValueError: not JSON, or nested too deep.
    """

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found and on_duplicate is not None:
                on_duplicate(key)
            found[key] = value
        return found

    try:
        return json.loads(decode(path.read_bytes()), object_pairs_hook=None if on_duplicate is None else collect)
    except RecursionError:
        raise ValueError(f"{path}: nested too deep; {hint}") from None
    except UndecodableText as error:
        raise ValueError(f"{path}:{error.line}: {error.message}; {hint}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({one_line(str(error))}); {hint}") from None


def shorten(value: Any) -> str:
    """A value for a message, at most 100 characters, however large or deep it is.

    Args:
        value: parsed JSON.

    Returns:
        The text.
    """
    return (repr(value) if isinstance(value, str) else reprlib.repr(value))[:100]
