"""What of a description can be found: each person, each segment of a life, each interaction, the whole video."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smot_vlm.output.crops import crop_quality
from smot_vlm.search.statements import Statement, VideoStatements
from smot_vlm.structures import STATED, WITHHELD, Attribute, Description, Interaction, Span, Trajectory
from smot_vlm.verbs import find

PERSON, SEGMENT, INTERACTION, VIDEO = KINDS = ("person", "segment", "interaction", "video")


@dataclass(frozen=True)
class Entry:
    """One thing that a search can find.

    Attributes:
        kind: one of KINDS.
        text: what is said.
        people: track ids of whom it speaks; the subject of an interaction first.
        action: label of a verb or of what is done alone; empty where the text says none that is known.
        attributes: of its people.
        from_seconds: when it begins; None where the times of frames are not known.
        to_seconds: when it ends.
        frame: a frame that shows it; None where nobody is in sight.
        doubtful: whether the words may be wrong.
        statements: what is said, as facts.
    """

    kind: str
    text: str
    people: tuple[int, ...] = ()
    action: str = ""
    attributes: tuple[Attribute, ...] = ()
    from_seconds: float | None = None
    to_seconds: float | None = None
    frame: int | None = None
    doubtful: bool = False
    statements: tuple[Statement, ...] = ()


def entries_of(description: Description) -> list[Entry]:
    """Everything that can be found in a video; words that are withheld are not there.

    Args:
        description: of the video.

    Returns:
        Its entries.
    """
    found: list[Entry] = []
    tracks = {track.id: track for track in description.tracks}
    stated = VideoStatements(description)
    for track in description.tracks:
        if track.caption:
            found += _of_person(description, track, stated)
    for edge in description.interactions:
        subject, target = tracks[edge.subject], tracks[edge.object]
        if WITHHELD not in (subject.words, target.words):
            found += _of_interaction(description, edge, subject, target, stated)
    if description.caption:
        found.append(_of_video(description, stated))
    return found


def _of_person(description: Description, track: Trajectory, stated: VideoStatements) -> Iterator[Entry]:
    doubtful = track.words != STATED
    times = _lifetime(description, track)
    yield Entry(
        PERSON,
        track.caption,
        (track.id,),
        "",
        track.attributes,
        *times,
        _best_frame(description, track),
        doubtful,
        stated.of_person(track.id),
    )
    for segment in track.segments:
        people = (track.id,) if segment.partner is None else (track.id, segment.partner)
        yield Entry(
            SEGMENT,
            f"{_who(track)} {segment.text}" if segment.text != track.caption else track.caption,
            people,
            segment.action,
            track.attributes,
            segment.from_seconds,
            segment.to_seconds,
            _frame_at(description, track, segment.middle),
            doubtful,
            stated.of_person(track.id, segment.action, segment.partner),
        )


def _of_interaction(
    description: Description, edge: Interaction, subject: Trajectory, target: Trajectory, stated: VideoStatements
) -> Iterator[Entry]:
    text = f"{_who(subject)}: {_plain_verb(edge.verb)}: {_who(target)}"
    doubtful = subject.words != STATED or target.words != STATED
    for span in edge.spans or (_together(description, subject, target),):
        start, end = (None, None) if span is None else (span.from_seconds, span.to_seconds)
        yield Entry(
            INTERACTION,
            text,
            (subject.id, target.id),
            edge.verb,
            (*subject.attributes, *target.attributes),
            start,
            end,
            _evidence(description, span, subject),
            doubtful,
            stated.of_pair(subject.id, edge.verb, target.id),
        )


def _of_video(description: Description, stated: VideoStatements) -> Entry:
    last = description.video.seconds(max(description.video.frames - 1, 0))
    crowd = max(description.tracks, key=len, default=None)
    frame = None if crowd is None or not len(crowd) else int(crowd.frames[len(crowd) // 2])
    people = tuple(track.id for track in description.tracks)
    start = None if last is None else 0.0
    doubtful = description.words != STATED
    return Entry(VIDEO, description.caption, people, "", (), start, last, frame, doubtful, stated.of_everybody())


def _who(track: Trajectory) -> str:
    """How a caption names its person: the words before what is done; else the attributes; else the number."""
    if track.segments:
        before = track.caption[: track.caption.find(track.segments[0].text)].strip(" ,:;")
        if before:
            return before
    values = [entry.value for entry in track.attributes]
    return " ".join(values) if values else f"person {track.id}"


def _plain_verb(label: str) -> str:
    """A verb sense in words, with what it means; a phrase of the user's as it is."""
    try:
        senses = find(label)
    except ValueError:
        return label
    return ", ".join(f"{sense.lemma} ({sense.gloss})" for sense in senses)


def _lifetime(description: Description, track: Trajectory) -> tuple[float | None, float | None]:
    if not len(track):
        return None, None
    return description.video.seconds(int(track.frames[0])), description.video.seconds(int(track.frames[-1]))


def _together(description: Description, subject: Trajectory, target: Trajectory) -> Span | None:
    """The time in which two people are both there, where it is not known when something happened."""
    shared = np.intersect1d(subject.frames, target.frames)
    if not len(shared):
        return None
    start, end = (description.video.seconds(int(shared[place])) for place in (0, -1))
    return None if start is None or end is None else Span(start, end, (int(shared[len(shared) // 2]),))


def _evidence(description: Description, span: Span | None, subject: Trajectory) -> int | None:
    if span is None:
        return _best_frame(description, subject)
    if span.frames:
        return span.frames[len(span.frames) // 2]
    return _frame_at(description, subject, span.middle)


def _best_frame(description: Description, track: Trajectory) -> int | None:
    if not len(track):
        return None
    quality = crop_quality(track, description.video.width, description.video.height)
    return int(track.frames[int(np.argmax(quality))])


def _frame_at(description: Description, track: Trajectory, seconds: float) -> int | None:
    """The frame of a person that is nearest to a time."""
    if not len(track):
        return None
    times = [description.video.seconds(int(frame)) for frame in track.frames.tolist()]
    known = np.array([np.inf if time is None else abs(time - seconds) for time in times])
    return int(track.frames[int(np.argmin(known))])
