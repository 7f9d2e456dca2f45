"""Targets in time, for data sets that say when things happen.

Words and verbs of single observations, and words of each segment of a trajectory.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.fusion.memory import TrackBatch
from smot_vlm.structures import EventSegment
from smot_vlm.training.examples import Example
from smot_vlm.verbs import verb

# What happens to a person in each of their observations, in order of time; None where nothing is known.
TrackEvents = Sequence[EventSegment | None]
# The word before an action that was not there in the segment before.
NEW = "new"


def track_events(observations: TrackBatch | None, examples: Sequence[Example]) -> list[TrackEvents]:
    """What happens in each observation.

    Args:
        observations: of everybody in `examples`, in order; None without anybody.
        examples: the clips.

    Returns:
        One entry a person.
    """
    if observations is None:
        return []
    # Moved once, not once a person.
    times = observations.times.where(observations.mask, torch.inf).tolist()
    return [
        [example.event_at(track_id, time) for time in row if time < torch.inf]
        for (example, track_id), row in zip(people_of(examples), times, strict=True)
    ]


def true_track_events(examples: Sequence[Example]) -> list[TrackEvents]:
    """What happens in the true boxes of the keyframes, known before any forward pass.

    Args:
        examples: the clips.

    Returns:
        One entry a person.
    """
    events: list[TrackEvents] = []
    for example in examples:
        frames = example.frames[example.features]
        times = dict(zip(frames.tolist(), example.times[example.features].tolist(), strict=True))
        for track in example.tracks:
            events.append(
                [example.event_at(track.id, times[frame]) for frame in track.frames.tolist() if frame in times]
            )
    return events


def segment_texts(events: TrackEvents, segments: int, tokens: int) -> list[tuple[str, ...]]:
    """What the soft tokens of equal segments of a trajectory should say: what happens in the middle of each.

    Actions that differ from the segment before are marked NEW, so that a sentence can tell how many there are.

    Args:
        events: of one person.
        segments: how many equal parts.
        tokens: soft tokens of each.

    Returns:
        For each segment the words of its tokens; nothing where the event is unknown.
    """
    texts: list[tuple[str, ...]] = []
    before = None
    for segment in range(segments):
        event = events[int((segment + 0.5) * len(events) / segments)]
        if event is None:
            texts.append(())
            continue
        shown = event if event == before else replace(event, action=f"{NEW} {event.action}")
        texts.append(shown.shares(tokens))
        before = event
    return texts


def token_labels(
    observations: TrackBatch,
    events: Sequence[TrackEvents],
    examples: Sequence[Example],
    pairs: Int[Tensor, "pairs 2"],
    length: int,
    verbs: int,
) -> tuple[Float[Tensor, "pairs tokens verbs"], Bool[Tensor, "pairs tokens"]]:
    """Which verbs the subject does to the object at the time of each of the subject's tokens.

    Args:
        observations: of everybody; each has `cells` tokens, one observation after another.
        events: of everybody.
        examples: the clips.
        pairs: rows of (subject, object) among everybody.
        length: tokens of the longest trajectory.
        verbs: number of verb senses.

    Returns:
        Labels of 0 and 1, and where they are known.
    """
    people = people_of(examples)
    cells = observations.tokens.shape[2]
    labels = torch.zeros(len(pairs), length, verbs)
    known = torch.zeros(len(pairs), length, dtype=torch.bool)
    for row, (subject, target) in enumerate(pairs.tolist()):
        for position, event in enumerate(events[subject]):
            if event is None:
                continue
            tokens = slice(position * cells, (position + 1) * cells)
            known[row, tokens] = True
            for edge in event.interactions:
                if edge.object == people[target][1]:
                    labels[row, tokens, verb(edge.verb).id] = 1.0
    return labels, known


def people_of(examples: Sequence[Example]) -> list[tuple[Example, int]]:
    """Each true person of all examples.

    Args:
        examples: the clips.

    Returns:
        The person's example and track id.
    """
    return [(example, track.id) for example in examples for track in example.tracks]
