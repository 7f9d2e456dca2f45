"""Tokens of all captions of a run and METEOR's counts of all pairs that are compared anywhere, computed once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation import caption_measures
from smot_vlm.evaluation.java import JavaError


@dataclass(frozen=True, eq=False)
class CaptionStatistics:
    """Tokens of every caption, and METEOR's counts of every pair of captions.

    Attributes:
        tokens: caption -> its tokens.
        meteor: (true caption, predicted caption) -> counts; None without METEOR.
        reason: why there is no METEOR.
        notes: how it was done, where that is not as the protocol says.
    """

    tokens: Mapping[str, str]
    meteor: Mapping[tuple[str, str], np.ndarray] | None
    reason: str
    notes: tuple[str, ...]

    def meteor_rows(self, references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
        """METEOR's counts of each pair.

        Args:
            references: true captions.
            predictions: as many predicted ones.

        Returns:
            (rows, 23), NaN without METEOR.
        """
        if self.meteor is None:
            return np.full((len(references), caption_measures.METEOR_TERMS), np.nan)
        rows = [self.meteor[pair] for pair in zip(references, predictions, strict=True)]
        return np.reshape(rows, (len(references), caption_measures.METEOR_TERMS))

    def quality(self, references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
        """The mean of METEOR and ROUGE-L of each pair.

        Args:
            references: true captions.
            predictions: as many predicted ones.

        Returns:
            (rows,) in [0, 1]; NaN without METEOR.
        """
        meteor = caption_measures.meteor(self.meteor_rows(references, predictions))
        return np.asarray((meteor + self.rouge(references, predictions)) / 2)

    def rouge(self, references: Sequence[str], predictions: Sequence[str]) -> np.ndarray:
        """ROUGE-L of each pair, on tokens.

        Args:
            references: true captions.
            predictions: as many predicted ones.

        Returns:
            (rows,).
        """
        return caption_measures.rouge_l(self.lines(references), self.lines(predictions))

    def lines(self, texts: Sequence[str]) -> list[str]:
        """The tokens of each caption.

        Args:
            texts: captions that were compared.

        Returns:
            One line each.
        """
        return [self.tokens[text] for text in texts]


def collect_statistics(comparisons: Iterable[tuple[Sequence[str], Sequence[str]]]) -> CaptionStatistics:
    """Tokenize every caption once and ask METEOR once about every pair.

    Args:
        comparisons: (true captions, predicted captions) of each comparison.

    Returns:
        The statistics.
    """
    compared: dict[tuple[str, str], None] = {}
    for references, predictions in comparisons:
        compared.update(dict.fromkeys(zip(references, predictions, strict=True)))
    texts = list(dict.fromkeys(text for pair in compared for text in pair))
    tokens = caption_measures.tokenize(texts)
    notes = (tokens.note,) if tokens.note else ()
    lines = dict(zip(texts, tokens.lines, strict=True))
    pairs = list(compared)
    try:
        counts = caption_measures.meteor_statistics([lines[a] for a, _ in pairs], [lines[b] for _, b in pairs])
    except JavaError as error:
        return CaptionStatistics(lines, None, str(error), notes)
    return CaptionStatistics(lines, dict(zip(pairs, counts, strict=True)), "", notes)
