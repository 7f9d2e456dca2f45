"""The facts of a sequence and those that a caption states: records, and the JSON of `facts.json`."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
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
class SequenceFacts:
    """Everything that the captions of one sequence state: the content of facts.json.

    Attributes:
        name: scenario/sequence.
        seed: of the synthetic world.
        split: train, val or test.
        fps: frames a second.
        video: facts of the video's caption.
        tracks: facts of the people's captions.
    """

    name: str
    seed: int
    split: str
    fps: float
    video: VideoFacts
    tracks: tuple[TrackFacts, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, with the schema's name."""
        named = asdict(self, dict_factory=lambda items: {_FILE_NAMES.get(name, name): value for name, value in items})
        return {"schema": SCHEMA, **named}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "SequenceFacts":
        """The inverse of `to_dict`.

        Args:
            content: parsed JSON.

        Returns:
            The facts.

        Raises:
            ValueError: another schema, or a field that is missing.
        """
        schema = content.get("schema") if isinstance(content, dict) else None
        if schema != SCHEMA:
            raise ValueError(f"schema is {schema!r}; this version reads {SCHEMA!r}")
        try:
            return cls(
                content["name"],
                content["seed"],
                content["split"],
                content["fps"],
                _video_from(content["video"]),
                tuple(_track_from(track) for track in content["tracks"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"a field is missing or of the wrong kind ({error})") from None


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


# Finds the facts that a caption states, in any text.
FactReader = Callable[[str], CaptionFacts]


def read_facts_file(folder: Path) -> SequenceFacts | None:
    """The facts of a sequence on disk.

    Args:
        folder: the sequence's own.

    Returns:
        None where there is no facts.json.

    Raises:
        ValueError: not JSON, or another schema.
    """
    path = folder / FACTS_FILE
    if not path.is_file():
        return None
    try:
        return SequenceFacts.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _video_from(content: dict[str, Any]) -> VideoFacts:
    relations = (
        Relation(Appearance(*edge["subject"]), edge["verb"], Appearance(*edge["object"]))
        for edge in content["relations"]
    )
    actions = (Action(Appearance(*action["who"]), action["action"]) for action in content["deeds"])
    return VideoFacts(content["scene"], content["count"], tuple(relations), tuple(actions))


def _track_from(content: dict[str, Any]) -> TrackFacts:
    partners = (
        PartnerFact(partner["verb"], partner["role"], Appearance(*partner["looks"]), partner["key"])
        for partner in content["partners"]
    )
    return TrackFacts(
        content["key"],
        content["id"],
        content["kind"],
        content["top"],
        content["bottom"],
        tuple(content["accessories"]),
        tuple(content["actions"]),
        tuple(partners),
        tuple(content["events"]),
    )
