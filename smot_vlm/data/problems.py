"""One thing wrong in a data set: where, what kind, the message, and how a repair handles it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.formats.flaws import Flaw

# Kinds that leave the meaning clear; every other kind is an error.
WARNINGS = frozenset({"missing-words", "other-class", "undirected-graph", "node-names", "duplicate-interaction"})

# What a repair does, where a kind says it better than the file's general remedy.
_REMEDIES = {
    "malformed-caption": "text kept for the track at its place",
    "empty-caption": "left empty; only a person can write it",
    "id-without-caption": "left empty; only a person can write it",
    "duplicate-key": "text kept for the track at its place, with another key",
    "caption-without-id": "skipped",
    "undirected-graph": "written as directed",
    "node-names": "nodes written with the captions' keys",
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a data set.

    Attributes:
        path: file or folder.
        line: counted from 1, 0 for the file as a whole.
        kind: a fixed word for each cause.
        message: what is wrong and what to do.
        remedy: what `data validate --fix` does about it.
    """

    path: Path
    line: int
    kind: str
    message: str
    remedy: str

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return "warning" if self.kind in WARNINGS else "error"

    def __str__(self) -> str:
        return Flaw(self.line, self.kind, self.message).at(self.path)


def problems_of(path: Path, flaws: Iterable[Flaw], remedy: str) -> tuple[Problem, ...]:
    """Turn the flaws of one file into problems.

    Args:
        path: of the file.
        flaws: of the file.
        remedy: where the kind has none of its own.

    Returns:
        The problems.
    """
    return tuple(Problem(path, flaw.line, flaw.kind, flaw.message, _REMEDIES.get(flaw.kind, remedy)) for flaw in flaws)
