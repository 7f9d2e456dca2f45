"""The words that a model can tell of one person, with what each stands for: kinds, colours, garments, what is had, deeds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smot_vlm.language import caption_lexicon, people_lexicon

# Words for several of the values that a lexicon keeps apart.
_DRAWN_GROUPS = {"hat": ("cap", "straw_hat", "beanie"), "bag": ("handbag", "shoulder_bag")}
_KIND_GROUPS = {
    "child": ("boy", "girl"),
    "adult": ("man", "woman"),
    "male": ("man", "boy"),
    "female": ("woman", "girl"),
}


@dataclass(frozen=True)
class KnownWords:
    """Words, each with the values that it stands for.

    Attributes:
        kinds: nouns of people.
        colours: of clothes.
        garments: word -> (value of the upper body, of the lower body); "" where the word says nothing of that half.
        has: what is worn or carried.
        deeds: what one does alone, as verbs in the third person and, where they have one, other forms.
    """

    kinds: Mapping[str, tuple[str, ...]]
    colours: Mapping[str, tuple[str, ...]]
    garments: Mapping[str, tuple[str, str]]
    has: Mapping[str, tuple[str, ...]]
    deeds: Mapping[str, tuple[str, ...]]


def _inverse(table: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Word -> the values that it is a word of."""
    words: dict[str, tuple[str, ...]] = {}
    for value, told in table.items():
        for word in told:
            words[word] = (*words.get(word, ()), value)
    return words


def third_person(verb: str) -> str:
    """A verb as it follows "somebody".

    Args:
        verb: such as "carry", or "let go of".

    Returns:
        Such as "carries", "lets go of".
    """
    first, blank, rest = verb.partition(" ")
    if first in ("be", "have"):
        return {"be": "is", "have": "has"}[first] + blank + rest
    if first.endswith("y") and first[-2:-1] not in tuple("aeiou"):
        return f"{first[:-1]}ies{blank}{rest}"
    ending = "es" if first.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"
    return f"{first}{ending}{blank}{rest}"


def _drawn_deeds() -> dict[str, tuple[str, ...]]:
    deeds = _inverse({label: (phrase.finite for phrase in told) for label, told in caption_lexicon.ACTIONS.items()})
    for label in caption_lexicon.ACTIONS:
        verb = third_person(label.split("_")[0])
        deeds[verb] = (*deeds.get(verb, ()), label)
    return deeds


def _people_deeds() -> dict[str, tuple[str, ...]]:
    finite = _inverse({deed: (third_person(deed),) for deed in people_lexicon.DEEDS})
    return {**people_lexicon.DEED_WORDS, **finite}


def _drawn_garments() -> dict[str, tuple[str, str]]:
    told = [*caption_lexicon.TOPS.values(), *caption_lexicon.BOTTOMS.values()]
    return {
        word: people_lexicon.GARMENT_WORDS[word]
        for word in sorted({word for words in told for word in words})
        if word in people_lexicon.GARMENT_WORDS
    }


DRAWN_WORDS = KnownWords(
    kinds=_inverse(caption_lexicon.KINDS) | _KIND_GROUPS,
    colours=_inverse(caption_lexicon.COLOURS),
    garments=_drawn_garments(),
    has=_inverse(caption_lexicon.ACCESSORIES) | _DRAWN_GROUPS,
    deeds=_drawn_deeds(),
)
PEOPLE_WORDS = KnownWords(
    kinds=people_lexicon.KIND_WORDS,
    colours=people_lexicon.COLOUR_WORDS,
    garments=people_lexicon.GARMENT_WORDS,
    has=_inverse({value: (value,) for value in people_lexicon.ATTRIBUTES}) | people_lexicon.ATTRIBUTE_WORDS,
    deeds=_people_deeds(),
)


def joined(first: KnownWords, second: KnownWords) -> KnownWords:
    """The words of two models of which either may speak.

    Args:
        first: of one.
        second: of the other.

    Returns:
        A word of both stands for the values of both.
    """

    def both(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {
            word: tuple(dict.fromkeys((*one.get(word, ()), *other.get(word, ()))))
            for word in dict.fromkeys([*one, *other])
        }

    return KnownWords(
        both(first.kinds, second.kinds),
        both(first.colours, second.colours),
        {**first.garments, **second.garments},
        both(first.has, second.has),
        both(first.deeds, second.deeds),
    )


# Every word that some model may know.
ALL_WORDS = joined(DRAWN_WORDS, PEOPLE_WORDS)
