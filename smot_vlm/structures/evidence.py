"""When something is said to happen and to be, and on what evidence: spans, segments of captions, clauses, passages, attributes."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from smot_vlm.formats.checked import Range

FrameCount = Annotated[int, Range(0, 2**31 - 1)]
Seconds = Annotated[float, Range(0)]
Probability = Annotated[float, Range(0, 1)]
# Sides of what two people do; "" of what one does alone.
ROLES = ("", "subject", "object", "mutual")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Attribute:
    """Something that one person is, wears or has.

    Attributes:
        name: lower-case letters, digits and underscores, such as kind, upper_colour, lower_garment or has.
        value: such as woman, red or bag.
        score: probability.
    """

    name: str
    value: str
    score: Probability = 1.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"an attribute's name is {self.name!r}; give a name such as upper_colour")
        if not self.value.strip():
            raise ValueError(f"attribute {self.name} has no value; give one, or leave the attribute out")
        _check_score(f"attribute {self.name}", self.score)


@dataclass(frozen=True)
class Span:
    """A stretch of time in which something happens.

    Attributes:
        from_seconds: since the video began.
        to_seconds: not before from_seconds.
        frames: that show it, ascending, counted from 0.
        score: probability, at its height.
    """

    from_seconds: Seconds
    to_seconds: Seconds
    frames: tuple[FrameCount, ...] = ()
    score: Probability = 1.0

    def __post_init__(self) -> None:
        _check_times("a span", self.from_seconds, self.to_seconds)
        _check_score("a span", self.score)
        object.__setattr__(self, "frames", tuple(self.frames))
        if list(self.frames) != sorted(set(self.frames)):
            raise ValueError(f"the frames of a span are {list(self.frames)}; give them ascending, each once")

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.to_seconds - self.from_seconds

    @property
    def middle(self) -> float:
        """Half-way between both ends."""
        return (self.from_seconds + self.to_seconds) / 2


@dataclass(frozen=True)
class Segment:
    """A clause of a person's caption and the time that it tells of.

    Attributes:
        text: as it stands in the caption.
        from_seconds: since the video began.
        to_seconds: not before from_seconds.
        action: label of what is done; empty where the clause says none that is known.
        role: of the person in what two people do, one of ROLES.
        partner: track id of the other person, where known.
    """

    text: str
    from_seconds: Seconds
    to_seconds: Seconds
    action: str = ""
    role: str = ""
    partner: int | None = None

    def __post_init__(self) -> None:
        _check_times(f"segment {self.text!r}", self.from_seconds, self.to_seconds)
        if self.role not in ROLES:
            raise ValueError(f"a segment's role is {self.role!r}; it takes {', '.join(map(repr, ROLES))}")

    @property
    def middle(self) -> float:
        """Half-way between both ends."""
        return (self.from_seconds + self.to_seconds) / 2


@dataclass(frozen=True)
class Passage:
    """What was said of one stretch of a long video, whose caption only sums its stretches up.

    Attributes:
        text: a caption of its own.
        from_seconds: since the video began.
        to_seconds: not before from_seconds.
        words: STATED or DOUBTFUL, of the text.
    """

    text: str
    from_seconds: Seconds
    to_seconds: Seconds
    words: str = "stated"

    def __post_init__(self) -> None:
        _check_times(f"passage {self.text!r}", self.from_seconds, self.to_seconds)
        if not self.text.strip():
            raise ValueError("a passage has no text; give one, or leave the passage out")
        if self.words not in ("stated", "doubtful"):
            raise ValueError(f"words of a passage is {self.words!r}; it takes stated or doubtful")

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.to_seconds - self.from_seconds


def check_passages(passages: tuple[Passage, ...]) -> None:
    """Make sure that passages follow each other.

    Args:
        passages: of one person or video.

    Raises:
        ValueError: one begins before the one before it ends.
    """
    for earlier, later in pairwise(passages):
        if later.from_seconds < earlier.to_seconds:
            raise ValueError(f"passage {later.text!r} begins before the one before it ends; give them in order")


@dataclass(frozen=True)
class Clause:
    """A clause of the video's caption and whom it speaks of.

    Attributes:
        text: as it stands in the caption.
        people: track ids.
        interactions: positions in the description's interactions.
    """

    text: str
    people: tuple[int, ...] = ()
    interactions: tuple[FrameCount, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", tuple(self.people))
        object.__setattr__(self, "interactions", tuple(self.interactions))


def _check_times(what: str, start: float, end: float) -> None:
    if not 0 <= start <= end < float("inf"):
        raise ValueError(f"{what} lasts from {start} to {end} seconds; give 0 or more, the end not before the start")


def _check_score(what: str, score: float) -> None:
    if not 0 <= score <= 1:
        raise ValueError(f"{what} has a score of {score}; give 0 to 1")
