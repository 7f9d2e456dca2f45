"""What the report's template reads: its picture, people and interactions, ready to be shown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        uri: a data URI with the JPEG.
        time: of the frame, as text.
    """

    uri: str
    time: str


@dataclass(frozen=True)
class Moment:
    """A stretch of time that a reader can jump to.

    Attributes:
        text: what happens; empty where the time alone is told.
        time: from when to when, as text.
        seconds: where it begins.
    """

    text: str
    time: str
    seconds: float


@dataclass(frozen=True)
class PersonRow:
    """One person as the page shows them.

    Attributes:
        id: of the track.
        colour: position in the palette.
        time: first and last appearance, as text.
        boxes: their number, as text.
        caption: of the person.
        words: how far they are to be trusted.
        attributes: (name, value) pairs.
        crop: a data URI, None without a picture.
        bars: start and width in percent of the video's length, of each part in which the person is there.
        segments: of the caption, with their times.
        passages: of a long video, that the caption sums up.
    """

    id: int
    colour: int
    time: str
    boxes: str
    caption: str
    words: str
    attributes: tuple[tuple[str, str], ...]
    crop: str | None
    bars: tuple[tuple[float, float], ...]
    segments: tuple[Moment, ...]
    passages: tuple[Moment, ...] = ()


@dataclass(frozen=True)
class EdgeRow:
    """One interaction as the page shows it.

    Attributes:
        row: position in the description's interactions.
        subject: who acts.
        object: whom it is done to.
        verb: label of the sense.
        word: the verb alone.
        gloss: what the sense means.
        score: 0 to 1.
        percent: length of the score's bar.
        moments: when it happens.
    """

    row: int
    subject: PersonRow
    object: PersonRow
    verb: str
    word: str
    gloss: str
    score: float
    percent: float
    moments: tuple[Moment, ...]
