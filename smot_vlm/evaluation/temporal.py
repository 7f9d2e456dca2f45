"""Spans of interactions against true ones: temporal IoU, and average precision as in ActivityNet's detection task.

A predicted span is right when its two people are matched to true ones, the truth has the same verb between these two, and
its temporal IoU with a true span that no better scored one has taken reaches the threshold. Average precision is
interpolated (at each recall the best precision at this recall or a higher one), and its mean is over the verbs that are
true somewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smot_vlm.evaluation.results import Column, Part, divide
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.structures import Interaction, Span

THRESHOLDS = (0.3, 0.5, 0.7)
COLUMNS = tuple(Column("spans", f"mAP at tIoU {threshold}") for threshold in THRESHOLDS)
CHANCE_DRAWS = 20
# (subject, verb, object) -> spans.
_Spans = dict[tuple[int | None, str, int | None], list[Span]]


@dataclass(frozen=True, eq=False)
class JudgedSpans:
    """All spans of a set, one row each.

    Attributes:
        verbs: labels in alphabetical order; the columns `verb` index them.
        predicted_verb: of each predicted span.
        predicted_sequence: position of its sequence in the set.
        score: of each predicted span.
        hits: (spans, thresholds) whether it is right at each threshold.
        true_verb: of each true span.
        true_sequence: position of its sequence.
    """

    verbs: tuple[str, ...]
    predicted_verb: np.ndarray
    predicted_sequence: np.ndarray
    score: np.ndarray
    hits: np.ndarray
    true_verb: np.ndarray
    true_sequence: np.ndarray


def temporal_iou(first: tuple[float, float], second: tuple[float, float]) -> float:
    """The length of what two spans share over the length of both.

    Args:
        first: start and end in seconds.
        second: the same.

    Returns:
        0 to 1; 0 of two moments without length.
    """
    shared = min(first[1], second[1]) - max(first[0], second[0])
    union = (first[1] - first[0]) + (second[1] - second[0]) - max(shared, 0.0)
    return max(shared, 0.0) / union if union > 0 else 0.0


def judge_spans(
    pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], thresholds: Sequence[float] = THRESHOLDS
) -> JudgedSpans:
    """Judge every predicted span.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.
        thresholds: least temporal IoU of a right span.

    Returns:
        Predicted and true spans.
    """
    predicted: list[tuple[str, int, float]] = []
    hits: list[np.ndarray] = []
    true: list[tuple[str, int]] = []
    for sequence, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
        expected = _by_triplet(pair.truth.interactions, {track.id: track.id for track in pair.truth.tracks})
        true += [(triplet[1], sequence) for triplet, spans in expected.items() for _ in spans]
        for triplet, spans in _by_triplet(pair.prediction.interactions, match).items():
            ranked = sorted(spans, key=lambda span: -span.score)
            predicted += [(triplet[1], sequence, span.score) for span in ranked]
            hits.append(_hits(ranked, expected.get(triplet, []), thresholds))
    verbs = tuple(sorted({row[0] for row in predicted} | {row[0] for row in true}))
    index = {verb: position for position, verb in enumerate(verbs)}
    return JudgedSpans(
        verbs,
        np.array([index[row[0]] for row in predicted], dtype=np.int64),
        np.array([row[1] for row in predicted], dtype=np.int64),
        np.array([row[2] for row in predicted], dtype=np.float64),
        np.concatenate([np.zeros((0, len(thresholds)), dtype=bool), *hits]),
        np.array([index[row[0]] for row in true], dtype=np.int64),
        np.array([row[1] for row in true], dtype=np.int64),
    )


def spans_parts(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> list[Part]:
    """The columns of spans, for data that state when interactions happen.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.

    Returns:
        One part; none where no true interaction has a span.
    """
    if not any(edge.spans for pair in pairs for edge in pair.truth.interactions):
        return []
    judged = judge_spans(pairs, matches)

    def score(weights: np.ndarray) -> np.ndarray:
        return mean_average_precision(judged, weights)

    return [Part(COLUMNS, score, {column.name: "no timed interaction in the ground truth" for column in COLUMNS})]


def spans_notes(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> list[str]:
    """What chance gives: the same interactions and lengths, at random times.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.

    Returns:
        One line; none where no true interaction has a span.
    """
    if not spans_parts(pairs, matches):
        return []
    drawn = chance_precision(pairs, matches)
    told = ", ".join(f"{value:.3f} at {tiou}" for value, tiou in zip(drawn, THRESHOLDS, strict=True))
    return [f"spans: predicted spans moved to random times (mean of {CHANCE_DRAWS} draws) have mAP {told}"]


def chance_precision(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], seed: int = 0) -> np.ndarray:
    """Mean average precision of the predicted interactions with spans of the same lengths, each at a random time of its video.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.
        seed: of the draws.

    Returns:
        (thresholds,), mean over CHANCE_DRAWS.
    """
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(CHANCE_DRAWS):
        moved = [replace(pair, prediction=replace(pair.prediction, interactions=_moved(pair, rng))) for pair in pairs]
        draws.append(mean_average_precision(judge_spans(moved, matches), np.ones(len(pairs))))
    return np.asarray(np.mean(draws, axis=0))


def mean_average_precision(judged: JudgedSpans, weights: np.ndarray) -> np.ndarray:
    """Mean average precision at each threshold.

    Args:
        judged: of all sequences.
        weights: how often each sequence counts.

    Returns:
        (thresholds,), NaN without a true span.
    """
    expected = np.bincount(judged.true_verb, weights[judged.true_sequence], minlength=len(judged.verbs))
    weight = weights[judged.predicted_sequence]
    means = [
        [
            _interpolated(judged.score[rows], judged.hits[rows, column], weight[rows], expected[verb])
            for verb in np.flatnonzero(expected > 0)
            for rows in [np.flatnonzero(judged.predicted_verb == verb)]
        ]
        for column in range(judged.hits.shape[1])
    ]
    return np.array([np.mean(values) if values else np.nan for values in means])


def _interpolated(score: np.ndarray, hit: np.ndarray, weight: np.ndarray, expected: float) -> float:
    """Average precision of one verb."""
    order = np.argsort(-score, kind="stable")
    right, found = np.cumsum(weight[order] * hit[order]), np.cumsum(weight[order])
    precision = np.maximum.accumulate(divide(right, found)[::-1])[::-1]
    steps = np.diff(right, prepend=0.0)
    return float((precision * steps).sum() / expected)


def _by_triplet(interactions: Sequence[Interaction], names: Mapping[int, int]) -> _Spans:
    """Spans of each triplet, people by their true ids; those of people who are nobody true keep apart, and are wrong."""
    found: _Spans = {}
    for edge in interactions:
        triplet = (names.get(edge.subject), edge.verb, names.get(edge.object))
        found.setdefault(triplet, []).extend(edge.spans)
    return found


def _hits(ranked: Sequence[Span], expected: Sequence[Span], thresholds: Sequence[float]) -> np.ndarray:
    """Whether each span takes a true one, at each threshold."""
    hits = np.zeros((len(ranked), len(thresholds)), dtype=bool)
    overlaps = [[temporal_iou(_ends(span), _ends(other)) for other in expected] for span in ranked]
    for column, threshold in enumerate(thresholds):
        free = set(range(len(expected)))
        for row, overlap in enumerate(overlaps):
            best = max(free, key=lambda place: overlap[place], default=None)
            if best is not None and overlap[best] >= threshold:
                free.remove(best)
                hits[row, column] = True
    return hits


def _ends(span: Span) -> tuple[float, float]:
    return span.from_seconds, span.to_seconds


def _moved(pair: Pair, rng: np.random.Generator) -> tuple[Interaction, ...]:
    """Predicted interactions whose spans are each anywhere in the video."""
    every = [
        span.to_seconds for side in (pair.truth, pair.prediction) for edge in side.interactions for span in edge.spans
    ]
    end = max([segment.to_seconds for track in pair.truth.tracks for segment in track.segments] + every, default=0.0)
    moved = []
    for edge in pair.prediction.interactions:
        spans: list[Span] = []
        for span in edge.spans:
            start = float(rng.uniform(0.0, max(end - span.seconds, 0.0)))
            spans.append(replace(span, from_seconds=start, to_seconds=start + span.seconds, frames=()))
        # Spans of one interaction must not overlap; each of several random ones stands in an interaction of its own.
        moved += [replace(edge, spans=(span,)) for span in spans] or [edge]
    return tuple(moved)
