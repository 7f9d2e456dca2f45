"""Words of questions."""

import re

# Of what is looked for.
_SAY_NOTHING = (
    "a an the and or of to in on at by for from with is are be was were has have who whom which that this these those it "
    "its his her their he she they them him someone somebody anyone anybody person people while then"
)
_STOP_WORDS = frozenset(_SAY_NOTHING.split())
_ENDING = re.compile(r"(?<=..)(?:ing|ed|es|s)$")


def words_of(text: str) -> list[str]:
    """The words of a text.

    Args:
        text: any.

    Returns:
        In lower case, in order.
    """
    words = "".join(letter if letter.isalnum() or letter in "-'" else " " for letter in text.casefold()).split()
    return [word for word in (each.strip("-'") for each in words) if word]


def content_words(text: str) -> list[str]:
    """The words of a question that entries may hold.

    Args:
        text: the question.

    Returns:
        In lower case, in order.
    """
    return [word for word in words_of(text) if word not in _STOP_WORDS]


def stems_of(text: str) -> set[str]:
    """The content words of a text without their endings.

    Args:
        text: any.
    """
    return {_ENDING.sub("", word).rstrip("e") for word in content_words(text)}
