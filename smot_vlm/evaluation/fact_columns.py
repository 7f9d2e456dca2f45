"""Fact recall and precision of a run as columns, for data sets that come with facts.json.

Recall counts facts of all true tracks (a missed one states nothing); precision counts everything that the captions of
all predicted tracks state (what an extra track states is wrong).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from smot_vlm.evaluation.caption_rows import predicted_captions
from smot_vlm.evaluation.fact_scores import (
    TRACK_CATEGORIES,
    VIDEO_CATEGORIES,
    CaptionScore,
    chance_recall,
    score_caption,
    sum_scores,
)
from smot_vlm.evaluation.results import Column, Part, divide
from smot_vlm.evaluation.sequence_pairs import Pair, SequenceTruth
from smot_vlm.language.fact_records import FactReader, TrackFacts


def facts_parts(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], read_facts: FactReader) -> list[Part]:
    """Columns for tracks and for videos.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.
        read_facts: finds the facts in a caption.

    Returns:
        None where no sequence has facts.
    """
    if not any(pair.truth.facts for pair in pairs):
        return []
    tracks = [_track_score(pair, match, read_facts) for pair, match in zip(pairs, matches, strict=True)]
    videos = [_video_score(pair, read_facts) for pair in pairs]
    return [
        _part("instance facts", TRACK_CATEGORIES, tracks),
        _order_part(pairs, tracks),
        _part("video facts", VIDEO_CATEGORIES, videos),
    ]


def facts_notes(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]], read_facts: FactReader) -> list[str]:
    """Chance level: recall of the true captions, and of the run's own, given to the wrong tracks and videos.

    The run's own are the control of grounding: words that follow what is seen are wrong for somebody else.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.
        read_facts: finds the facts in a caption.

    Returns:
        One line each; none where fewer than two have facts.
    """
    known = [(pair.truth, pair.truth.facts) for pair in pairs if pair.truth.facts is not None]
    tracks = [track for _, facts in known for track in facts.tracks]
    captions = [_caption_of(truth, track.id) for truth, facts in known for track in facts.tracks]
    notes = []
    if len(tracks) > 1:
        predicted = [
            predicted_captions(pair, match).get(track.id, "")
            for pair, match in zip(pairs, matches, strict=True)
            for track in (pair.truth.facts.tracks if pair.truth.facts else ())
        ]
        recall, swapped = (chance_recall(tracks, texts, read_facts) for texts in (captions, predicted))
        notes.append(f"instance facts: true captions given to the wrong tracks recall {recall:.3f}")
        notes.append(f"instance facts: this run's captions given to the wrong tracks recall {swapped:.3f}")
    if len(known) > 1:
        videos = [facts.video for _, facts in known]
        recall = chance_recall(videos, [truth.caption for truth, _ in known], read_facts)
        notes.append(f"video facts: true captions given to the wrong videos recall {recall:.3f}")
    return notes


def _caption_of(truth: SequenceTruth, track_id: int) -> str:
    return next((track.caption for track in truth.tracks if track.id == track_id), "")


def _track_score(pair: Pair, match: Mapping[int, int], read_facts: FactReader) -> CaptionScore:
    if pair.truth.facts is None:
        return CaptionScore(())
    captions = predicted_captions(pair, match)
    scores = [score_caption(facts, captions.get(facts.id, ""), read_facts) for facts in pair.truth.facts.tracks]
    extra = [track for track in pair.prediction.tracks if track.id not in match]
    scores += [score_caption(_nothing(track.id), track.caption, read_facts) for track in extra]
    return sum_scores(scores)


def _video_score(pair: Pair, read_facts: FactReader) -> CaptionScore:
    if pair.truth.facts is None:
        return CaptionScore(())
    return score_caption(pair.truth.facts.video, pair.prediction.caption, read_facts)


def _nothing(track_id: int) -> TrackFacts:
    """The facts of a track that is not there."""
    return TrackFacts("", track_id, "", "", "", (), (), (), ())


def _part(group: str, categories: tuple[str, ...], scores: Sequence[CaptionScore]) -> Part:
    """Recall and precision of all facts and of each category."""
    prefixes = ("", *(f"{category} " for category in categories))
    names = [f"{prefix}{measure}" for prefix in prefixes for measure in ("recall", "precision")]
    counts = np.zeros((len(scores), len(categories), 3))
    for row, score in enumerate(scores):
        for place, category in enumerate(categories):
            count = score.of(category)
            counts[row, place] = count.right, count.expected, count.stated

    def finish(weights: np.ndarray) -> np.ndarray:
        by_category = np.tensordot(weights, counts, axes=1)
        right, expected, stated = np.concatenate([by_category.sum(axis=0, keepdims=True), by_category]).T
        values = np.stack([divide(right, expected), divide(right, stated)], axis=1)
        # Nothing true and nothing stated: there is nothing to measure.
        values[(expected == 0) & (stated == 0)] = np.nan
        return values.ravel()

    columns = tuple(Column(group, name) for name in names)
    return Part(columns, finish, dict.fromkeys(names, "no such fact in the ground truth"))


def _order_part(pairs: Sequence[Pair], scores: Sequence[CaptionScore]) -> Part:
    """Share of the stated pairs of events that are stated in the order in which they happen."""
    possible = [
        sum(len(set(track.events)) > 1 for track in pair.truth.facts.tracks) if pair.truth.facts else 0
        for pair in pairs
    ]
    sums = np.array(
        [(score.pairs_in_order, score.ordered_pairs, some) for score, some in zip(scores, possible, strict=True)],
        dtype=np.float64,
    )

    def finish(weights: np.ndarray) -> np.ndarray:
        in_order, stated, possible = weights @ sums
        return np.array([float(divide(in_order, stated)) if possible else np.nan])

    return Part((Column("instance facts", "order"),), finish, {"order": "no track with two events"})
