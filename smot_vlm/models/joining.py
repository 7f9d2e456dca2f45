"""The description of a long video, from those of its stretches: people who stay are one track, whose captions are summed up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smot_vlm.models.summary import most_telling, summary
from smot_vlm.structures import (
    STATED,
    WITHHELD,
    Attribute,
    Clause,
    Description,
    Interaction,
    ModelInfo,
    Passage,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)


@dataclass(frozen=True, eq=False)
class Stretch:
    """One stretch of a video and what was said of it.

    Attributes:
        from_seconds: since the video began.
        to_seconds: where the next one begins.
        told: with the boxes of this stretch alone.
    """

    from_seconds: float
    to_seconds: float
    told: Description


def joined(stretches: Sequence[Stretch], video: VideoInfo, model: ModelInfo) -> Description:
    """One description of all stretches.

    Args:
        stretches: in order of time, at least one.
        video: what is known of the whole video.
        model: who wrote it.

    Returns:
        That of a single stretch as it is; else with passages, and captions that sum them up.
    """
    if len(stretches) == 1:
        return replace(stretches[0].told, video=video, model=model)
    parts: dict[int, list[Trajectory]] = defaultdict(list)
    for stretch in stretches:
        for track in stretch.told.tracks:
            parts[track.id].append(track)
    tracks = tuple(_person(parts[track_id], video) for track_id in sorted(parts))
    interactions = _interactions(stretches, video)
    passages = [
        Passage(one.told.caption, one.from_seconds, one.to_seconds, one.told.words)
        for one in stretches
        if one.told.caption.strip()
    ]
    caption, words = summary(passages)
    silent = WITHHELD if any(one.told.words == WITHHELD for one in stretches) else STATED
    return Description(
        video,
        tracks,
        interactions,
        caption,
        model,
        words=words if caption else silent,
        clauses=_clauses(stretches, passages, interactions),
        passages=tuple(passages),
    )


def _person(parts: Sequence[Trajectory], video: VideoInfo) -> Trajectory:
    """One person, from their boxes and words in several stretches."""
    if len(parts) == 1:
        return parts[0]
    told = [(part, _passage(part, video)) for part in parts if part.caption.strip()]
    passages = [passage for _, passage in told]
    caption, words = summary(passages)
    silent = WITHHELD if any(part.words == WITHHELD for part in parts) else STATED
    segments: list[Segment] = []
    for row in most_telling(passages):
        segments += told[row][0].segments
    return replace(
        boxes_of(parts),
        caption=caption,
        words=words if caption else silent,
        segments=tuple(segments),
        attributes=_attributes(parts),
        passages=tuple(passages),
    )


def boxes_of(parts: Sequence[Trajectory]) -> Trajectory:
    """One person's boxes, without words.

    Args:
        parts: of the same person, in order of time, at least one.

    Returns:
        All of them in one trajectory.
    """
    frames, boxes, scores = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("frames", "boxes", "scores")
    )
    return Trajectory(parts[0].id, frames, boxes, scores)


def _passage(part: Trajectory, video: VideoInfo) -> Passage:
    return Passage(part.caption, *_life(part, video), part.words)


def _life(part: Trajectory, video: VideoInfo) -> tuple[float, float]:
    """From the first frame to the end of the last one; a frame counts as a second where times are not known."""
    ends = (int(part.frames[0]), int(part.frames[-1]) + 1)
    start, end = (frame if (seconds := video.seconds(frame)) is None else seconds for frame in ends)
    return max(float(start), 0.0), max(float(start), float(end), 0.0)


def _attributes(parts: Iterable[Trajectory]) -> tuple[Attribute, ...]:
    """What was said most: as many values of a name as one stretch told at most, by score times boxes."""
    weights: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    scores: dict[tuple[str, str], float] = {}
    most: dict[str, int] = {}
    for part in parts:
        names = [entry.name for entry in part.attributes]
        for entry in part.attributes:
            most[entry.name] = max(most.get(entry.name, 0), names.count(entry.name))
            weights[entry.name][entry.value] += entry.score * len(part)
            key = entry.name, entry.value
            scores[key] = max(scores.get(key, 0.0), entry.score)
    kept = []
    for name, values in weights.items():
        ordered = sorted(values, key=lambda value: -values[value])[: most[name]]
        kept += [Attribute(name, value, scores[name, value]) for value in ordered]
    return tuple(kept)


def _interactions(stretches: Sequence[Stretch], video: VideoInfo) -> tuple[Interaction, ...]:
    """Each interaction once, with its best score and the spans of all stretches, by subject and object, likeliest first.

    Where its spans are not known, that is the time of a stretch in which both people were there.
    """
    found: dict[tuple[int, str, int], list[Interaction]] = defaultdict(list)
    for stretch in stretches:
        for edge in stretch.told.interactions:
            spans = edge.spans or _common_life(edge, stretch.told, video)
            found[edge.subject, edge.verb, edge.object].append(replace(edge, spans=spans))
    edges = [
        replace(max(same, key=lambda edge: edge.score), spans=_in_order(span for edge in same for span in edge.spans))
        for same in found.values()
    ]
    return tuple(sorted(edges, key=lambda edge: (edge.subject, edge.object, -edge.score)))


def _common_life(edge: Interaction, told: Description, video: VideoInfo) -> tuple[Span, ...]:
    lives = [_life(told.track(side), video) for side in (edge.subject, edge.object)]
    start, end = max(life[0] for life in lives), min(life[1] for life in lives)
    return (Span(start, end, score=min(max(edge.score, 0.0), 1.0)),) if start <= end else ()


def _in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans of stretches in order; one that reaches a frame's rounding into the next begins after it."""
    kept: list[Span] = []
    for span in spans:
        start = max(span.from_seconds, kept[-1].to_seconds) if kept else span.from_seconds
        kept.append(replace(span, from_seconds=start, to_seconds=max(span.to_seconds, start)))
    return tuple(kept)


def _clauses(
    stretches: Sequence[Stretch], passages: Sequence[Passage], interactions: Sequence[Interaction]
) -> tuple[Clause, ...]:
    """Those of the stretches whose captions the summary tells."""
    rows = {(edge.subject, edge.verb, edge.object): row for row, edge in enumerate(interactions)}
    speaking = [stretch.told for stretch in stretches if stretch.told.caption.strip()]
    kept = []
    for place in most_telling(passages):
        own = speaking[place].interactions
        for clause in speaking[place].clauses:
            meant = [(own[row].subject, own[row].verb, own[row].object) for row in clause.interactions]
            kept.append(replace(clause, interactions=tuple(dict.fromkeys(rows[key] for key in meant))))
    return tuple(kept)
