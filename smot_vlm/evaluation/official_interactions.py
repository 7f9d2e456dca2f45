"""Interaction scores as the released SMOTer code computes them: verbs of pairs that are known to interact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation.results import Column, Part, divide, precision_recall_f1, sum_part
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.evaluation.strict_interactions import best_scores

# A verb is predicted when its probability is above this.
SCORE_THRESHOLD = 0.4

COLUMNS = tuple(Column("interactions", name) for name in ("precision", "recall", "F1", "accuracy"))


@dataclass(frozen=True)
class RelationCounts:
    """Counts over all (pair, verb).

    Attributes:
        true_positives: verbs predicted and true.
        false_positives: verbs predicted and not true.
        misses: verbs true and not predicted.
        right_pairs: pairs that are wholly right.
        pairs: all pairs.
    """

    true_positives: int
    false_positives: int
    misses: int
    right_pairs: int
    pairs: int


def count_relations(scores: np.ndarray, labels: np.ndarray) -> RelationCounts:
    """Count verbs. A score is positive when it is above 0.4, compared in float64.

    So the float32 number nearest to 0.4, which is a little more, counts as positive.

    Args:
        scores: (pairs, verbs).
        labels: (pairs, verbs), above 0 where true.

    Returns:
        The counts.
    """
    predicted = np.asarray(scores, dtype=np.float64) > SCORE_THRESHOLD
    true = np.asarray(labels) > 0
    right = int((predicted == true).all(axis=1).sum()) if len(predicted) else 0
    return RelationCounts(
        int((predicted & true).sum()),
        int((predicted & ~true).sum()),
        int((~predicted & true).sum()),
        right,
        len(predicted),
    )


def relation_scores(counts: Sequence[float] | np.ndarray) -> np.ndarray:
    """Micro precision, recall, F1 and the share of pairs wholly right.

    Args:
        counts: the fields of `RelationCounts` in order, summed over sequences.

    Returns:
        (4,); 0 where there is nothing to divide by.
    """
    right, extra, missed, right_pairs, pairs = (float(count) for count in counts)
    return np.array([*precision_recall_f1(right, right + extra, right + missed), float(divide(right_pairs, pairs))])


def relations_part(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> Part:
    """The official columns of interactions.

    Only ordered pairs of predicted tracks whose true tracks interact are asked; several predicted pairs may stand for
    one true pair. Other pairs, and true pairs without a predicted one, cost nothing.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.

    Returns:
        Four columns.
    """
    sums = np.zeros((len(pairs), 5))
    for row, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
        counts = count_relations(*_tables(pair, match))
        sums[row] = [counts.true_positives, counts.false_positives, counts.misses, counts.right_pairs, counts.pairs]

    def finish(total: np.ndarray) -> np.ndarray:
        return relation_scores(total) if total[4] else np.full(len(COLUMNS), np.nan)

    reason = "no predicted pair of people that interact in the ground truth"
    part = sum_part(COLUMNS, sums, finish)
    return Part(COLUMNS, part.score, {column.name: reason for column in COLUMNS})


def _tables(pair: Pair, match: Mapping[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels (asked pairs, verbs) of one sequence."""
    true: dict[tuple[int, int], set[str]] = {}
    for edge in pair.truth.interactions:
        true.setdefault((edge.subject, edge.object), set()).add(edge.verb)
    asked = [(a, b) for a in match for b in match if a != b and (match[a], match[b]) in true]
    predicted = best_scores(pair.prediction.interactions)
    verbs = sorted({edge.verb for edge in (*pair.truth.interactions, *pair.prediction.interactions)})
    scores, labels = np.zeros((2, len(asked), len(verbs)))
    for row, (subject, target) in enumerate(asked):
        for column, verb in enumerate(verbs):
            scores[row, column] = predicted.get((subject, verb, target), 0.0)
            labels[row, column] = verb in true[match[subject], match[target]]
    return scores, labels
