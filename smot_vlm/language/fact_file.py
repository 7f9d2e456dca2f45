"""Reading `facts.json`: every field of the file is checked, then its entries become facts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import read_json, shown
from smot_vlm.language.fact_records import (
    FACTS_FILE,
    SCHEMA,
    Action,
    Appearance,
    PartnerFact,
    Relation,
    SequenceFacts,
    TimedEvent,
    TrackFacts,
    VideoFacts,
)

# An appearance as the file has it: kind, top, bottom.
_Looks = tuple[str, str, str]
_Seconds = Annotated[float, Range(0)]


@dataclass(frozen=True)
class _PartnerEntry:
    verb: str
    role: str
    looks: _Looks
    key: str


@dataclass(frozen=True)
class _TrackEntry:
    key: str
    id: int
    kind: str
    top: str
    bottom: str
    accessories: tuple[str, ...]
    actions: tuple[str, ...]
    partners: tuple[_PartnerEntry, ...]
    events: tuple[str, ...]


@dataclass(frozen=True)
class _RelationEntry:
    subject: _Looks
    verb: str
    object: _Looks


@dataclass(frozen=True)
class _ActionEntry:
    who: _Looks
    action: str


@dataclass(frozen=True)
class _VideoEntry:
    scene: str
    count: int
    relations: tuple[_RelationEntry, ...]
    deeds: tuple[_ActionEntry, ...]


@dataclass(frozen=True)
class _TimedEntry:
    id: int
    event: str
    from_seconds: _Seconds
    to_seconds: _Seconds
    partner: int | None = None
    verbs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.to_seconds <= self.from_seconds:
            raise ValueError(
                f"{self.event} lasts from {self.from_seconds} to {self.to_seconds} seconds; it must end later"
            )


@dataclass(frozen=True)
class _SequenceEntry:
    name: str
    seed: Annotated[int, Range()]
    split: str
    fps: float
    video: _VideoEntry
    tracks: tuple[_TrackEntry, ...]
    timeline: tuple[_TimedEntry, ...] = ()


def read_facts_file(folder: Path) -> SequenceFacts | None:
    """The facts of a sequence on disk.

    Args:
        folder: the sequence's own.

    Returns:
        None where there is no facts.json.

    Raises:
        ValueError: not JSON, another schema, or a field that is missing or of the wrong kind.
    """
    path = folder / FACTS_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return facts_from_dict(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def facts_from_dict(content: dict[str, Any]) -> SequenceFacts:
    """The inverse of `SequenceFacts.to_dict`.

    Args:
        content: parsed JSON.

    Returns:
        The facts.

    Raises:
        ValueError: another schema, or a field that is missing or of the wrong kind.
    """
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"schema is {shown(schema)}; this version reads {SCHEMA!r}")
    entry = record(
        _SequenceEntry, {key: value for key, value in content.items() if key != "schema"}, whole="the file of facts"
    )
    video, tracks = _video(entry.video), tuple(map(_track, entry.tracks))
    timeline = tuple(
        TimedEvent(each.id, each.event, each.from_seconds, each.to_seconds, each.partner, each.verbs)
        for each in entry.timeline
    )
    return SequenceFacts(entry.name, entry.seed, entry.split, entry.fps, video, tracks, timeline)


def _video(entry: _VideoEntry) -> VideoFacts:
    relations = (Relation(Appearance(*edge.subject), edge.verb, Appearance(*edge.object)) for edge in entry.relations)
    actions = (Action(Appearance(*deed.who), deed.action) for deed in entry.deeds)
    return VideoFacts(entry.scene, entry.count, tuple(relations), tuple(actions))


def _track(entry: _TrackEntry) -> TrackFacts:
    return TrackFacts(
        entry.key,
        entry.id,
        entry.kind,
        entry.top,
        entry.bottom,
        entry.accessories,
        entry.actions,
        tuple(PartnerFact(each.verb, each.role, Appearance(*each.looks), each.key) for each in entry.partners),
        entry.events,
    )
