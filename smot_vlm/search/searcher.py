"""Answers to questions, best first.

What counts is how near a text's meaning is, how many of the question's words it holds, and how far its facts are those that
are asked for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from smot_vlm.search.database import SearchDatabase, VideoRow
from smot_vlm.search.deeds import DeedMeanings
from smot_vlm.search.entries import SEGMENT, VIDEO, Entry
from smot_vlm.search.fact_table import FactTable
from smot_vlm.search.indexing import Embed
from smot_vlm.search.query import ANYTHING, Filters, condition_of
from smot_vlm.search.words import content_words

# Meaning alone mixes up whose shirt is red; words alone miss what is said in other words. Chosen on drawn captions.
_WORDS_WEIGHT = 0.5
# Both mix up who does it to whom; facts with roles do not, as far as they are told and read.
_FACTS_WEIGHT = 1.0
# A red shirt is none where the shirt is one person's and the red another's: words next to each other in the question stand near
# each other in an answer, with at most so many words between them.
_BETWEEN = 4
# Who or which pair it is tells more than the video in which it happens.
_OF_VIDEO = 0.8
_CACHED_WORDS = 4096
# So many candidates are read to leave out what tells of the same people again.
_READ_FACTOR = 8


@dataclass(frozen=True)
class Hit:
    """An answer.

    Attributes:
        video: where.
        entry: what.
        score: the higher the better; 1 or more is nearly what was asked.
    """

    video: VideoRow
    entry: Entry
    score: float


class Searcher:
    """Keeps an index's vectors in memory and asks it. A change of the index is seen at the next question.

    Args:
        database: the index.
        embed: makes the vector of a question; None: words only.
    """

    def __init__(self, database: SearchDatabase, embed: Embed | None) -> None:
        self._database = database
        self._embed = embed
        self._version: tuple[int, int] | None = None
        self._numbers = np.zeros(0, dtype=np.int64)  # of every entry, ascending
        self._vectors = np.zeros((0, 0), dtype=np.float32)  # (embedded, dim)
        self._places = np.zeros(0, dtype=np.int64)  # of the embedded ones among the numbers
        self._exactness = np.ones(0, dtype=np.float32)
        self._deeds = DeedMeanings(embed)
        self._facts = FactTable({}, np.zeros((0, 0), dtype=np.int32), np.zeros(0, dtype=np.int64), 0, self._deeds)
        self._with_words = lru_cache(_CACHED_WORDS)(database.with_words)

    def ask(self, question: str, filters: Filters = ANYTHING, limit: int = 10) -> list[Hit]:
        """Search.

        Args:
            question: a sentence or some words; blank: everything that the filters let pass, in the index's order.
            filters: what hits must fulfil.
            limit: most hits.

        Returns:
            Hits of different people or videos, best first; none that has nothing to do with the question's words or
            meaning.

        Raises:
            ValueError: `limit` is below 1, or neither a question nor a filter is given.
        """
        condition, values = condition_of(filters)
        if limit < 1:
            raise ValueError(f"limit is {limit}; give 1 or more")
        if not question.strip() and replace(filters, folders=()) == ANYTHING:
            raise ValueError("nothing is asked; give a sentence, or a filter such as a verb")
        self._refresh()
        scores = self._meaning(question) + _WORDS_WEIGHT * self._words(question)
        scores += _FACTS_WEIGHT * self._exactness * self._facts.agreement(question)
        possible = np.arange(len(scores))
        if condition:
            possible = np.searchsorted(self._numbers, self._database.matching(condition, values))
        if question.strip():
            possible = possible[scores[possible] > 0]
        order = possible[np.argsort(-scores[possible], kind="stable")][: limit * _READ_FACTOR]
        found = self._database.read(self._numbers[order].tolist())
        return _different(
            [Hit(video, entry, float(scores[self._place(number)])) for number, video, entry in found], limit
        )

    def _refresh(self) -> None:
        version = self._database.version()
        if version != self._version:
            self._numbers = self._database.matching("1", ())
            embedded, self._vectors = self._database.vectors()
            self._places = np.searchsorted(self._numbers, embedded)
            self._facts = self._fact_table()
            whole = np.searchsorted(self._numbers, self._database.matching("entries.kind = ?", (VIDEO,)))
            self._exactness = np.ones(len(self._numbers), dtype=np.float32)
            self._exactness[whole] = _OF_VIDEO
            self._with_words.cache_clear()
            self._version = version

    def _fact_table(self) -> FactTable:
        owners, codes = self._database.statements()
        return FactTable(
            self._database.terms(), codes, np.searchsorted(self._numbers, owners), len(self._numbers), self._deeds
        )

    def _place(self, number: int) -> int:
        return int(np.searchsorted(self._numbers, number))

    def _meaning(self, question: str) -> Float[np.ndarray, "entries"]:
        """Cosines of the question's vector and every entry's; 0 where there is none."""
        scores = np.zeros(len(self._numbers), dtype=np.float32)
        if self._embed is not None and len(self._places) and question.strip():
            scores[self._places] = self._vectors @ self._embed([question])[0].astype(np.float32)
        return scores

    def _words(self, question: str) -> Float[np.ndarray, "entries"]:
        """The share of the question's words, and of neighbours that stand near each other, in each entry; rare ones weigh more."""
        words = content_words(question)
        shares, whole = np.zeros(len(self._numbers), dtype=np.float32), 0.0
        for term in dict.fromkeys([*((word,) for word in words), *pairwise(words)]):
            holders = np.searchsorted(self._numbers, self._with_words(term, _BETWEEN))
            # Above 0 even for what all hold. A pair that nothing holds is none that was meant.
            weight = math.log1p(len(self._numbers) / (1 + len(holders)))
            if len(term) == 1 or len(holders):
                shares[holders] += weight
                whole += weight
        return shares / whole if whole else shares


def _different(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The best hit of each person, pair and video: a person's caption holds what its segments say."""
    seen: set[tuple[str, tuple[int, ...]]] = set()
    kept: list[Hit] = []
    for hit in hits:
        people = hit.entry.people[:1] if hit.entry.kind == SEGMENT else hit.entry.people
        who = (hit.video.path, people if hit.entry.kind != VIDEO else ())
        if who not in seen:
            seen.add(who)
            kept.append(hit)
    return kept[:limit]
