"""What the video's prompt is told of its people, so that the summary agrees with its parts (LLM-augmented caption)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from smot_vlm.semantics.prompts import VISUAL

CONTEXTS = ("none", "captions", "captions+verbs")
# More people and relations than these are not told: prompts stay short, and a crowd is summarised anyway.
MOST_PEOPLE = 8
MOST_RELATIONS = 16


class Relation(NamedTuple):
    """Position of the subject among the people, the verb in plain words, position of the object."""

    subject: int
    verb: str
    object: int


@dataclass(frozen=True)
class SceneContext:
    """captions: of the first people, in order; relations: sentences about them, by their numbers from 1. Both may be empty."""

    captions: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()

    @classmethod
    def of(cls, captions: Sequence[str], relations: Sequence[Relation]) -> "SceneContext":
        """The first MOST_PEOPLE people, and the first MOST_RELATIONS relations between them."""
        told = [_plain(caption) for caption in captions[:MOST_PEOPLE]]
        between = [edge for edge in relations if max(edge.subject, edge.object) < len(told)]
        sentences = [f"person {edge.subject + 1}: {edge.verb} person {edge.object + 1}" for edge in between]
        return cls(tuple(told), tuple(map(_plain, sentences[:MOST_RELATIONS])))


def _plain(text: str) -> str:
    """Text that cannot be taken for the place of the soft tokens."""
    return text.replace(VISUAL, "").strip()
