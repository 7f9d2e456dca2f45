"""`people_facts.json` beside a sequence: what its source says of each person, and whether its interactions are all.

    {"schema": "smot-vlm/people-facts/1", "all_interactions": false,
     "people": {"1": {"kinds": ["girl"], "upper": ["pink"], "deeds": ["climb"]}, "2": {}}}

Keys are track ids. A value that is not there is unknown, not false.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import read_json, shown
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language.people_facts import PersonFacts

SCHEMA = "smot-vlm/people-facts/1"
PEOPLE_FACTS_FILE = "people_facts.json"
# The values that each field may hold.
VOCABULARIES: dict[str, tuple[str, ...]] = {
    "kinds": lexicon.KINDS,
    "upper": lexicon.COLOURS,
    "lower": lexicon.COLOURS,
    "worn": lexicon.COLOURS,
    "upper_garments": lexicon.UPPER_GARMENTS,
    "lower_garments": lexicon.LOWER_GARMENTS,
    "has": lexicon.ATTRIBUTES,
    "lacks": lexicon.ATTRIBUTES,
    "things": lexicon.THINGS,
    "deeds": lexicon.DEEDS,
}


@dataclass(frozen=True)
class PeopleFacts:
    """What a source says of the people of one sequence.

    Attributes:
        people: facts by track id.
        all_interactions: whether the sequence's interactions are all there are; otherwise whether two people without
            one interact is unknown.
    """

    people: Mapping[int, PersonFacts]
    all_interactions: bool = False

    def only(self, track_ids: Collection[int]) -> "PeopleFacts":
        """The facts of some people.

        Args:
            track_ids: of those to keep.

        Returns:
            The copy.
        """
        return replace(self, people={key: facts for key, facts in self.people.items() if key in track_ids})


@dataclass(frozen=True)
class _File:
    people: dict[str, PersonFacts]
    all_interactions: bool = False
    schema: str = field(default="")


def format_people_facts(facts: PeopleFacts) -> str:
    """The text of the file; empty fields are left out.

    Args:
        facts: of one sequence.

    Returns:
        JSON.

    Raises:
        ValueError: a value outside its vocabulary, or an id below 1.
    """
    for track_id, person in facts.people.items():
        _check_id(str(track_id))
        _check(person, f"people.{track_id}")
    people = {str(track_id): _filled(person) for track_id, person in sorted(facts.people.items())}
    content = {"schema": SCHEMA, "all_interactions": facts.all_interactions, "people": people}
    return json.dumps(content, indent=1) + "\n"


def read_people_facts(folder: Path) -> PeopleFacts | None:
    """Read the file of a sequence.

    Args:
        folder: of the sequence.

    Returns:
        The facts; None where there is no such file.

    Raises:
        ValueError: another schema, a field of the wrong kind, a value outside its vocabulary, or an id below 1.
    """
    path = folder / PEOPLE_FACTS_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return _parse(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _parse(content: Any) -> PeopleFacts:
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"schema is {shown(schema)}; this version reads {SCHEMA!r}")
    entry = record(_File, content, whole="the file of people's facts")
    for key, person in entry.people.items():
        _check_id(key)
        _check(person, f"people.{key}")
    return PeopleFacts({int(key): person for key, person in entry.people.items()}, entry.all_interactions)


def _check_id(key: str) -> None:
    if not (key.isascii() and key.isdecimal() and len(key) < 10 and key == str(int(key)) and int(key) > 0):
        raise ValueError(f"people has the key {shown(key)}; keys are track ids, whole numbers from 1")


def _check(person: PersonFacts, place: str) -> None:
    for name, allowed in VOCABULARIES.items():
        values = getattr(person, name)
        for value in values:
            if value not in allowed:
                raise ValueError(f"{place}.{name} holds {shown(value)}; it takes {', '.join(allowed)}")
        if len(set(values)) != len(values):
            raise ValueError(f"{place}.{name} holds a value twice; keep one of the two")
    both = [value for value in person.has if value in person.lacks]
    if both:
        raise ValueError(f"{place}: {shown(both[0])} stands in has and in lacks; keep one of the two")


def _filled(person: PersonFacts) -> dict[str, list[str]]:
    values = {entry.name: list(getattr(person, entry.name)) for entry in fields(person)}
    return {name: value for name, value in values.items() if value}
