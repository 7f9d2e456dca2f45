"""The facts of a sequence and those that a caption states."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

SCHEMA = "smot-vlm/synthetic-facts/1"
FACTS_FILE = "facts.json"
# Names of fields in the file where the schema's differ from the records'.
_FILE_NAMES = {"appearance": "looks", "person": "who", "person_actions": "deeds"}


class Appearance(NamedTuple):
    """How a person is described; "" where nothing is stated.

    Attributes:
        kind: man, woman, boy or girl.
        top: colour of the upper garment.
        bottom: colour of the lower garment.
    """

    kind: str
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True)
class PartnerFact:
    """An interaction seen from one side.

    Attributes:
        verb: its label.
        role: subject, object or mutual.
        appearance: of the partner.
        key: the partner's name in files, "" if unknown.
    """

    verb: str
    role: str
    appearance: Appearance
    key: str = ""


@dataclass(frozen=True)
class TrackFacts:
    """Everything that a person's caption states.

    Attributes:
        key: name in the caption and graph files (man0, woman1 ...).
        id: of the track.
        kind: man, woman, boy or girl.
        top: colour of the upper garment.
        bottom: colour of the lower garment.
        accessories: hats and bags.
        actions: what is done alone, in order of time.
        partners: interactions in order of time.
        events: both in one order; an interaction reads "push.v.01:subject".
    """

    key: str
    id: int
    kind: str
    top: str
    bottom: str
    accessories: tuple[str, ...]
    actions: tuple[str, ...]
    partners: tuple[PartnerFact, ...]
    events: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """Who does what to whom, by appearance.

    Attributes:
        subject: who acts; of a mutual verb the first in sorted order.
        verb: its label.
        object: on whom.
    """

    subject: Appearance
    verb: str
    object: Appearance


@dataclass(frozen=True)
class Action:
    """Who does what alone, by appearance.

    Attributes:
        person: who.
        action: its label.
    """

    person: Appearance
    action: str


@dataclass(frozen=True)
class VideoFacts:
    """Everything that the video's caption states.

    Attributes:
        scene: the place.
        count: number of people.
        relations: who does what to whom.
        person_actions: who does what alone.
    """

    scene: str
    count: int
    relations: tuple[Relation, ...]
    person_actions: tuple[Action, ...]


@dataclass(frozen=True)
class TimedEvent:
    """When one person does something.

    Attributes:
        id: of the track.
        event: its label in `TrackFacts.events`.
        from_seconds: since the video began.
        to_seconds: later than from_seconds.
        partner: id of the other person's track; None alone.
        verbs: what this person does to the partner meanwhile; none where only the partner acts.
    """

    id: int
    event: str
    from_seconds: float
    to_seconds: float
    partner: int | None = None
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True)
class SequenceFacts:
    """Everything that the captions of one sequence state: the content of facts.json.

    Attributes:
        name: scenario/sequence.
        seed: of the synthetic world.
        split: train, val or test.
        fps: frames a second.
        video: facts of the video's caption.
        tracks: facts of the people's captions.
        timeline: when the events of `tracks` happen, person by person in order of time; empty where that is not known.
    """

    name: str
    seed: int
    split: str
    fps: float
    video: VideoFacts
    tracks: tuple[TrackFacts, ...]
    timeline: tuple[TimedEvent, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, with the schema's name."""
        named = asdict(self, dict_factory=lambda items: {_FILE_NAMES.get(name, name): value for name, value in items})
        return {"schema": SCHEMA, **named}


@dataclass(frozen=True)
class CaptionFacts:
    """What a caption states; "", 0 or nothing where it is silent.

    Attributes:
        kind: of the first person mentioned; so are top, bottom and accessories.
        top: colour of the upper garment.
        bottom: colour of the lower garment.
        accessories: hats and bags.
        actions: of that person, in order of mention; so are partners and events.
        partners: interactions.
        events: actions and interactions in one order.
        scene: the place.
        count: number of people.
        relations: of everybody.
        person_actions: of everybody.
    """

    kind: str = ""
    top: str = ""
    bottom: str = ""
    accessories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    partners: tuple[PartnerFact, ...] = ()
    events: tuple[str, ...] = ()
    scene: str = ""
    count: int = 0
    relations: tuple[Relation, ...] = ()
    person_actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Deed:
    """One deed that a caption tells, and where.

    Attributes:
        start: position of its phrase in the caption.
        end: behind the last known word that belongs to it.
        action: label.
        role: of the actor; "" of what is done alone.
        actor: whom the caption says it of.
        partner: the other person.
        of_main: whether it is told of the first person mentioned.
        sentence: where who does it is named; `start` where that is said of an earlier deed.
    """

    start: int
    end: int
    action: str
    role: str
    actor: Appearance
    partner: Appearance
    of_main: bool
    sentence: int


# Finds the facts that a caption states, in any text.
FactReader = Callable[[str], CaptionFacts]
