"""What is seen of people in a stretch of time, as rules are checked against it."""

from dataclasses import dataclass

import numpy as np

from smot_vlm.structures.evidence import Attribute, Span


@dataclass(frozen=True, eq=False)
class SeenPerson:
    """One person in a stretch of time.

    Attributes:
        id: of the track.
        frames: int64 (n,), ascending.
        times: float64 (n,), seconds of these frames since the video began.
        boxes: float64 (n, 4) xyxy in pixels.
        attributes: what the person is, wears and has.
        sure: whether the model knows such people.
    """

    id: int
    frames: np.ndarray
    times: np.ndarray
    boxes: np.ndarray
    attributes: tuple[Attribute, ...] = ()
    sure: bool = True


@dataclass(frozen=True)
class SeenDeed:
    """What one person does, alone or to another one.

    Attributes:
        subject: track id of who acts.
        label: of a verb sense or a phrase, or of a deed that is done alone.
        object: track id of the other person; None alone.
        spans: when.
        sure: whether it is stated.
    """

    subject: int
    label: str
    object: int | None
    spans: tuple[Span, ...]
    sure: bool = True


@dataclass(frozen=True, eq=False)
class Sight:
    """What is seen in a stretch of time.

    Attributes:
        seconds: the end of the stretch, since the video began.
        width: pixels of the frames.
        height: the same.
        people: those who are there.
        deeds: of these people; their spans may reach back before the stretch.
    """

    seconds: float
    width: int
    height: int
    people: tuple[SeenPerson, ...]
    deeds: tuple[SeenDeed, ...]
