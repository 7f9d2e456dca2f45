"""What an entry states as facts: who, by looks, does what to whom, and where."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from smot_vlm.language.fact_reader import event_label, is_mutual, read_facts
from smot_vlm.rules.described import attributes_told
from smot_vlm.structures import WITHHELD, Description, Trajectory

DOES = "does"


class Statement(NamedTuple):
    """One person does one thing; empty where that is not known.

    Attributes:
        kind: man, woman, boy or girl; the first seven are of who does it.
        upper_colour: of the clothes.
        lower_colour: the same.
        upper_garment: the same.
        lower_garment: the same.
        has: what is worn or carried.
        has_too: another such thing.
        action: label, with its role where two people take part: "push.v.01:object" is being pushed.
        whom_kind: of the other person; so are the last but one.
        whom_upper_colour: the same.
        whom_lower_colour: the same.
        whom_upper_garment: the same.
        place: where the video is.
    """

    kind: str = ""
    upper_colour: str = ""
    lower_colour: str = ""
    upper_garment: str = ""
    lower_garment: str = ""
    has: str = ""
    has_too: str = ""
    action: str = ""
    whom_kind: str = ""
    whom_upper_colour: str = ""
    whom_lower_colour: str = ""
    whom_upper_garment: str = ""
    place: str = ""


_NOBODY: Mapping[str, str] = {}
_OF_WHOM = ("kind", "upper_colour", "lower_colour", "upper_garment")


class VideoStatements:
    """The statements of a description, by the people that they are about.

    Args:
        description: any.
    """

    def __init__(self, description: Description) -> None:
        self._place = read_facts(description.caption).scene
        self._told = {track.id: track for track in description.tracks if track.words != WITHHELD}
        self._looks = {number: _looks(track) for number, track in self._told.items()}
        self._deeds: dict[int, dict[tuple[str, int | None], None]] = {number: {} for number in self._told}
        for edge in description.interactions:
            roles = ("mutual", "mutual") if is_mutual(edge.verb) else ("subject", "object")
            for one, other, role in ((edge.subject, edge.object, roles[0]), (edge.object, edge.subject, roles[1])):
                if one in self._told and other in self._told:
                    self._deeds[one][event_label(edge.verb, role), other] = None
        for track in self._told.values():
            for deed in _deeds_alone(track):
                self._deeds[track.id][deed, None] = None

    def of_person(self, person: int, action: str = "", partner: int | None = None) -> tuple[Statement, ...]:
        """What is stated of a person.

        Args:
            person: track id.
            action: only this one, with or without its role; empty for all.
            partner: only what is done with this person; None for everybody.

        Returns:
            One or more; the looks alone where nothing is done.
        """
        deeds = [
            (deed, other)
            for deed, other in self._deeds.get(person, ())
            if action in ("", deed, deed.partition(":")[0]) and partner in (None, other)
        ]
        return tuple(self._statement(person, deed, other) for deed, other in deeds or [(action, None)])

    def of_pair(self, subject: int, verb: str, target: int) -> tuple[Statement, ...]:
        """An interaction, from both sides.

        Args:
            subject: track id.
            verb: label.
            target: track id.
        """
        return (*self.of_person(subject, verb, target), *self.of_person(target, verb, subject))

    def of_everybody(self) -> tuple[Statement, ...]:
        """What is stated of all people of the video."""
        return tuple(statement for person in self._told for statement in self.of_person(person))

    def _statement(self, person: int, deed: str, other: int | None) -> Statement:
        whom = self._looks.get(other, _NOBODY) if other is not None else _NOBODY
        return Statement(
            **self._looks.get(person, _NOBODY),
            action=deed,
            **{f"whom_{name}": whom[name] for name in _OF_WHOM if name in whom},
            place=self._place,
        )


def _looks(track: Trajectory) -> dict[str, str]:
    """Fields of a statement that tell what a person looks like."""
    looks: dict[str, str] = {}
    for entry in attributes_told(track, drawn=True):
        name = "has_too" if entry.name == "has" and "has" in looks else entry.name
        if name in Statement._fields:
            looks.setdefault(name, entry.value)
    return looks


def _deeds_alone(track: Trajectory) -> Iterator[str]:
    """Labels of what a person does alone: from the segments, the attributes and the caption."""
    yield from (segment.action for segment in track.segments if segment.action and not segment.role)
    yield from (entry.value for entry in track.attributes if entry.name == DOES)
    yield from read_facts(track.caption).actions
