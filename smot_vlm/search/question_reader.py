"""A question read as facts: who, by looks, does what to whom, and where. What cannot be read is passed over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from smot_vlm.language.caption_lexicon import SCENES
from smot_vlm.language.known_words import ALL_WORDS as WORDS
from smot_vlm.search.words import words_of

# Value -> how well it fulfils what is asked, 0 to 1.
Values = dict[str, float]

_MOST_WORDS = 3
_ANYBODY = frozenset(["someone", "somebody", "anyone", "anybody", "person", "people", "one"])
_PLURALS = {"men": "man", "women": "woman", "boys": "boy", "girls": "girl", "children": "child", "kids": "kid"}
_ARTICLES = frozenset(["a", "an", "the", "another", "some", "other", "his", "her", "their", "two"])
# Clothes follow these.
_WEARING = frozenset(["in", "wearing", "wears", "wear", "dressed", "with", "has", "having", "and", "whose"])
# Say nothing of what is done, at the ends of a clause.
_AROUND = (
    frozenset(
        [
            "who",
            "that",
            "which",
            "is",
            "are",
            "was",
            "were",
            "be",
            "being",
            "gets",
            "getting",
            "and",
            "then",
            "while",
            "it",
            "there",
        ]
    )
    | _ARTICLES
)
_OWN = (["who"], ["that"], ["which"], ["while"])
_BEING = "(?:is|are|was|were|being|be|been|gets|getting)"
_PASSIVE = re.compile(rf"(?:{_BEING} )*(.+) by")
_PASSIVE_ALONE = re.compile(rf"(?:{_BEING} )+(?!\w+ing\b)(.+)")
_SEVERAL_DEEDS = re.compile(r" (?:and then|then|and|while|before) ")
# Where a colour is named without its garment, the shirt is meant rather than the trousers.
_REST = 0.5


@dataclass
class Somebody:
    """A person as a question tells of it.

    Attributes:
        tests: field of a `Statement` -> what may stand there; each alternative is one that fulfils the test.
    """

    tests: list[dict[str, Values]] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """One thing that a question asks for.

    Attributes:
        who: does it.
        deed: in the question's words, without who and whom; empty where none is told.
        is_passive: it is done to `who`, and by `whom`.
        whom: the other person; None where none is told.
        place: where.
    """

    who: Somebody
    deed: str = ""
    is_passive: bool = False
    whom: Somebody | None = None
    place: Values = field(default_factory=dict)


class _Clause(NamedTuple):
    """What stands behind a person.

    Attributes:
        text: the words for a deed.
        is_own: it is told of this person in any case: "who falls".
    """

    text: str
    is_own: bool


def read_question(question: str) -> tuple[Asked, ...]:
    """Read a question.

    Args:
        question: any text.

    Returns:
        What is asked for, in order; nothing where no fact can be read.
    """
    return _Reader(words_of(question)).asked()


class _Reader:
    """Goes over the words of a question: people, what they wear and have; the words between are what they do."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._people: list[Somebody] = []
        self._between: list[list[str]] = [[]]  # before the first person, and after each
        self._place: Values = {}

    def asked(self) -> tuple[Asked, ...]:
        place = 0
        while place < len(self._words):
            place += self._take(place)
        if not self._people:
            # A deed or a place alone.
            self._people.append(Somebody())
            self._between.insert(0, [])
        clauses = [_Clause(" ".join(_trimmed(words)), words[:1] in _OWN) for words in self._between[1:]]
        found: list[Asked] = []
        at = 0
        while at < len(clauses):
            at = self._clause(clauses, at, found)
        return tuple(asked for asked in found if asked.who.tests or asked.deed or asked.place)

    def _clause(self, clauses: Sequence[_Clause], at: int, found: list[Asked]) -> int:
        """What a person does; gives the next who acts.

        Args:
            clauses: what stands behind each person.
            at: the person.
            found: what is asked for is put there.
        """
        who, others = self._people[at], self._people[at + 1 : at + 2]
        whom = others[0] if others else None
        rest = clauses[at + 1] if others else _Clause("", False)
        if others and not clauses[at].text:
            # "A man and a woman fight": with each other.
            found.append(Asked(who, rest.text, whom=whom, place=self._place))
            return at + 2
        *before, last = _SEVERAL_DEEDS.split(clauses[at].text)
        found += [Asked(who, deed, place=self._place) for deed in before]
        passive = (_PASSIVE if others else _PASSIVE_ALONE).fullmatch(last)
        deed = passive.group(1) if passive else last
        # "Leads a boy by the hand": what follows the other person tells of the same deed, unless it is the other's own.
        is_own = rest.is_own or at + 2 < len(clauses)
        if rest.text and not is_own:
            deed = f"{deed} {rest.text}"
        found.append(Asked(who, deed, passive is not None, whom, self._place))
        return at + 1 if rest.text and is_own else at + 2

    def _take(self, place: int) -> int:
        """Read what stands at a word; gives the number of words."""
        word = _PLURALS.get(self._words[place], self._words[place])
        kind = self._known(place, WORDS.kinds)
        if kind or word in _ANYBODY or word in WORDS.kinds:
            kind = kind or word
            self._people.append(Somebody([{"kind": _values(kind, WORDS.kinds)}] if kind in WORDS.kinds else []))
            self._between.append([])
            return len(kind.split())
        taken = self._worn(place) or self._scene(place)
        if not taken:
            self._between[-1].append(word)
        return taken or 1

    def _worn(self, place: int) -> int:
        """Clothes and things had at a word, with the words before them that say no more; gives their number, 0 for none."""
        start = place
        while place < len(self._words) and self._words[place] in _WEARING | _ARTICLES:
            place += 1
        led_by = self._words[start:place]
        is_led = not _WEARING.isdisjoint(led_by)
        colour = self._known(place, WORDS.colours)
        after = place + len(colour.split())
        garment, has = self._known(after, WORDS.garments), self._known(after, WORDS.has)
        if has and is_led:
            # The colour of a bag is nothing that is known.
            self._add(dict.fromkeys(("has", "has_too"), _values(has, WORDS.has)))
        elif garment and (colour or is_led):
            if colour:
                half = "upper" if WORDS.garments[garment][0] else "lower"
                self._add({f"{half}_colour": _values(colour, WORDS.colours)})
        elif colour and is_led and led_by[-1] not in _ARTICLES:
            values = _values(colour, WORDS.colours)
            rest = {value: weight * _REST for value, weight in values.items()}
            self._add({"upper_colour": values, "lower_colour": rest})
        else:
            return 0
        return after + len((has if is_led and has else garment).split()) - start

    def _add(self, test: dict[str, Values]) -> None:
        if not self._people:
            # "Blue jacket": somebody's.
            self._people.append(Somebody())
            self._between.append([])
        self._people[-1].tests.append(test)

    def _scene(self, place: int) -> int:
        start = place
        if self._words[place] not in ("in", "on", "at"):
            return 0
        for end in range(min(place + 1 + _MOST_WORDS + 1, len(self._words)), start + 1, -1):
            told = " ".join(word for word in self._words[start + 1 : end] if word not in _ARTICLES)
            if told in _SCENE_OF:
                self._place = {_SCENE_OF[told]: 1.0}
                return end - start
        return 0

    def _known(self, place: int, known: Mapping[str, object]) -> str:
        """The longest known phrase that begins at a word; empty for none."""
        ends = range(min(place + _MOST_WORDS, len(self._words)), place, -1)
        phrases = (" ".join(self._words[place:end]) for end in ends)
        return next((phrase for phrase in phrases if phrase in known), "")


def _values(word: str, known: Mapping[str, tuple[str, ...]]) -> Values:
    """What a word stands for; a value that it names itself before others."""
    values = known[word]
    return {value: 1.0 if value == word or word not in values else _REST for value in values}


def _trimmed(words: list[str]) -> list[str]:
    while words and words[0] in _AROUND - {"is", "are", "being", "gets"}:
        words = words[1:]
    while words and words[-1] in _AROUND | {"in", "on", "at"} - {"by"}:
        words = words[:-1]
    return words


def _scene_words() -> dict[str, str]:
    table: dict[str, str] = {}
    for scene, phrases in SCENES.items():
        for phrase in phrases:
            told = [word for word in phrase.split()[1:] if word not in _ARTICLES]
            table[" ".join(told)] = table[told[-1]] = scene
        table[scene.replace("_", " ")] = scene
    return table


_SCENE_OF = _scene_words()
