"""The parts of a rule, in the user's words: who, what, to whom, where, for how long, at what hours."""

import math
import re
from dataclasses import dataclass, field

# Anybody, in place of a noun for a kind of person.
ANYONE = ("anyone", "anybody", "someone", "somebody", "person", "people")
DAY_SECONDS = 24 * 3600
LONGEST_SECONDS = DAY_SECONDS
MOST_POINTS = 1000
ZONE_NAME = re.compile(r"[A-Za-z][\w-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Clothes:
    """Something that is worn.

    Attributes:
        colour: may be empty, where a garment is given.
        garment: may be empty, where a colour is given.
    """

    colour: str = ""
    garment: str = ""

    def __post_init__(self) -> None:
        if not (self.colour or self.garment):
            raise ValueError("clothes without colour and garment; give one of them")


@dataclass(frozen=True)
class Who:
    """Which people are meant; without anything, anyone.

    Attributes:
        kind: a noun such as man; empty for anyone.
        clothes: all of them are worn.
        has: all of these are worn or carried, such as hat.
    """

    kind: str = ""
    clothes: tuple[Clothes, ...] = ()
    has: tuple[str, ...] = ()

    @property
    def is_anyone(self) -> bool:
        """Whether everybody is meant."""
        return not (self.kind or self.clothes or self.has)


@dataclass(frozen=True)
class Hours:
    """A part of every day, by the clock of the place; it may reach past midnight.

    Attributes:
        start: minutes since midnight.
        end: the same, not the start; this minute is not in it.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        for minutes in (self.start, self.end):
            if not 0 <= minutes < DAY_SECONDS // 60:
                raise ValueError(f"{minutes} minutes are no time of day; give 00:00 to 23:59")
        if self.start == self.end:
            raise ValueError(f"between {time_of_day(self.start)} and the same time; give two times")

    def holds(self, day_seconds: float) -> bool:
        """Whether a time is in these hours.

        Args:
            day_seconds: since midnight.
        """
        minutes = day_seconds / 60
        if self.start < self.end:
            return self.start <= minutes < self.end
        return minutes >= self.start or minutes < self.end


@dataclass(frozen=True)
class Zone:
    """A part of the picture.

    Attributes:
        name: letters, digits, - and _.
        points: (x, y) of the corners in order, at least three.
        pixels: the points are pixels of the frame; else shares of its width and height.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    pixels: bool = False

    def __post_init__(self) -> None:
        if not ZONE_NAME.fullmatch(self.name):
            raise ValueError(f"a zone's name is {self.name[:64]!r}; give a letter, then letters, digits, - and _")
        if not 3 <= len(self.points) <= MOST_POINTS:
            raise ValueError(f"zone {self.name} has {len(self.points)} points; give 3 to {MOST_POINTS}")
        high = math.inf if self.pixels else 1.0
        for x, y in self.points:
            if not (0 <= x <= high and 0 <= y <= high and math.isfinite(x) and math.isfinite(y)):
                limits = "0 or more pixels" if self.pixels else "0 to 1 (shares of width and height), or pixels"
                raise ValueError(f"zone {self.name}: point {x:g},{y:g} is outside of the frame; give {limits}")
        if self._area() <= 0:
            raise ValueError(f"zone {self.name} has no area; give points that are not on one line")

    def _area(self) -> float:
        following = (*self.points[1:], self.points[0])
        return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(self.points, following, strict=True)))

    def in_pixels(self, width: int, height: int) -> tuple[tuple[float, float], ...]:
        """The corners in a frame.

        Args:
            width: of the frame.
            height: of the frame.

        Returns:
            (x, y) in pixels.

        Raises:
            ValueError: a corner lies outside of the frame.
        """
        if not self.pixels:
            return tuple((x * width, y * height) for x, y in self.points)
        for x, y in self.points:
            if x > width or y > height:
                raise ValueError(
                    f"zone {self.name}: point {x:g},{y:g} is outside of the frame of {width}x{height}; give points in it"
                )
        return self.points


@dataclass(frozen=True)
class Rule:
    """What is looked for. Without a deed, that somebody is there.

    Attributes:
        who: acts, or is there.
        deed: a verb in plain words or a label; empty for none.
        whom: the other person; None where none is named.
        zone: name of the zone in which (or outside of which) `who` stands; empty for anywhere.
        outside: outside of the zone.
        seconds: how long it must last.
        hours: at what hours; None for any.
        name: what events call it; empty for its sentence.
    """

    who: Who = field(default_factory=Who)
    deed: str = ""
    whom: Who | None = None
    zone: str = ""
    outside: bool = False
    seconds: float = 0.0
    hours: Hours | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.whom is not None and not self.deed:
            raise ValueError("a rule names another person but no deed; say what is done")
        if self.outside and not self.zone:
            raise ValueError("a rule is outside of no zone; name one")
        if not 0 <= self.seconds <= LONGEST_SECONDS:
            raise ValueError(f"a rule lasts {self.seconds} seconds; give 0 to {LONGEST_SECONDS}")
        if self.who.is_anyone and not (self.deed or self.zone):
            raise ValueError(
                "a rule says only that somebody is there; name a deed, a zone, or what the person looks like"
            )


def time_of_day(minutes: int) -> str:
    """Minutes since midnight as a clock shows them.

    Args:
        minutes: below a day.

    Returns:
        Such as 06:00.
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def read_time_of_day(text: str) -> int:
    """The inverse of `time_of_day`.

    Args:
        text: such as 22:00.

    Returns:
        Minutes since midnight.

    Raises:
        ValueError: another form.
    """
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip(), re.ASCII)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"{text[:40]!r} is no time of day; give 00:00 to 23:59")
    return int(match[1]) * 60 + int(match[2])
