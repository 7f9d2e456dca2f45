"""Strict scores of interactions: triplets <subject, verb, object> over all ordered pairs of people.

Every triplet that a run lists is a prediction, whatever its score: a run lists what it asserts, and where its own
thresholds are calibrated a low score can be meant. Average precision ranks the listed triplets by score.

A predicted triplet is right when both its tracks are matched one to one to true tracks and the truth has the same verb
between these two, in the same direction. Any other predicted triplet counts against precision, be its people unmatched;
a true triplet that nobody predicted, be its people unmatched, is a miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation.results import Column, Part, VerbScore, divide, precision_recall_f1
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.structures import Interaction

COLUMNS = tuple(
    Column("interactions", name)
    for name in ("precision", "recall", "F1", "macro precision", "macro recall", "macro F1", "mAP")
)


@dataclass(frozen=True, eq=False)
class Triplets:
    """All triplets of a set, one row each.

    Attributes:
        verbs: labels in alphabetical order; the columns `verb` index them.
        predicted_verb: of each predicted triplet.
        predicted_sequence: position of its sequence in the set.
        score: of each predicted triplet.
        hit: whether it is true.
        true_verb: of each true triplet.
        true_sequence: position of its sequence.
    """

    verbs: tuple[str, ...]
    predicted_verb: np.ndarray
    predicted_sequence: np.ndarray
    score: np.ndarray
    hit: np.ndarray
    true_verb: np.ndarray
    true_sequence: np.ndarray


@dataclass(frozen=True, eq=False)
class VerbCounts:
    """Counts of each verb, float64 (verbs,) each.

    Attributes:
        true_positives: predicted and true.
        false_positives: predicted and not true.
        misses: true and not predicted.
    """

    true_positives: np.ndarray
    false_positives: np.ndarray
    misses: np.ndarray


def collect_triplets(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> Triplets:
    """Judge every predicted triplet. One that is listed twice counts once, with its best score.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.

    Returns:
        Predicted and true triplets.
    """
    predicted: list[tuple[str, int, float, bool]] = []
    true: list[tuple[str, int]] = []
    for sequence, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
        expected = {(edge.subject, edge.verb, edge.object) for edge in pair.truth.interactions}
        true += [(verb, sequence) for _, verb, _ in sorted(expected)]
        for (subject, verb, target), score in best_scores(pair.prediction.interactions).items():
            hit = (match.get(subject), verb, match.get(target)) in expected
            predicted.append((verb, sequence, score, hit))
    verbs = tuple(sorted({verb for verb, *_ in predicted} | {verb for verb, _ in true}))
    index = {verb: position for position, verb in enumerate(verbs)}
    return Triplets(
        verbs,
        np.array([index[row[0]] for row in predicted], dtype=np.int64),
        np.array([row[1] for row in predicted], dtype=np.int64),
        np.array([row[2] for row in predicted], dtype=np.float64),
        np.array([row[3] for row in predicted], dtype=bool),
        np.array([index[row[0]] for row in true], dtype=np.int64),
        np.array([row[1] for row in true], dtype=np.int64),
    )


def best_scores(interactions: Sequence[Interaction]) -> dict[tuple[int, str, int], float]:
    """Each triplet's highest score.

    Args:
        interactions: of one sequence.

    Returns:
        (subject, verb, object) -> score, in the order of first mention.
    """
    scores: dict[tuple[int, str, int], float] = {}
    for edge in interactions:
        key = (edge.subject, edge.verb, edge.object)
        scores[key] = max(edge.score, scores.get(key, edge.score))
    return scores


def interactions_part(triplets: Triplets) -> Part:
    """The strict columns of interactions.

    Micro scores count triplets; macro scores are means over the verbs that are true or predicted somewhere; mAP is the
    mean of average precision over the verbs that are true somewhere.

    Args:
        triplets: of all sequences.

    Returns:
        Seven columns.
    """

    def score(weights: np.ndarray) -> np.ndarray:
        counts = count_verbs(triplets, weights)
        precision = average_precision(triplets, weights)
        if not len(triplets.verbs) or not _mentioned(counts).any():
            return np.full(len(COLUMNS), np.nan)
        mean = float(np.nanmean(precision)) if np.isfinite(precision).any() else np.nan
        return np.array([*_micro(counts), *_macro(counts), mean])

    reason = "no interaction in the ground truth"
    return Part(COLUMNS, score, {column.name: reason for column in COLUMNS})


def count_verbs(triplets: Triplets, weights: np.ndarray) -> VerbCounts:
    """Counts of each verb.

    Args:
        triplets: of all sequences.
        weights: how often each sequence counts.

    Returns:
        The counts.
    """
    weight = weights[triplets.predicted_sequence]
    size = len(triplets.verbs)
    true_positives = np.bincount(triplets.predicted_verb, weight * triplets.hit, minlength=size)
    predicted = np.bincount(triplets.predicted_verb, weight, minlength=size)
    expected = np.bincount(triplets.true_verb, weights[triplets.true_sequence], minlength=size)
    return VerbCounts(true_positives, predicted - true_positives, expected - true_positives)


def average_precision(triplets: Triplets, weights: np.ndarray) -> np.ndarray:
    """Average precision of each verb: the sum of precision x step in recall.

    Triplets are taken by falling score, those with equal scores at once (as scikit-learn does).

    Args:
        triplets: of all sequences.
        weights: how often each sequence counts.

    Returns:
        (verbs,), NaN where a verb is never true.
    """
    size = len(triplets.verbs)
    expected = np.bincount(triplets.true_verb, weights[triplets.true_sequence], minlength=size)
    order = np.lexsort((-triplets.score, triplets.predicted_verb))
    verb, score = triplets.predicted_verb[order], triplets.score[order]
    weight = weights[triplets.predicted_sequence][order]
    area: np.ndarray = np.zeros(size)
    if len(order):
        ends = np.flatnonzero(np.append((verb[1:] != verb[:-1]) | (score[1:] != score[:-1]), True))
        hits, predicted = (
            np.concatenate([[0.0], np.cumsum(column)]) for column in (weight * triplets.hit[order], weight)
        )
        starts = np.searchsorted(verb, verb[ends])
        precision = divide(hits[ends + 1] - hits[starts], predicted[ends + 1] - predicted[starts])
        steps = hits[ends + 1] - hits[np.append([0], ends[:-1] + 1)]
        area = np.bincount(verb[ends], precision * steps, minlength=size)
    return np.where(expected > 0, divide(area, expected), np.nan)


def verb_scores(triplets: Triplets, sequences: int) -> tuple[VerbScore, ...]:
    """Scores of single verbs over all sequences.

    Args:
        triplets: of all sequences.
        sequences: how many there are.

    Returns:
        One record a verb that is true or predicted.
    """
    ones = np.ones(sequences)
    counts, precision = count_verbs(triplets, ones), average_precision(triplets, ones)
    return tuple(
        VerbScore(
            verb,
            int(counts.true_positives[row]),
            int(counts.false_positives[row]),
            int(counts.misses[row]),
            float(precision[row]) if np.isfinite(precision[row]) else None,
        )
        for row, verb in enumerate(triplets.verbs)
    )


def _mentioned(counts: VerbCounts) -> np.ndarray:
    return np.asarray(counts.true_positives + counts.false_positives + counts.misses > 0)


def _micro(counts: VerbCounts) -> np.ndarray:
    right = float(counts.true_positives.sum())
    return precision_recall_f1(right, right + counts.false_positives.sum(), right + counts.misses.sum())


def _macro(counts: VerbCounts) -> np.ndarray:
    right, extra, missed = counts.true_positives, counts.false_positives, counts.misses
    rows = [divide(right, right + extra), divide(right, right + missed), divide(2 * right, 2 * right + extra + missed)]
    return np.array([row[_mentioned(counts)].mean() for row in rows])
