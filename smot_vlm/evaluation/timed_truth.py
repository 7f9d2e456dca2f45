"""The times that facts state, as spans of true interactions and segments of true captions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from smot_vlm.language.fact_records import TimedEvent
from smot_vlm.structures import Interaction, Segment, Span, Trajectory


def with_spans(interactions: Iterable[Interaction], timeline: Sequence[TimedEvent]) -> tuple[Interaction, ...]:
    """True interactions with the times at which they happen.

    Args:
        interactions: between track ids.
        timeline: of the same people.

    Returns:
        In the same order; those of which the timeline says nothing stay without spans.
    """
    spans: dict[tuple[int, str, int | None], list[Span]] = {}
    for event in sorted(timeline, key=lambda event: event.from_seconds):
        for verb in event.verbs:
            spans.setdefault((event.id, verb, event.partner), []).append(Span(event.from_seconds, event.to_seconds))
    return tuple(
        replace(edge, spans=tuple(spans.get((edge.subject, edge.verb, edge.object), ()))) for edge in interactions
    )


def with_segments(tracks: Iterable[Trajectory], timeline: Sequence[TimedEvent]) -> tuple[Trajectory, ...]:
    """True tracks with what each person does when; which words of the caption tell it is not stated.

    Args:
        tracks: the people.
        timeline: of the same people.

    Returns:
        In the same order, segments by time.
    """
    return tuple(
        replace(track, segments=tuple(_segment(event) for event in timeline if event.id == track.id))
        for track in tracks
    )


def _segment(event: TimedEvent) -> Segment:
    action, _, role = event.event.partition(":")
    return Segment("", event.from_seconds, event.to_seconds, action, role, event.partner)
