"""The clauses of captions that tell a deed, each as it stands in the text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from smot_vlm.language.fact_reader import read_deeds
from smot_vlm.language.fact_records import Deed

# What ends a clause: a stop, or a word that begins another one.
_END = re.compile(r"\s*(?:[,.;:]|\b(?:and|(?<!a )while|then|afterwards|before|in front of the camera|as the clip)\b|$)")


@dataclass(frozen=True)
class DeedClause:
    """A clause and the deed that it tells.

    Attributes:
        text: as it stands in the caption.
        deed: what it tells.
    """

    text: str
    deed: Deed


def person_clauses(caption: str) -> tuple[DeedClause, ...]:
    """What a person's caption says of this person, clause by clause, each from its verb on.

    Args:
        caption: of one person.

    Returns:
        In the order of the text.
    """
    deeds = read_deeds(caption)
    ends = _ends(caption, deeds)
    return tuple(
        DeedClause(caption[deed.start : end], deed) for deed, end in zip(deeds, ends, strict=True) if deed.of_main
    )


def video_clauses(caption: str) -> tuple[DeedClause, ...]:
    """What a video's caption says of anybody, clause by clause, each from whom it names on.

    Args:
        caption: of a video.

    Returns:
        In the order of the text.
    """
    deeds = read_deeds(caption)
    ends = _ends(caption, deeds)
    return tuple(DeedClause(caption[deed.sentence : end], deed) for deed, end in zip(deeds, ends, strict=True))


def _ends(caption: str, deeds: Sequence[Deed]) -> list[int]:
    limits = [later.sentence for _, later in pairwise(deeds)] + [len(caption)]
    ends = []
    for deed, limit in zip(deeds, limits, strict=False):
        match = _END.search(caption, min(deed.end, limit), limit)
        ends.append(match.start() if match else limit)
    return ends
