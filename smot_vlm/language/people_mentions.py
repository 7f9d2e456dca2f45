"""What the sentences of a picture tell of one person: its names, what it wears, and what is told of it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from smot_vlm.formats.entity_marks import Mark, parse_marks, without_marks
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language.people_facts import PersonFacts, facts_of_phrases, worn_colours

PEOPLE = "people"
# Between two mentions: what follows is told of both.
_JOINING = re.compile(r"[\s,]*(and|,)[\s,]*")
# The noun of a phrase stands before these ("a man in black", "one of the boys").
_AFTER_NOUN = {"of", "in", "with", "on", "at", "from", "wearing", "who", "holding", "for"}
_PLURAL_NOUNS = frozenset(
    word
    for words in (
        "people men women children crowd team couple family group all band audience parade class police pair",
        "bunch fishermen policemen firemen gentlemen gathering pile column bundle both two three four five",
        "six many several",
    )
    for word in words.split()
)
_NO_PLURAL = {"his", "hers", "this"}
_WORD = re.compile(r"[^\W\d_]{2,}(?:[-'][^\W\d_]+)*")


@dataclass(frozen=True)
class Telling:
    """What sentences tell of one person.

    Attributes:
        names: noun phrases in the singular that stand for it, in order.
        clothes: noun phrases of what it wears.
        clauses: what is told of it, without the phrases themselves.
        plural: mentions by a phrase in the plural; their words are left out.
    """

    names: tuple[str, ...]
    clothes: tuple[str, ...]
    clauses: tuple[str, ...]
    plural: int

    @property
    def is_group(self) -> bool:
        """Whether most mentions are in the plural: a crowd, a team."""
        return self.plural > len(self.names)


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase stands for several people.

    Args:
        phrase: such as "two young men".

    Returns:
        True by its noun ("a group of boys", "players"), or by two of them ("a man and woman").
    """
    words = [word.lower() for word in _WORD.findall(phrase)]
    if any(word == "and" and before in lexicon.KIND_WORDS for before, word in pairwise(words)):
        return True
    before = list(takewhile(lambda word: word not in _AFTER_NOUN, words))
    if not before:
        return False
    noun = before[-1]
    return noun in _PLURAL_NOUNS or (
        noun.endswith("s") and not noun.endswith(("ss", "us", "'s")) and noun not in _NO_PLURAL
    )


def tell(sentences: Iterable[str], person: int) -> Telling:
    """Gather what is told of a person.

    Text counts from a mention of the person up to the next mention of people. Where a joining word alone stands between
    ("a man and a woman dance"), what follows the last of them is told of each, but for the things in it.

    Args:
        sentences: of one picture, with marks.
        person: number of the person.

    Returns:
        What is told.
    """
    names: list[str] = []
    clothes: list[str] = []
    clauses: list[str] = []
    plural = 0
    for sentence in sentences:
        people = people_marks(sentence)
        for place, mark in enumerate(people):
            if mark.entity != person:
                continue
            if is_plural(mark.words):
                plural += 1
                continue
            names.append(mark.words)
            last = joined(sentence, people, place)[1]
            part = sentence[people[last].end : _next_start(sentence, people, last)]
            if last > place:
                clauses.append(without_marks(part, keep_words=False))
                continue
            clothes += [worn.words for worn in parse_marks(part) if worn.types == ("clothing",)]
            plain = without_marks(part)
            clothes += worn_colours(plain)
            clauses.append(plain)
    return Telling(tuple(names), tuple(clothes), tuple(clauses), plural)


def facts_of_person(telling: Telling, wears: Iterable[str] = ()) -> PersonFacts:
    """The facts of one person.

    Args:
        telling: what sentences tell of it.
        wears: more noun phrases of its clothes.

    Returns:
        The facts.
    """
    return facts_of_phrases(telling.names, (*wears, *telling.clothes), telling.clauses)


def people_marks(sentence: str) -> tuple[Mark, ...]:
    """The mentions of people in a sentence.

    Args:
        sentence: with marks.

    Returns:
        In order.
    """
    return tuple(mark for mark in parse_marks(sentence) if PEOPLE in mark.types)


def joined(sentence: str, people: Sequence[Mark], place: int) -> tuple[int, int]:
    """The mentions that are joined to one by "and" or a comma alone ("a man , a woman and a boy").

    Args:
        sentence: with marks.
        people: its mentions of people.
        place: of the mention in `people`.

    Returns:
        Places of the first and of the last of them; twice `place` where nobody is joined to it.
    """

    def is_joined(place: int) -> bool:
        return bool(_JOINING.fullmatch(sentence[people[place].end : people[place + 1].start]))

    first = last = place
    while first > 0 and is_joined(first - 1):
        first -= 1
    while last + 1 < len(people) and is_joined(last):
        last += 1
    return first, last


def _next_start(sentence: str, people: Sequence[Mark], place: int) -> int:
    return people[place + 1].start if place + 1 < len(people) else len(sentence)
