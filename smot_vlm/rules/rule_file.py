"""Rules and zones in a YAML file: `help_text.EXAMPLE` shows every key."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import read_yaml, shown
from smot_vlm.rules.parts import LONGEST_SECONDS, Hours, Rule, Who, Zone, read_time_of_day
from smot_vlm.rules.sentence import read_sentence, read_who

MOST_RULES = 1000
LONGEST_NAME = 200
_Coordinate = Annotated[float, Range(0, 10**6)]


@dataclass(frozen=True)
class RuleFile:
    """What a file holds.

    Attributes:
        rules: at least one.
        zones: that they may name.
    """

    rules: tuple[Rule, ...]
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True)
class _ZoneEntry:
    points: tuple[tuple[_Coordinate, _Coordinate], ...]
    pixels: bool = False


@dataclass(frozen=True)
class _RuleEntry:
    name: str = ""
    rule: str = ""
    who: str = ""
    does: str = ""
    whom: str = ""
    zone: str = ""
    outside: bool = False
    seconds: Annotated[float, Range(0, LONGEST_SECONDS)] = 0.0
    between: tuple[str, ...] = ()


@dataclass(frozen=True)
class _FileEntry:
    rules: tuple[_RuleEntry, ...]
    zones: dict[str, _ZoneEntry] = field(default_factory=dict)


def read_rule_file(path: Path) -> RuleFile:
    """Read a file of rules.

    Args:
        path: of the file.

    Returns:
        Its rules and zones.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not YAML, an unknown key, a wrong type, a number out of range, or a rule that cannot be read; names the
            file.
    """
    content = read_yaml(path)
    try:
        return _rules_of(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _rules_of(content: Any) -> RuleFile:
    entries = record(_FileEntry, content)
    if not 1 <= len(entries.rules) <= MOST_RULES:
        raise ValueError(f"{len(entries.rules)} rules; give 1 to {MOST_RULES}")
    zones = tuple(Zone(name, entry.points, entry.pixels) for name, entry in entries.zones.items())
    rules = []
    for row, entry in enumerate(entries.rules):
        try:
            rules.append(_rule_of(entry))
        except ValueError as error:
            raise ValueError(f"rules[{row}]: {error}") from None
    return RuleFile(tuple(rules), zones)


def _rule_of(entry: _RuleEntry) -> Rule:
    if len(entry.name) > LONGEST_NAME or not entry.name.isprintable():
        raise ValueError(f"name is {shown(entry.name)}; give a line of at most {LONGEST_NAME} characters")
    if entry.rule:
        if replace(entry, rule="", name="") != _RuleEntry():
            raise ValueError("a sentence (rule) and parts of a rule beside it; give one of the two")
        return read_sentence(entry.rule, entry.name)
    if len(entry.between) not in (0, 2):
        raise ValueError(f"between holds {len(entry.between)} times; give two, such as ['22:00', '06:00']")
    hours = Hours(*map(read_time_of_day, entry.between)) if entry.between else None
    return Rule(
        read_who(entry.who) if entry.who else Who(),
        " ".join(entry.does.lower().split()),
        read_who(entry.whom) if entry.whom else None,
        entry.zone,
        entry.outside,
        entry.seconds,
        hours,
        entry.name,
    )
