r"""A person's interactions as one line of text, which people can correct: `push.v.01 7 (0.50-1.20s); hug 3`.

Each entry is a verb, the id of the other person and, perhaps, when it happens. Semicolons and backslashes of a verb have a
backslash before them.
"""

import re
from collections.abc import Iterable

_ENTRY = re.compile(r"(?:\\.|[^;\\])+", re.DOTALL)
_PARTS = re.compile(r"(?P<verb>.+?)\s+(?P<object>-?[0-9]{1,18})(?:\s*\((?P<times>[0-9.,s\s-]*)\))?", re.DOTALL)


def told_interaction(verb: str, target: int, spans: Iterable[tuple[float, float]] = ()) -> str:
    """One entry.

    Args:
        verb: any text.
        target: id of the other person.
        spans: start and end of each time at which it happens, in seconds.

    Returns:
        The text.
    """
    times = ", ".join(f"{start:.2f}-{end:.2f}s" for start, end in spans)
    escaped = re.sub(r"([;\\])", r"\\\1", verb)
    return f"{escaped} {target} ({times})" if times else f"{escaped} {target}"


def read_interactions(text: str) -> tuple[list[tuple[str, int]], list[str]]:
    """Read entries that are parted by semicolons.

    Args:
        text: of one person; times are not read.

    Returns:
        (verb, id of the other person) of each entry, and the entries that are none.
    """
    found: list[tuple[str, int]] = []
    wrong: list[str] = []
    for entry in filter(None, map(str.strip, _ENTRY.findall(text))):
        parts = _PARTS.fullmatch(entry)
        if parts is None:
            wrong.append(entry)
        else:
            found.append((re.sub(r"\\(.)", r"\1", parts["verb"], flags=re.DOTALL), int(parts["object"])))
    return found, wrong
