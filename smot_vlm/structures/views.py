"""Parts of a description: what happens between two times, and one person with all that concerns them."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from smot_vlm.structures.described import Described
from smot_vlm.structures.evidence import Clause, Passage, Segment, Span
from smot_vlm.structures.records import Interaction, Trajectory, VideoInfo

Form = TypeVar("Form", bound=Described)

# Times of frames are known to 2 ms.
_SAME = 2e-3


@dataclass(frozen=True, eq=False)
class Person:
    """One person of a description.

    Attributes:
        track: boxes, caption, segments and attributes.
        acts: what this person does to others.
        suffers: what others do to this person.
    """

    track: Trajectory
    acts: tuple[Interaction, ...]
    suffers: tuple[Interaction, ...]


def person(description: Described, track_id: int) -> Person:
    """One person and their interactions.

    Args:
        description: any.
        track_id: of the person.

    Returns:
        The record.

    Raises:
        KeyError: no such person.
    """
    return Person(
        description.track(track_id),
        tuple(edge for edge in description.interactions if edge.subject == track_id),
        tuple(edge for edge in description.interactions if edge.object == track_id),
    )


def between(description: Form, from_seconds: float, to_seconds: float) -> Form:
    """What a description holds from one time to another.

    People keep the boxes, and captions the segments and passages, of that time; people without a box are left out. Interactions are
    kept with the spans that reach into it; one whose times are not known is kept where both people are there. Captions
    stay whole.

    Args:
        description: of a video whose times are known.
        from_seconds: since the video began.
        to_seconds: not before from_seconds.

    Returns:
        The part.

    Raises:
        ValueError: the end is before the start, or the times of frames are not known.
    """
    if not 0 <= from_seconds <= to_seconds:
        raise ValueError(f"from {from_seconds} to {to_seconds} seconds; give 0 or more, the end not before the start")
    masks = []
    for track in description.tracks:
        times = np.array([_seconds(description.video, int(frame)) for frame in track.frames])
        masks.append((times >= from_seconds - _SAME) & (times <= to_seconds + _SAME))
    return _part(description, masks, from_seconds, to_seconds)


def at(description: Form, seconds: float) -> Form:
    """What a description holds at one moment: the boxes of the frame that is shown then.

    Args:
        description: of a video whose times are known.
        seconds: since the video began.

    Returns:
        As of `between`.

    Raises:
        ValueError: below 0, or the times of frames are not known.
    """
    if not seconds >= 0:
        raise ValueError(f"{seconds} seconds; give 0 or more")
    frames = sorted({int(frame) for track in description.tracks for frame in track.frames})
    shown = max((frame for frame in frames if _seconds(description.video, frame) <= seconds + _SAME), default=None)
    return _part(description, [track.frames == shown for track in description.tracks], seconds, seconds)


def _part(description: Form, masks: list[np.ndarray], start: float, end: float) -> Form:
    """The boxes of these masks, and what is said of that time."""
    kept = [(track, mask) for track, mask in zip(description.tracks, masks, strict=True) if mask.any()]
    ids = {track.id for track, _ in kept}
    edges: list[Interaction] = []
    places: dict[int, int] = {}
    for row, edge in enumerate(description.interactions):
        spans = tuple(span for span in edge.spans if _reaches(span, start, end))
        if {edge.subject, edge.object} <= ids and (spans or not edge.spans):
            places[row] = len(edges)
            edges.append(replace(edge, spans=spans))
    description_with: Any = replace
    part: Form = description_with(
        description,
        tracks=tuple(_cut(track, mask, ids, start, end) for track, mask in kept),
        interactions=tuple(edges),
        clauses=tuple(_of_these(clause, ids, places) for clause in description.clauses),
        passages=tuple(one for one in description.passages if _reaches(one, start, end)),
    )
    return part


def _cut(track: Trajectory, mask: np.ndarray, ids: set[int], start: float, end: float) -> Trajectory:
    segments = (one for one in track.segments if _reaches(one, start, end))
    told = tuple(one if one.partner in ids else replace(one, partner=None) for one in segments)
    passages = tuple(one for one in track.passages if _reaches(one, start, end))
    return replace(
        track,
        frames=track.frames[mask],
        boxes=track.boxes[mask],
        scores=track.scores[mask],
        segments=told,
        passages=passages,
    )


def _reaches(part: Span | Segment | Passage, start: float, end: float) -> bool:
    """Whether a span shares time with another one; where one ends, the next has begun."""
    return part.from_seconds <= end and (part.to_seconds > start or part.from_seconds == part.to_seconds == start)


def _of_these(clause: Clause, ids: set[int], places: dict[int, int]) -> Clause:
    people = tuple(track_id for track_id in clause.people if track_id in ids)
    return replace(
        clause, people=people, interactions=tuple(places[row] for row in clause.interactions if row in places)
    )


def _seconds(video: VideoInfo, frame: int) -> float:
    seconds = video.seconds(frame)
    if seconds is None:
        raise ValueError("the video states no frame rate and no times; describe it again with --fps")
    return seconds
