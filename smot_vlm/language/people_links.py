"""Who does what to whom, where a sentence says it with a verb between two mentions of people."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from smot_vlm.formats.entity_marks import Mark, parse_marks, without_marks
from smot_vlm.language.people_mentions import is_plural, joined, people_marks

# A verb's forms (plain, with s, with ing, passive) and its sense among the 335; "" where there is none.
_FORMS: dict[str, tuple[str, str, str, str]] = {
    "hold.v.02": ("hold", "holds", "holding", "held"),
    "push.v.01": ("push", "pushes", "pushing", "pushed"),
    "look.v.01": ("watch|look at", "watches|looks at", "watching|looking at", "watched"),
    "help.v.01": ("help", "helps", "helping", "helped"),
    "hold.v.14": ("carry", "carries", "carrying", "carried"),
    "talk.v.01": ("talk with|speak with", "talks with|speaks with", "talking with|speaking with", ""),
    "talk.v.02": ("talk to|speak to", "talks to|speaks to", "talking to|speaking to", ""),
    "kiss.v.02": ("kiss", "kisses", "kissing", "kissed"),
    "embrace.v.02": ("hug|embrace", "hugs|embraces", "hugging|embracing", "hugged|embraced"),
    "chase.v.01": ("chase", "chases", "chasing", "chased"),
    "": ("tackle", "tackles", "tackling", "tackled"),
}
# May stand between a verb and its object ("pushes away an opponent").
_PARTICLES = "(?:up|away|after|onto|on to)"
# Such things can act, so that a verb behind them may be theirs.
_ACTING = {"animals", "vehicles"}


@dataclass(frozen=True)
class Link:
    """One person does something to another.

    Attributes:
        subject: number of who acts.
        verb: label of the sense; empty where the 335 hold none of that verb.
        object: number of whom it is done to.
    """

    subject: int
    verb: str
    object: int


def find_links(sentences: Iterable[str]) -> tuple[Link, ...]:
    """Find links. The verb stands right before the mention of the object, or "by" before that of the subject.

    Args:
        sentences: of one picture, with marks.

    Returns:
        Each once, in order. Mentions in the plural and mentions of nothing in the picture link nobody.
    """
    found: dict[Link, None] = {}
    for sentence in sentences:
        people = people_marks(sentence)
        for place in range(len(people)):
            last = joined(sentence, people, place)[1]
            if last + 1 < len(people):
                link = _link(sentence, people[place], people[last], people[last + 1])
                if link is not None:
                    found[link] = None
    return tuple(found)


def _link(sentence: str, first: Mark, last: Mark, second: Mark) -> Link | None:
    """What the first person does to the second; `last` is the last that is joined to the first."""
    if 0 in (first.entity, second.entity) or first.entity == second.entity:
        return None
    if is_plural(first.words) or is_plural(second.words):
        return None
    between = sentence[last.end : second.start]
    if any(_ACTING & set(mark.types) for mark in parse_marks(between)):
        return None
    text = " ".join(without_marks(between).lower().split())
    for verb, (active, passive) in _patterns().items():
        if active.search(text):
            return Link(first.entity, verb, second.entity)
        if passive is not None and passive.search(text):
            return Link(second.entity, verb, first.entity)
    return None


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str] | None]]:
    """For each sense, the end of a text that says it actively and passively."""
    return {
        verb: (
            re.compile(rf"\b(?:{plain}|{with_s}|{with_ing})(?: {_PARTICLES})?$"),
            re.compile(rf"\b(?:{participle}) by$") if participle else None,
        )
        for verb, (plain, with_s, with_ing, participle) in _FORMS.items()
    }
