"""What the video's prompt states of its people, so that the summary agrees with its parts (LLM-augmented caption)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from smot_vlm.semantics.prompts import VISUAL

CONTEXTS = ("none", "captions", "captions+verbs")
# More are left out: prompts stay short, and a crowd is summarised anyway.
MAX_PEOPLE = 8
MAX_RELATIONS = 16


class Relation(NamedTuple):
    """One interaction in plain words.

    Attributes:
        subject: position among the people.
        verb: in plain words.
        object: position among the people.
    """

    subject: int
    verb: str
    object: int


@dataclass(frozen=True)
class SceneContext:
    """What is known of a video's people.

    Attributes:
        captions: of the first people, in order; may be empty.
        relations: sentences about them, by their numbers; may be empty.
        numbers: of the people of `captions`.
    """

    captions: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, captions: Sequence[str], relations: Sequence[Relation], numbers: Sequence[int] | None = None
    ) -> "SceneContext":
        """The first MAX_PEOPLE people, and the first MAX_RELATIONS relations between them.

        Args:
            captions: of everybody, in order.
            relations: between any of them.
            numbers: of everybody, as the pictures show them; None counts from 1.

        Returns:
            What fits into a prompt.
        """
        known = [_plain(caption) for caption in captions[:MAX_PEOPLE]]
        between = [edge for edge in relations if max(edge.subject, edge.object) < len(known)]
        shown = range(1, len(known) + 1) if numbers is None else numbers[: len(known)]
        sentences = [f"person {shown[edge.subject]}: {edge.verb} person {shown[edge.object]}" for edge in between]
        return cls(tuple(known), tuple(map(_plain, sentences[:MAX_RELATIONS])), tuple(shown))


def _plain(text: str) -> str:
    """Text without the placeholder of the soft tokens."""
    return text.replace(VISUAL, "").strip()
