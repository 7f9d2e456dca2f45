"""Draws sequences with rare verbs and scenarios more often than there are of them.

A verb or scenario weighs by the inverse square root of how many sequences have it, relative to the most frequent one and up
to a cap (Mahajan et al. 2018); of a sequence's verbs the rarest counts (Gupta et al. 2019, LVIS).
"""

import logging
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from smot_vlm.data.sequences import SequenceSource
from smot_vlm.training.sequence_sources import DrawnWorld

logger = logging.getLogger(__name__)


def source_odds(source: SequenceSource, by: str, cap: float, name: str = "") -> np.ndarray | None:
    """How often each sequence of a source is drawn; their annotations are read once.

    Args:
        source: Of the sequences.
        by: "off", "verb", "scenario" or "both".
        cap: Of what is rare, see `rarity`.
        name: Of the source in the log.

    Returns:
        Factors from 1 (sequences,), both multiplied; None where all are drawn alike, as drawn sequences always are.
    """
    if by == "off" or isinstance(source, DrawnWorld):
        return None
    verbs: list[frozenset[str]] = []
    scenarios: list[frozenset[str]] = []
    for sequence in (source[index] for index in range(len(source))):
        verbs.append(frozenset(edge.verb for edge in sequence.interactions))
        scenarios.append(frozenset({sequence.name.rpartition("/")[0]}))
    odds = np.ones(len(source))
    for labels, wanted in ((verbs, "verb"), (scenarios, "scenario")):
        if by in (wanted, "both"):
            odds = odds * rarity(labels, cap)
            logger.info("%s: balanced by %d kinds of %s", name, len(frozenset().union(*labels)), wanted)
    return odds


def rarity(labels: Sequence[Collection[str]], cap: float) -> np.ndarray:
    """How much more often than one with usual labels a sequence is drawn.

    Args:
        labels: Of each sequence.
        cap: The largest factor.

    Returns:
        (sequences,): of each the largest of min(cap, sqrt(most / count)) over its labels, `count` sequences having the
        label and `most` the most frequent one; 1 without labels.
    """
    counts = Counter(label for own in labels for label in set(own))
    most = max(counts.values(), default=1)
    return np.array([max((min(cap, (most / counts[label]) ** 0.5) for label in own), default=1.0) for own in labels])
