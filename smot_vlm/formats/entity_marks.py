"""Sentences in which phrases are marked with the things they stand for, as in Flickr30k Entities.

    [/EN#18/people A little girl] climbing [/EN#20/other the stairs] to [/EN#22/other her playhouse] .

The number is the same wherever a sentence of one picture speaks of the same thing; 0 stands for nothing in the picture.
"""

import re
from dataclasses import dataclass

_MARK = re.compile(r"\[/EN#(\d{1,9})/(\S+) ([^\]]*)\]")


@dataclass(frozen=True)
class Mark:
    """One marked phrase.

    Attributes:
        entity: number of the thing; 0 for nothing in the picture.
        types: such as people, clothing, bodyparts, animals, vehicles, instruments, scene, other, notvisual.
        words: the phrase.
        start: where the mark begins in the marked sentence.
        end: where it ends, behind the bracket.
    """

    entity: int
    types: tuple[str, ...]
    words: str
    start: int
    end: int


def parse_marks(sentence: str) -> tuple[Mark, ...]:
    """Find the marked phrases.

    Args:
        sentence: with marks.

    Returns:
        In order.
    """
    return tuple(
        Mark(int(found[1]), tuple(found[2].split("/")), found[3].strip(), found.start(), found.end())
        for found in _MARK.finditer(sentence)
    )


def without_marks(sentence: str, keep_words: bool = True) -> str:
    """Take the marks out of a sentence or a part of it.

    Args:
        sentence: with marks.
        keep_words: false takes the marked phrases out, too.

    Returns:
        The plain words, spaces as they are.
    """
    return _MARK.sub(lambda found: str(found[3]) if keep_words else "", sentence)
