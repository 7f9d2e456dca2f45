"""Segments of captions against what each person truly does when.

A predicted segment is right when its person is matched to a true one who does the same (label and side), their times have
a temporal IoU of at least LEAST_OVERLAP, and it is told in the right order: of every two segments of the caption that tell
true events the one told first begins first.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from smot_vlm.evaluation.results import Column, Part, divide, sum_part
from smot_vlm.evaluation.sequence_pairs import Pair
from smot_vlm.evaluation.temporal import temporal_iou
from smot_vlm.structures import Segment, Trajectory

LEAST_OVERLAP = 0.5
CHANCE_DRAWS = 20
COLUMNS = tuple(Column("segments", name) for name in ("right", "right of true deeds", "mean tIoU of true deeds"))


def segments_parts(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> list[Part]:
    """The columns of segments, for data that state when people do what.

    "right" is a share of all predicted segments, "right of true deeds" of those whose person truly does what they say.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.

    Returns:
        One part; none where no true track has segments.
    """
    if not any(track.segments for pair in pairs for track in pair.truth.tracks):
        return []
    sums = np.array([_sums(pair, match) for pair, match in zip(pairs, matches, strict=True)])

    def finish(total: np.ndarray) -> np.ndarray:
        right, told, true, overlap = total
        return np.array([float(divide(right, told)), float(divide(right, true)), float(divide(overlap, true))])

    missing = {column.name: "no timed deed in the ground truth" for column in COLUMNS}
    part = sum_part(COLUMNS, sums, finish)
    return [Part(part.columns, part.score, missing)]


def segments_notes(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], seed: int = 0) -> list[str]:
    """What chance gives: the segments' lengths, at random times of their videos.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.
        seed: of the draws.

    Returns:
        One line; none where no true track has segments.
    """
    if not segments_parts(pairs, matches):
        return []
    rng = np.random.default_rng(seed)
    drawn = [_sums(pair, match, rng) for _ in range(CHANCE_DRAWS) for pair, match in zip(pairs, matches, strict=True)]
    right = float(divide(sum(sums[0] for sums in drawn), sum(sums[1] for sums in drawn)))
    return [
        f"segments: right where deed, side and order are true and tIoU is at least {LEAST_OVERLAP}; segments moved to "
        f"random times (mean of {CHANCE_DRAWS} draws) are right in {right:.3f}"
    ]


def _sums(pair: Pair, match: Mapping[int, int], rng: np.random.Generator | None = None) -> tuple[float, ...]:
    """Right segments, all, those of true deeds, and the overlap of these. rng: of random times."""
    truth = {track.id: track.segments for track in pair.truth.tracks}
    end = max((segment.to_seconds for segments in truth.values() for segment in segments), default=0.0)
    total = np.zeros(4)
    for track in pair.prediction.tracks:
        times = [_times(segment, end, rng) for segment in track.segments]
        total += _track_sums(track, times, truth.get(match.get(track.id, -1), ()) if track.id in match else ())
    return tuple(total)


def _track_sums(track: Trajectory, times: Sequence[tuple[float, float]], true: Sequence[Segment]) -> np.ndarray:
    told = [_best(segment, place, true) for segment, place in zip(track.segments, times, strict=True)]
    right = overlap = 0.0
    for row, found in enumerate(told):
        if found is None:
            continue
        start, shared = found
        overlap += shared
        in_order = all(other is None or other[0] <= start for other in told[:row])
        in_order &= all(other is None or other[0] >= start for other in told[row + 1 :])
        right += shared >= LEAST_OVERLAP and in_order
    return np.array([right, len(told), sum(found is not None for found in told), overlap])


def _best(segment: Segment, times: tuple[float, float], true: Sequence[Segment]) -> tuple[float, float] | None:
    """Start of the true event that a segment tells, and their temporal IoU; None where nobody does that."""
    same = [other for other in true if (other.action, other.role) == (segment.action, segment.role)]
    found = [(other.from_seconds, temporal_iou(times, (other.from_seconds, other.to_seconds))) for other in same]
    return max(found, key=lambda one: one[1], default=None)


def _times(segment: Segment, end: float, rng: np.random.Generator | None) -> tuple[float, float]:
    if rng is None:
        return segment.from_seconds, segment.to_seconds
    length = segment.to_seconds - segment.from_seconds
    start = float(rng.uniform(0.0, max(end - length, 0.0)))
    return start, start + length
