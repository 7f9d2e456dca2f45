"""Rules against a sight: which people they are true of, and when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from smot_vlm.appearance.told_person import SURE
from smot_vlm.language.fact_reader import is_mutual
from smot_vlm.rules.parts import Zone
from smot_vlm.rules.vocabulary import CheckedRule, Looks, NamedValue
from smot_vlm.structures import SeenDeed, SeenPerson, Sight, Span

# Who is not seen for so long is taken to have stayed where they were.
BRIDGE_SECONDS = 1.0
MOST_EVIDENCE = 3


@dataclass(frozen=True)
class Match:
    """A rule is true of some people for a while.

    Attributes:
        people: track ids: who, and whom where there is another person.
        span: when, with frames that show it and the score.
        sure: whether everything that it rests on is.
    """

    people: tuple[int, ...]
    span: Span
    sure: bool


@dataclass(frozen=True)
class _Looked:
    """How well a person looks as a rule wants: the least score of its tests."""

    score: float
    sure: bool


@dataclass
class SightIndex:
    """A sight prepared for many rules: each deed, look and zone is looked up once.

    Attributes:
        sight: what is seen.
    """

    sight: Sight
    _people: dict[int, SeenPerson] = field(init=False)
    _by_label: dict[tuple[str, bool], list[SeenDeed]] = field(init=False)
    _values: dict[int, dict[NamedValue, float]] = field(init=False)
    _looks: dict[tuple[int, Looks], _Looked | None] = field(init=False, default_factory=dict)
    _stays: dict[tuple[int, str, bool], list[Span]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._people = {person.id: person for person in self.sight.people}
        by_label: dict[tuple[str, bool], list[SeenDeed]] = defaultdict(list)
        for deed in self.sight.deeds:
            if deed.subject in self._people and (deed.object is None or deed.object in self._people):
                by_label[deed.label, deed.object is None].append(deed)
        self._by_label = by_label
        self._values = {
            person.id: {(entry.name, entry.value): entry.score for entry in person.attributes}
            for person in self.sight.people
        }

    def matches(self, rule: CheckedRule) -> Iterator[Match]:
        """Where a rule is true.

        Args:
            rule: in the terms of the model.

        Yields:
            A match for each stretch of time and each choice of people.
        """
        if not rule.rule.deed:
            for person in self.sight.people:
                looked = self._looked(person.id, rule.who)
                if looked is not None:
                    spans = self._stay(person, rule.zone, rule.rule.outside)
                    # That somebody is there rests on boxes alone.
                    known = person.sure or not rule.who.tests
                    yield from self._matched((person.id,), spans, [looked], known)
            return
        for label in sorted(rule.verbs):
            for deed in self._by_label.get((label, False), ()):
                yield from self._of_deed(rule, deed)
        for label in sorted(rule.deeds):
            for deed in self._by_label.get((label, True), ()):
                yield from self._of_deed(rule, deed)

    def _of_deed(self, rule: CheckedRule, deed: SeenDeed) -> Iterator[Match]:
        looked = [self._looked(deed.subject, rule.who)]
        people: tuple[int, ...] = (deed.subject,)
        if deed.object is not None:
            looked.append(self._looked(deed.object, rule.whom))
            people = (deed.subject, deed.object)
            if is_mutual(deed.label) and rule.who == rule.whom:
                # What both do to each other is one event, from whichever side it is seen.
                people = tuple(sorted(people))
        known = [one for one in looked if one is not None]
        if len(known) == len(looked):
            spans: Iterable[Span] = deed.spans
            if rule.zone is not None:
                stays = self._stay(self._people[deed.subject], rule.zone, rule.rule.outside)
                spans = _common(deed.spans, stays)
            sure = deed.sure and all(self._people[number].sure for number in people)
            yield from self._matched(people, spans, known, sure)

    def _matched(
        self, people: tuple[int, ...], spans: Iterable[Span], looked: Sequence[_Looked], sure: bool
    ) -> Iterator[Match]:
        sure = sure and all(one.sure for one in looked)
        least = min(one.score for one in looked)
        for span in spans:
            score = min(span.score, least)
            yield Match(people, Span(span.from_seconds, span.to_seconds, span.frames, score), sure)

    def _looked(self, number: int, looks: Looks) -> _Looked | None:
        """None where the person does not look as wanted."""
        key = number, looks
        if key not in self._looks:
            values = self._values[number]
            scores = [max((values[value] for value in test if value in values), default=None) for test in looks.tests]
            there = [score for score in scores if score is not None]
            found = len(there) == len(scores)
            least = min(there, default=1.0)
            self._looks[key] = _Looked(least, least >= SURE) if found else None
        return self._looks[key]

    def _stay(self, person: SeenPerson, zone: Zone | None, outside: bool) -> list[Span]:
        """When a person is there, and in the zone or outside of it."""
        key = person.id, "" if zone is None else zone.name, outside
        if key not in self._stays:
            inside = np.ones(len(person.times), dtype=bool)
            if zone is not None:
                corners = zone.in_pixels(self.sight.width, self.sight.height)
                inside = _inside(_feet(person.boxes, self.sight.width, self.sight.height), corners) ^ outside
            self._stays[key] = _stretches(person, inside)
        return self._stays[key]


def _feet(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Where people stand: the middle of the lower edge of their boxes, within the frame."""
    feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)
    clipped: np.ndarray = feet.clip(0, (width, height))
    return clipped


def _inside(points: np.ndarray, corners: Sequence[tuple[float, float]]) -> np.ndarray:
    """Which points lie in a polygon or on its edge, by crossings of a ray to the right (even-odd)."""
    x, y = points[:, 0], points[:, 1]
    odd = np.zeros(len(points), dtype=bool)
    edge = np.zeros(len(points), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        cross = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        within = (np.minimum(x0, x1) <= x) & (x <= np.maximum(x0, x1))
        within &= (np.minimum(y0, y1) <= y) & (y <= np.maximum(y0, y1))
        edge |= within & (np.abs(cross) <= 1e-9 * max(abs(x1 - x0) + abs(y1 - y0), 1.0))
        if y0 != y1:
            odd ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd | edge


def _stretches(person: SeenPerson, inside: np.ndarray) -> list[Span]:
    """Runs of frames, where a run goes on over a gap in which the person is not seen."""
    rows = np.flatnonzero(inside)
    if not len(rows):
        return []
    # Apart where the person was seen on the other side between two rows, or not seen for long.
    breaks = np.flatnonzero((np.diff(rows) > 1) | (np.diff(person.times[rows]) > BRIDGE_SECONDS)) + 1
    spans = []
    for run in np.split(rows, breaks):
        chosen = sorted({int(person.frames[run[place]]) for place in (0, len(run) // 2, -1)})
        spans.append(Span(float(person.times[run[0]]), float(person.times[run[-1]]), tuple(chosen)))
    return spans


def _common(deeds: Iterable[Span], stays: Iterable[Span]) -> Iterator[Span]:
    """The time that a deed and a stay share."""
    stays = list(stays)
    for deed in deeds:
        for stay in stays:
            start, end = max(deed.from_seconds, stay.from_seconds), min(deed.to_seconds, stay.to_seconds)
            if start <= end:
                yield Span(start, end, deed.frames, deed.score)
