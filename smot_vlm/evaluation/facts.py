"""How much of what is true a run tells, fact by fact: for data sets that come with facts.json.

Recall counts facts of all true tracks (a missed one tells nothing); precision counts everything that the captions of
all predicted tracks state (what an extra track tells is wrong).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from smot_vlm.evaluation.records import Column, Pair, Part, SequenceTruth, divide
from smot_vlm.synthetic.facts import SequenceFacts, TrackFacts
from smot_vlm.synthetic.scoring import (
    TRACK_SORTS,
    VIDEO_SORTS,
    CaptionScore,
    chance_recall,
    score_caption,
    sum_scores,
)

FACTS_FILE = "facts.json"


def read_facts_file(folder: Path) -> SequenceFacts | None:
    """The facts of a sequence, None where it has no facts.json.

    Raises:
        ValueError: not JSON, or another schema.
    """
    path = folder / FACTS_FILE
    if not path.is_file():
        return None
    try:
        return SequenceFacts.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def facts_parts(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> list[Part]:
    """Columns for tracks and for videos; none where no sequence has facts.

    matches: predicted id -> true id of each sequence, one to one.
    """
    if not any(pair.truth.facts for pair in pairs):
        return []
    tracks = [_track_score(pair, match) for pair, match in zip(pairs, matches, strict=True)]
    videos = [_video_score(pair) for pair in pairs]
    return [
        _part("instance facts", TRACK_SORTS, tracks),
        _order_part(pairs, tracks),
        _part("video facts", VIDEO_SORTS, videos),
    ]


def facts_notes(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> list[str]:
    """What captions score that saw nothing: the true ones, and the run's own, given to the wrong tracks and videos.

    The run's own are the control of grounding: words that follow what is seen are wrong for somebody else.
    """
    known = [(pair.truth, pair.truth.facts) for pair in pairs if pair.truth.facts is not None]
    tracks = [track for _, facts in known for track in facts.tracks]
    captions = [_caption_of(truth, track.id) for truth, facts in known for track in facts.tracks]
    notes = []
    if len(tracks) > 1:
        told = [
            told_captions(pair, match).get(track.id, "")
            for pair, match in zip(pairs, matches, strict=True)
            for track in (pair.truth.facts.tracks if pair.truth.facts else ())
        ]
        recall, swapped = chance_recall(tracks, captions), chance_recall(tracks, told)
        notes.append(f"instance facts: true captions given to the wrong tracks recall {recall:.3f}")
        notes.append(f"instance facts: this run's captions given to the wrong tracks recall {swapped:.3f}")
    if len(known) > 1:
        recall = chance_recall([facts.video for _, facts in known], [truth.caption for truth, _ in known])
        notes.append(f"video facts: true captions given to the wrong videos recall {recall:.3f}")
    return notes


def told_captions(pair: Pair, match: Mapping[int, int]) -> dict[int, str]:
    """The predicted caption of each true track that was found, by its id. match: predicted id -> true id."""
    return {match[track.id]: track.caption for track in pair.prediction.tracks if track.id in match}


def _caption_of(truth: SequenceTruth, id: int) -> str:
    return next((track.caption for track in truth.tracks if track.id == id), "")


def _track_score(pair: Pair, match: Mapping[int, int]) -> CaptionScore:
    if pair.truth.facts is None:
        return CaptionScore(())
    said = told_captions(pair, match)
    known = {facts.id: facts for facts in pair.truth.facts.tracks}
    scores = [score_caption(facts, said.get(id, "")) for id, facts in known.items()]
    extra = [track for track in pair.prediction.tracks if track.id not in match]
    scores += [score_caption(_nothing(track.id), track.caption) for track in extra]
    return sum_scores(scores)


def _video_score(pair: Pair) -> CaptionScore:
    if pair.truth.facts is None:
        return CaptionScore(())
    return score_caption(pair.truth.facts.video, pair.prediction.caption)


def _nothing(id: int) -> TrackFacts:
    """The facts of a track that is not there."""
    return TrackFacts("", id, "", "", "", (), (), (), ())


def _part(group: str, sorts: Iterable[str], scores: Sequence[CaptionScore]) -> Part:
    """Recall and precision of all facts and of each sort."""
    sorts = tuple(sorts)
    names = [
        f"{sort}{measure}" for sort in ("", *(f"{sort} " for sort in sorts)) for measure in ("recall", "precision")
    ]
    counts = np.zeros((len(scores), len(sorts), 3))
    for row, score in enumerate(scores):
        for place, sort in enumerate(sorts):
            count = score.of(sort)
            counts[row, place] = count.right, count.expected, count.stated

    def finish(weights: np.ndarray) -> np.ndarray:
        by_sort = np.tensordot(weights, counts, axes=1)
        right, expected, stated = np.concatenate([by_sort.sum(axis=0, keepdims=True), by_sort]).T
        values = np.stack([divide(right, expected), divide(right, stated)], axis=1)
        # Nothing true and nothing told: there is nothing to measure.
        values[(expected == 0) & (stated == 0)] = np.nan
        return values.ravel()

    columns = tuple(Column(group, name) for name in names)
    return Part(columns, finish, dict.fromkeys(names, "no such fact in the ground truth"))


def _order_part(pairs: Sequence[Pair], scores: Sequence[CaptionScore]) -> Part:
    """Share of the told pairs of events that are told in the order in which they happen."""
    possible = [
        sum(len(set(track.events)) > 1 for track in pair.truth.facts.tracks) if pair.truth.facts else 0
        for pair in pairs
    ]
    sums = np.array(
        [(score.pairs_in_order, score.ordered_pairs, some) for score, some in zip(scores, possible, strict=True)],
        dtype=np.float64,
    )

    def finish(weights: np.ndarray) -> np.ndarray:
        in_order, told, possible = weights @ sums
        return np.array([float(divide(in_order, told)) if possible else np.nan])

    return Part((Column("instance facts", "order"),), finish, {"order": "no track with two events"})
