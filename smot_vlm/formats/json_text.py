"""JSON from outside: not JSON, nested too deep, or a value of the wrong type is one line that names file and place."""

import json
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smot_vlm.formats.flaws import UndecodableText, decode, one_line

# What a field takes, in the words of the message, and Python's types of it.
_TYPES: dict[str, tuple[type, ...]] = {
    "a text": (str,),
    "a whole number": (int,),
    "a number": (int, float),
    "true or false": (bool,),
    "a list": (list,),
    "an object": (dict,),
}
_LARGEST = 2**63 - 1


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


def check(place: str, value: Any, kind: str) -> None:
    """Check the type of a value.

    Args:
        place: of the value, such as `tracks[2].caption`.
        value: parsed JSON.
        kind: "a text", "a whole number", "a number", "true or false", "a list" or "an object".

    Raises:
        ValueError: another type, a whole number of more than 64 bits, or a text that cannot be written.
    """
    # A bool is an int in Python and none in JSON.
    if type(value) not in _TYPES[kind]:
        raise ValueError(f"{place} is {shorten(value)}; it takes {kind}")
    if type(value) is int and abs(value) > _LARGEST:
        raise ValueError(f"{place} is {shorten(value)}; whole numbers go up to {_LARGEST}")
    if isinstance(value, str) and not is_text(value):
        raise ValueError(f"{place} is {shorten(value)}, with half of a character; it takes a text that can be written")


def is_text(value: Any) -> bool:
    """Whether a value is a text that can be written: JSON can escape half of a character (a lone surrogate).

    Args:
        value: parsed JSON.

    Returns:
        True where it is.
    """
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def check_each(place: str, values: list[Any], kind: str) -> None:
    """Check the type of each value of a list.

    Args:
        place: of the list.
        values: parsed JSON.
        kind: see `check`.

    Raises:
        ValueError: a value of another type, with its position.
    """
    if kind == "a number" and set(map(type, values)) == {float}:
        return
    for position, value in enumerate(values):
        check(f"{place}[{position}]", value, kind)


def check_fields(place: str, content: dict[str, Any], fields: Mapping[str, str]) -> None:
    """Check the types of those fields of an object that are there.

    Args:
        place: of the object, before a field's name.
        content: parsed JSON.
        fields: kind by name, see `check`.

    Raises:
        ValueError: a field of another type.
    """
    for name, kind in fields.items():
        if name in content:
            check(f"{place}{name}", content[name], kind)
