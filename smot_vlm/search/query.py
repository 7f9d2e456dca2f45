"""What is asked for: a sentence, and conditions that a hit must fulfil."""

from collections.abc import Sequence
from dataclasses import dataclass

from smot_vlm.search.entries import KINDS
from smot_vlm.verbs import find, search


@dataclass(frozen=True)
class Filters:
    """Conditions; all must be fulfilled, and of several values of one any.

    Attributes:
        kinds: of KINDS.
        verbs: labels, lemmas or the user's phrases: of interactions and of what people do alone.
        attributes: values ("red") or NAME=VALUE ("upper_colour=red") that its people have.
        from_seconds: what ends before is left out.
        to_seconds: what begins later is left out.
        source: a part of the video's or the description's path.
        sure: leave out what may be wrong.
        folders: absolute ones; what is in none of them is left out.

    Raises:
        ValueError: an unknown kind, or times that do not ascend.
    """

    kinds: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    from_seconds: float | None = None
    to_seconds: float | None = None
    source: str = ""
    sure: bool = False
    folders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        strangers = [kind for kind in self.kinds if kind not in KINDS]
        if strangers:
            raise ValueError(f"kind is {strangers[0]!r}; it takes {', '.join(KINDS)}")
        if self.from_seconds is not None and self.to_seconds is not None and self.from_seconds > self.to_seconds:
            raise ValueError(f"times from {self.from_seconds} to {self.to_seconds} seconds; give the earlier first")


ANYTHING = Filters()


def condition_of(filters: Filters) -> tuple[str, list[object]]:
    """Filters as SQL for `SearchDatabase.matching`.

    Args:
        filters: the conditions.

    Returns:
        The condition and its values; an empty condition lets everything pass.
    """
    parts: list[tuple[str, Sequence[object]]] = []
    if filters.kinds:
        parts.append((_any("entries.kind = ?", filters.kinds), filters.kinds))
    if filters.verbs:
        labels = sorted({label for verb in filters.verbs for label in labels_of(verb)})
        parts.append((_any("entries.action = ?", labels), labels))
    for wanted in filters.attributes:
        name, equals, value = wanted.rpartition("=")
        matches = "json_extract(one.value, '$[1]') = ?" + (" AND json_extract(one.value, '$[0]') = ?" if equals else "")
        parts.append(
            (
                f"EXISTS (SELECT 1 FROM json_each(entries.attributes) AS one WHERE {matches})",
                (value, name) if equals else (value,),
            )
        )
    if filters.from_seconds is not None:
        parts.append(("entries.to_seconds >= ?", (filters.from_seconds,)))
    if filters.to_seconds is not None:
        parts.append(("entries.from_seconds <= ?", (filters.to_seconds,)))
    if filters.source:
        parts.append(("(instr(videos.source, ?) > 0 OR instr(videos.path, ?) > 0)", (filters.source, filters.source)))
    if filters.sure:
        parts.append(("entries.doubtful = 0", ()))
    if filters.folders:
        parts.append((_any("substr(videos.path, 1, length(?)) = ?", filters.folders), _twice(filters.folders)))
    return " AND ".join(text for text, _ in parts), [value for _, values in parts for value in values]


def labels_of(verb: str) -> tuple[str, ...]:
    """The labels that a verb may stand as in an index.

    Args:
        verb: a label ("push.v.01"), a word ("push", all its senses) or a phrase of the user's.

    Returns:
        Labels, the given text among them: actions done alone and phrases are no verb senses.
    """
    try:
        labels = [sense.label for sense in find(verb)]
    except ValueError:
        labels = [sense.label for sense in search(verb) if sense.lemma.casefold() == verb.casefold().strip()]
    return tuple(dict.fromkeys([*labels, verb]))


def _twice(folders: Sequence[str]) -> list[str]:
    """Each folder's beginning of paths for both question marks of its condition."""
    return [f"{folder.rstrip('/')}/" for folder in folders for _ in range(2)]


def _any(condition: str, values: Sequence[object]) -> str:
    return f"({' OR '.join([condition] * len(values))})"
