"""Events: when a rule has come true of some people; told once while it lasts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from smot_vlm.rules.matching import BRIDGE_SECONDS, MOST_EVIDENCE, Match, SightIndex
from smot_vlm.rules.vocabulary import CheckedRule
from smot_vlm.structures import Sight

SCHEMA = "smot-vlm/event/1"
# What is kept of people who are gone, beyond the gap that ends an event: late findings still belong to it.
_LATE_SECONDS = 60.0


@dataclass(frozen=True)
class Event:
    """A rule has come true.

    Attributes:
        rule: its name, or its sentence.
        source: of the video.
        people: track ids: who, and whom.
        from_seconds: since the video began.
        to_seconds: so far, as of the telling.
        frames: that show it, ascending, counted from 0.
        score: probability of the least likely part.
        sure: whether everything that it rests on is.
        time: date and time of from_seconds by the clock of the place, ISO 8601; empty where that is not known.
        clip: file with the pictures around it; empty where none is written.
    """

    rule: str
    source: str
    people: tuple[int, ...]
    from_seconds: float
    to_seconds: float
    frames: tuple[int, ...]
    score: float
    sure: bool
    time: str = ""
    clip: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, with the schema's name; times and scores to 0.001."""
        content = asdict(self)
        rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in content.items()}
        lists = {"people": list(self.people), "frames": list(self.frames)}
        return {"schema": SCHEMA, **rounded, **lists}


@dataclass
class _Episode:
    """A rule that is true of some people, with gaps that do not end it. `start` is that of its unbroken stretch."""

    start: float
    end: float
    frames: tuple[int, ...]
    score: float
    sure: bool
    told: bool = False

    def extend(self, match: Match) -> None:
        span = match.span
        if span.from_seconds - self.end > BRIDGE_SECONDS:
            self.start = span.from_seconds
        self.start = min(self.start, span.from_seconds) if span.to_seconds >= self.start else self.start
        if not self.frames or span.score > self.score:
            self.frames = span.frames[:MOST_EVIDENCE] or self.frames
        self.end = max(self.end, span.to_seconds)
        self.score = max(self.score, span.score)
        self.sure = self.sure or match.sure


class EventFinder:
    """Finds events sight by sight.

    Args:
        rules: in the terms of the model.
        source: of the video, for the events.
        quiet_seconds: a gap of more ends an event, so that the next one is told.
        unsure: tell what the model is not sure of, too.
        day_seconds: gives the time of day, in seconds since midnight, of a time of the video; None where it is not known.
    """

    def __init__(
        self,
        rules: Sequence[CheckedRule],
        source: str,
        *,
        quiet_seconds: float,
        unsure: bool = False,
        day_seconds: Callable[[float], float] | None = None,
    ) -> None:
        if not quiet_seconds >= 0:
            raise ValueError(f"quiet is {quiet_seconds} seconds; give 0 or more")
        timed = [rule.name for rule in rules if rule.rule.hours is not None]
        if timed and day_seconds is None:
            raise ValueError(
                f"rule {timed[0]!r} names hours of the day, and the video does not say when it was filmed; give --filmed-at"
            )
        self._rules = rules
        self._source = source
        self._quiet = max(quiet_seconds, BRIDGE_SECONDS)
        self._unsure = unsure
        self._day_seconds = day_seconds
        self._episodes: dict[tuple[int, tuple[int, ...]], _Episode] = {}

    def find(self, sight: Sight) -> list[Event]:
        """The events that come true with a sight.

        Args:
            sight: later than those before.

        Returns:
            In order of time.
        """
        index = SightIndex(sight)
        events: list[Event] = []
        for row, rule in enumerate(self._rules):
            for match in sorted(index.matches(rule), key=lambda match: match.span.from_seconds):
                if (match.sure or self._unsure) and self._is_in_hours(rule, match):
                    events += self._take(row, rule, match)
        self._forget(sight.seconds)
        return sorted(events, key=lambda event: (event.from_seconds, event.rule, event.people))

    def _take(self, row: int, rule: CheckedRule, match: Match) -> Iterable[Event]:
        key, span = (row, match.people), match.span
        episode = self._episodes.get(key)
        if episode is not None and span.from_seconds - episode.end <= self._quiet:
            episode.extend(match)
        else:
            frames = span.frames[:MOST_EVIDENCE]
            episode = _Episode(span.from_seconds, span.to_seconds, frames, span.score, match.sure)
            self._episodes[key] = episode
        if not episode.told and episode.end - episode.start >= rule.rule.seconds:
            episode.told = True
            yield Event(
                rule.name,
                self._source,
                match.people,
                episode.start,
                episode.end,
                episode.frames,
                episode.score,
                episode.sure,
            )

    def _is_in_hours(self, rule: CheckedRule, match: Match) -> bool:
        hours = rule.rule.hours
        return hours is None or (
            self._day_seconds is not None and hours.holds(self._day_seconds(match.span.to_seconds))
        )

    def _forget(self, now: float) -> None:
        kept = self._quiet + _LATE_SECONDS
        gone = [key for key, episode in self._episodes.items() if now - episode.end > kept]
        for key in gone:
            del self._episodes[key]
