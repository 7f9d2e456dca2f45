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
        relations: sentences about them, by their numbers from 1; may be empty.
    """

    captions: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()

    @classmethod
    def of(cls, captions: Sequence[str], relations: Sequence[Relation]) -> "SceneContext":
        """The first MAX_PEOPLE people, and the first MAX_RELATIONS relations between them.

        Args:
            captions: of everybody, in order.
            relations: between any of them.

        Returns:
            What fits into a prompt.
        """
        known = [_plain(caption) for caption in captions[:MAX_PEOPLE]]
        between = [edge for edge in relations if max(edge.subject, edge.object) < len(known)]
        sentences = [f"person {edge.subject + 1}: {edge.verb} person {edge.object + 1}" for edge in between]
        return cls(tuple(known), tuple(map(_plain, sentences[:MAX_RELATIONS])))


def _plain(text: str) -> str:
    """Text without the placeholder of the soft tokens."""
    return text.replace(VISUAL, "").strip()
