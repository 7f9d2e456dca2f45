"""What is seen now of a video that runs on: people of the newest seconds, what they look like, and what they do."""

from collections.abc import Mapping, Sequence

import numpy as np

from smot_vlm.appearance.told_person import SURE
from smot_vlm.models.interactions import find_interactions
from smot_vlm.models.voice import Voice
from smot_vlm.structures import (
    STATED,
    WITHHELD,
    Attribute,
    SeenDeed,
    SeenPerson,
    Sight,
    Span,
    Trajectory,
    VideoInfo,
)

# What is done alone is read from looks of this time, and said of it.
NOW_SECONDS = 2.0


def present(
    speaker: Voice, tracks: Sequence[Trajectory], video: VideoInfo, told: Mapping[int, tuple[Attribute, ...]]
) -> Sight:
    """What a model says of the newest seconds, without captions.

    Args:
        speaker: the model, whose memory keeps the newest observations.
        tracks: of these seconds.
        video: gives the times of their frames.
        told: attributes that captions told of people, by track id, for models that tell them there alone.

    Returns:
        People with their frames, and deeds; of people about whom the model must be silent only the frames.
    """
    words = {track.id: speaker.gate.person(speaker.memory, track.id) for track in tracks}
    known = [track for track in tracks if words[track.id] != WITHHELD and track.id in speaker.memory.tracks]
    attributes: dict[int, tuple[Attribute, ...]] = dict(told)
    deeds: list[SeenDeed] = []
    model, ids = speaker.model, [track.id for track in known]
    if known and model.scores_at_once:
        fused = model.fuse_memory(speaker.memory, ids)
        settings = speaker.config.interaction
        found = find_interactions(speaker.verbs, fused, known, settings, model.device, video)
        sure = {number: words[number] == STATED for number in ids}
        for edge in found.certain:
            spans = edge.spans or _common_time(edge.subject, edge.object, known, video, edge.score)
            deeds.append(
                SeenDeed(edge.subject, edge.verb, edge.object, spans, sure[edge.subject] and sure[edge.object])
            )
        attributes |= dict(zip(ids, model.attributes(fused), strict=False))
        for track, doing in zip(known, model.doing(fused), strict=False):
            deeds += _doing(track, doing, sure[track.id], video)
    people = tuple(_person(track, attributes.get(track.id, ()), words[track.id] == STATED, video) for track in tracks)
    seconds = max((float(person.times[-1]) for person in people), default=0.0)
    return Sight(seconds, video.width, video.height, people, tuple(deeds))


def _person(track: Trajectory, attributes: tuple[Attribute, ...], sure: bool, video: VideoInfo) -> SeenPerson:
    times = np.array([video.seconds(int(frame)) for frame in track.frames], dtype=np.float64)
    return SeenPerson(track.id, track.frames, times, track.boxes, attributes, sure)


def _doing(track: Trajectory, doing: Sequence[Attribute], sure: bool, video: VideoInfo) -> list[SeenDeed]:
    last = int(track.frames[-1])
    end = video.seconds(last)
    if end is None:
        return []
    start = max(end - NOW_SECONDS / 2, video.seconds(int(track.frames[0])) or 0.0)
    return [
        SeenDeed(track.id, deed.value, None, (Span(start, end, (last,), deed.score),), sure and deed.score >= SURE)
        for deed in doing
    ]


def _common_time(
    subject: int, target: int, tracks: Sequence[Trajectory], video: VideoInfo, score: float
) -> tuple[Span, ...]:
    """While both are there, where the model does not see when."""
    frames = [track.frames for track in tracks if track.id in (subject, target)]
    start = video.seconds(int(max(own[0] for own in frames)))
    end = video.seconds(int(min(own[-1] for own in frames)))
    return (Span(start, end, (), score),) if start is not None and end is not None and start <= end else ()
