"""What subtitles tell when: passages or clauses of people's captions, and spans of interactions."""

from collections.abc import Iterator
from dataclasses import dataclass

from smot_vlm.structures import Description, Interaction, Trajectory
from smot_vlm.system.printing import printable

# A cue needs a length to be seen.
SHORTEST_SECONDS = 0.001


@dataclass(frozen=True)
class Cue:
    """One line of subtitles.

    Attributes:
        from_seconds: since the video began.
        to_seconds: later.
        text: one line.
        person: track id of whom it tells, or who acts.
    """

    from_seconds: float
    to_seconds: float
    text: str
    person: int


def cues_of(description: Description) -> list[Cue]:
    """Everything that has a time: each segment of a caption, captions without segments, and each span.

    Of people with passages these are told, not the caption that sums them up.

    Args:
        description: any.

    Returns:
        By time, then by person.

    Raises:
        ValueError: the times of frames are not known.
    """
    cues = [cue for track in description.tracks for cue in _of_person(track, description)]
    cues += [cue for edge in description.interactions for cue in _of_interaction(edge)]
    return sorted(cues, key=lambda cue: (cue.from_seconds, cue.person, cue.to_seconds, cue.text))


def life_of(track: Trajectory, description: Description) -> tuple[float, float]:
    """When a person is first and last there, to the end of the last frame.

    Args:
        track: with at least one box.
        description: that it belongs to.

    Returns:
        Seconds.

    Raises:
        ValueError: the times of frames are not known.
    """
    start = description.video.seconds(int(track.frames[0]))
    end = description.video.seconds(int(track.frames[-1]) + 1)
    if start is None or end is None:
        raise ValueError("the video states no frame rate and no times; describe it again with --fps")
    return start, max(end, start + SHORTEST_SECONDS)


def _of_person(track: Trajectory, description: Description) -> Iterator[Cue]:
    if not track.caption or not len(track):
        return
    for passage in track.passages:
        end = max(passage.to_seconds, passage.from_seconds + SHORTEST_SECONDS)
        yield Cue(passage.from_seconds, end, f"[{track.id}] {one_line(passage.text)}", track.id)
    if track.passages:
        return
    if not track.segments:
        yield Cue(*life_of(track, description), f"[{track.id}] {one_line(track.caption)}", track.id)
    for segment in track.segments:
        end = max(segment.to_seconds, segment.from_seconds + SHORTEST_SECONDS)
        yield Cue(segment.from_seconds, end, f"[{track.id}] {one_line(segment.text)}", track.id)


def _of_interaction(edge: Interaction) -> Iterator[Cue]:
    for span in edge.spans:
        text = f"[{edge.subject} → {edge.object}] {one_line(edge.verb)}"
        yield Cue(span.from_seconds, max(span.to_seconds, span.from_seconds + SHORTEST_SECONDS), text, edge.subject)


def one_line(text: str) -> str:
    """Words as one line that steers neither a terminal nor the direction of writing.

    Args:
        text: any.
    """
    return printable(" ".join(text.split()))
