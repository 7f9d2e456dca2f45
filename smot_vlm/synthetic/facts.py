"""The facts of a sequence, and those that a caption tells: records, and their JSON."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from smot_vlm.synthetic.language import lexicon

SCHEMA = "smot-vlm/synthetic-facts/1"


class Looks(NamedTuple):
    """How a person is described: kind and clothes' colours; "" where nothing is said."""

    kind: str
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True)
class PartnerFact:
    """An interaction seen from one side. role: subject, object or mutual. key: the partner's name in files, "" if
    unknown.
    """

    verb: str
    role: str
    looks: Looks
    key: str = ""


@dataclass(frozen=True)
class TrackFacts:
    """All that a person's caption says.

    key: name in the caption and graph files (man0, woman1 ...). actions: what is done alone, in order of time.
    partners: interactions in order of time. events: both in one order; an interaction reads "push.v.01:subject".
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
    """Who does what to whom, by their looks. Mutual relations have their two sides in sorted order."""

    subject: Looks
    verb: str
    object: Looks


@dataclass(frozen=True)
class Deed:
    """Who does what alone, by looks."""

    who: Looks
    action: str


@dataclass(frozen=True)
class VideoFacts:
    """All that the video's caption says: place, number of people, who does what (to whom)."""

    scene: str
    count: int
    relations: tuple[Relation, ...]
    deeds: tuple[Deed, ...]


@dataclass(frozen=True)
class SequenceFacts:
    """Everything that is told of one sequence: the content of facts.json."""

    name: str
    seed: int
    split: str
    fps: float
    video: VideoFacts
    tracks: tuple[TrackFacts, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, with the schema's name."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "SequenceFacts":
        """The inverse of `to_dict`.

        Raises:
            ValueError: another schema, or a field that is missing.
        """
        schema = content.get("schema") if isinstance(content, dict) else None
        if schema != SCHEMA:
            raise ValueError(f"schema is {schema!r}; this version reads {SCHEMA!r}")
        try:
            video = content["video"]
            return cls(
                content["name"],
                content["seed"],
                content["split"],
                content["fps"],
                VideoFacts(
                    video["scene"],
                    video["count"],
                    tuple(
                        Relation(Looks(*edge["subject"]), edge["verb"], Looks(*edge["object"]))
                        for edge in video["relations"]
                    ),
                    tuple(Deed(Looks(*deed["who"]), deed["action"]) for deed in video["deeds"]),
                ),
                tuple(_track_from(track) for track in content["tracks"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"a field is missing or of the wrong kind ({error})") from None


@dataclass(frozen=True)
class CaptionFacts:
    """What a caption says. kind, top, bottom, accessories: of the first person mentioned; "" where nothing is said.

    actions, partners, events: of that person, in order of mention. scene "" and count 0 where nothing is said.
    relations, deeds: of everybody.
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
    deeds: tuple[Deed, ...] = ()


def event_label(verb: str, role: str) -> str:
    """An interaction's name in `TrackFacts.events`."""
    return f"{verb}:{role}"


def relation_of(subject: Looks, verb: str, object_: Looks) -> Relation:
    """The relation, with the two sides of a mutual verb in sorted order."""
    mutual = verb in lexicon.VERBS and lexicon.VERBS[verb].mutual
    if mutual and object_ < subject:
        subject, object_ = object_, subject
    return Relation(subject, verb, object_)


def _track_from(content: dict[str, Any]) -> TrackFacts:
    partners = tuple(
        PartnerFact(partner["verb"], partner["role"], Looks(*partner["looks"]), partner["key"])
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
        partners,
        tuple(content["events"]),
    )
