"""What is said of one person, read from the words of human captions or from labels.

Only what is said is kept. What a source does not say stays unknown, so that no loss and no score takes it for a "no".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from smot_vlm.language import people_lexicon as lexicon

# Words as the lexicon spells them.
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
# Joined before reading: the lexicon knows them as one word.
_JOINED = {
    "tank top": "tank-top",
    "bathing suit": "bathing-suit",
    "ice cream": "icecream",
    "cell phone": "cellphone",
    "mid air": "mid-air",
    "soccer ball": "soccerball",
    "tennis ball": "tennisball",
    "dirt bike": "dirtbike",
    "polar bear": "polarbear",
    "swim trunks": "trunks",
}
# After these words a colour is worn, though no garment is named ("a man in black").
_WORN_AFTER = ("in", "wearing", "wears", "dressed")


@dataclass(frozen=True)
class PersonFacts:
    """What is said of a person; empty where nothing is.

    Attributes:
        kinds: of KINDS, those that the person can be; several for "child".
        upper: colours of what covers the upper body.
        lower: colours of what covers the lower body.
        worn: colours of some clothing, of these parts or of others.
        upper_garments: of UPPER_GARMENTS.
        lower_garments: of LOWER_GARMENTS.
        has: of ATTRIBUTES, those said to be there.
        lacks: of ATTRIBUTES, those said not to be there.
        things: of THINGS, what the person is with.
        deeds: of DEEDS.
    """

    kinds: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    worn: tuple[str, ...] = ()
    upper_garments: tuple[str, ...] = ()
    lower_garments: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()


def words_of(text: str) -> list[str]:
    """The words of a text, in the lexicon's spelling.

    Args:
        text: any.

    Returns:
        Lower-case words, with known pairs joined.
    """
    text = text.lower()
    for pair, word in _JOINED.items():
        text = text.replace(pair, word)
    return _WORD.findall(text)


def facts_of_phrases(names: Iterable[str], clothes: Iterable[str], clauses: Iterable[str]) -> PersonFacts:
    """The facts of one person.

    Args:
        names: noun phrases that stand for the person ("a young man in red").
        clothes: noun phrases of what the person wears ("a red shirt").
        clauses: what is told of the person, without the phrase itself ("is riding a bike").

    Returns:
        Each value once, in the order of the lexicon.
    """
    named = [words_of(name) for name in names]
    worn = [words_of(phrase) for phrase in clothes]
    told = [words_of(clause) for clause in clauses]
    upper, lower, anywhere, upper_garments, lower_garments = _clothing(worn)
    said = [word for words in (*named, *worn, *told) for word in words]
    return PersonFacts(
        kinds=_kinds(named),
        upper=_ordered(upper, lexicon.COLOURS),
        lower=_ordered(lower, lexicon.COLOURS),
        worn=_ordered(anywhere, lexicon.COLOURS),
        upper_garments=_ordered(upper_garments, lexicon.UPPER_GARMENTS),
        lower_garments=_ordered(lower_garments, lexicon.LOWER_GARMENTS),
        has=_ordered(_values(said, lexicon.ATTRIBUTE_WORDS), lexicon.ATTRIBUTES),
        things=_ordered(_values((word for words in told for word in words), lexicon.THING_WORDS), lexicon.THINGS),
        deeds=_ordered(
            _values((word for words in (*named, *told) for word in words), lexicon.DEED_WORDS), lexicon.DEEDS
        ),
    )


def worn_colours(clause: str) -> list[str]:
    """Colours worn without a garment's name: "in black", "wearing blue and white".

    Args:
        clause: what is told of a person.

    Returns:
        Phrases for `facts_of_phrases(clothes=...)`.
    """
    words = words_of(clause)
    found = []
    for index, word in enumerate(words):
        if word in _WORN_AFTER:
            after = takewhile(lambda word: word in lexicon.COLOUR_WORDS or word == "and", words[index + 1 :])
            found.append(" ".join(after))
    return [phrase for phrase in found if phrase]


def _kinds(named: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The kinds that every phrase allows; where phrases contradict each other those that most of them allow."""
    votes = dict.fromkeys(lexicon.KINDS, 0)
    for words in named:
        for word in words:
            for kind in lexicon.KIND_WORDS.get(word, ()):
                votes[kind] += 1
    best = max(votes.values())
    return tuple(kind for kind, count in votes.items() if count == best) if best else ()


def _clothing(phrases: Iterable[Sequence[str]]) -> tuple[set[str], set[str], set[str], set[str], set[str]]:
    """Colours of the upper and the lower body and of anything, and garments of both."""
    upper: set[str] = set()
    lower: set[str] = set()
    anywhere: set[str] = set()
    upper_garments: set[str] = set()
    lower_garments: set[str] = set()
    for words in phrases:
        colours = _values(words, lexicon.COLOUR_WORDS)
        above, below = _parts(words)
        if "hair" not in words:
            anywhere |= colours
        if above:
            upper_garments.add(above)
            upper |= colours
        if below:
            lower_garments.add(below)
            lower |= colours
    return upper, lower, anywhere, upper_garments, lower_garments


def _parts(words: Sequence[str]) -> tuple[str, str]:
    """The garment of a phrase, which is its last word that names one ("a white dress shirt")."""
    for word in reversed(words):
        if word in lexicon.GARMENT_WORDS:
            return lexicon.GARMENT_WORDS[word]
    return "", ""


def _values(words: Iterable[str], table: dict[str, tuple[str, ...]]) -> set[str]:
    return {value for word in words for value in table.get(word, ())}


def _ordered(values: set[str], order: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in order if value in values)
