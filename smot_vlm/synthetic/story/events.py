"""What happens, in labels and seconds: events of one person, and edges between two."""

from dataclasses import dataclass


class DoesNotFit(Exception):
    """The stage, the time or the length of a caption does not allow this; the next draw is tried."""


@dataclass(frozen=True)
class Event:
    """What one person does from `start` to `end` seconds: an action alone, or a verb with `partner` in a role."""

    label: str
    start: float
    end: float
    role: str = ""
    partner: int = -1


@dataclass(frozen=True)
class Edge:
    """A directed interaction between people by index. event: the label of the event that it is a side of."""

    subject: int
    verb: str
    object: int
    event: str
