"""What happens, in labels and seconds: events of one person, and edges between two."""

from dataclasses import dataclass


class DoesNotFit(Exception):
    """The stage, the time or the length of a caption does not allow this; the next draw is tried."""


@dataclass(frozen=True)
class Event:
    """What one person does.

    Attributes:
        label: of an action or of a verb.
        start: seconds.
        end: seconds.
        role: subject, object or mutual; "" alone.
        partner: index of the other person; -1 alone.
    """

    label: str
    start: float
    end: float
    role: str = ""
    partner: int = -1


@dataclass(frozen=True)
class Edge:
    """A directed interaction between people by index.

    Attributes:
        subject: who acts.
        verb: its label.
        object: on whom.
        event: the label of the event that it is a side of.
    """

    subject: int
    verb: str
    object: int
    event: str
