"""Benchmark of rules: what a set of them costs beside the watching that they are checked in."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from smot_vlm.bench.clip import demo_clip
from smot_vlm.bench.machine import find_clock, spread
from smot_vlm.rules.parts import Clothes, Rule, Who, Zone
from smot_vlm.rules.vocabulary import CheckedRule, Vocabulary, check_rules
from smot_vlm.system.timing import PartTimes
from smot_vlm.tracker import Tracker
from smot_vlm.watching import RULES_PART, Watch, WatchSettings, vocabulary_of

RULES = 20
_ZONES = (
    Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1))),
    Zone("right", ((0.5, 0), (1, 0), (1, 1), (0.5, 1))),
    Zone("ring", (*((x / 20, 0.3 + 0.02 * (x % 2)) for x in range(21)), (1.0, 1.0), (0.0, 1.0))),
)
# Parts of the watching that do nothing but see what is there for rules to be checked.
_VERBS = "verbs"


@dataclass(frozen=True)
class RulesTiming:
    """Time of a set of rules over one video.

    Attributes:
        video: file that was watched.
        rules: how many were checked.
        frames: in the video.
        events: that were told.
        repeats: of the measurement.
        seconds: of the whole watching, the rules included.
        rules_seconds: of checking the rules, median over the repeats.
        share: of the rules in the watching without them.
        sights_seconds: of scoring verbs and looks twice a second, for any number of rules.
        spread: (largest - smallest) / median of rules_seconds over the repeats.
    """

    video: str
    rules: int
    frames: int
    events: int
    repeats: int
    seconds: float
    rules_seconds: float
    share: float
    sights_seconds: float
    spread: float


def run(
    video: Path | str | None = None,
    *,
    detector: str | None = None,
    trajectories: Path | str | None = None,
    model: str = "demo",
    device: str = "auto",
    rules: int = RULES,
    repeats: int = 3,
    clock: str = "wall",
    progress: Callable[[int, int], None] | None = None,
) -> RulesTiming:
    """Watch a video repeatedly with rules of every kind: verbs, looks, solo deeds, zones and durations.

    Args:
        video: a file; None for the demo clip with its trajectories.
        detector: as for the Tracker.
        trajectories: as for the Tracker.
        model: as for the Tracker.
        device: as for the Tracker.
        rules: how many.
        repeats: number of timed watchings.
        clock: a key of CLOCKS.
        progress: called with the rounds done and in total.

    Returns:
        The times.

    Raises:
        FileNotFoundError: see Tracker.from_pretrained and Tracker.stream.
        ValueError: the same, or rules or repeats below one.
    """
    if repeats < 1 or rules < 1:
        raise ValueError(f"repeats is {repeats} and rules is {rules}; give at least 1")
    if video is None:
        video, trajectories = demo_clip(detector, trajectories)
    tracker = Tracker.from_pretrained(model, detector=detector or "model", device=device)
    settings = WatchSettings(tuple(some_rules(vocabulary_of(tracker), rules)), unsure=True, trajectories=trajectories)
    now = find_clock(clock)
    rounds = []
    for done in range(repeats):
        times, start = PartTimes(now), now()
        watch = Watch(tracker, settings, lambda _: None, lambda _: None, times=times)
        watch.run(video)
        rounds.append((now() - start, times.seconds[RULES_PART], times.seconds.get(_VERBS, 0.0)))
        if progress is not None:
            progress(done + 1, repeats)
    seconds, of_rules, of_sights = (statistics.median(column) for column in zip(*rounds, strict=True))
    return RulesTiming(
        video=str(video),
        rules=rules,
        frames=watch.frames,
        events=watch.events,
        repeats=repeats,
        seconds=seconds,
        rules_seconds=of_rules,
        share=of_rules / (seconds - of_rules),
        sights_seconds=of_sights,
        spread=spread([row[1] for row in rounds]),
    )


def some_rules(vocabulary: Vocabulary, count: int) -> list[CheckedRule]:
    """Rules of every kind that a model can be asked, different ones.

    Args:
        vocabulary: of the model.
        count: how many.

    Returns:
        In the terms of the model.
    """
    words = vocabulary.words
    colours = cycle(words.colours if words else [""])
    people = [Who(clothes=(Clothes(colour),)) if colour else Who() for colour in islice(colours, count)]
    deeds = cycle(words.deeds if words else vocabulary.phrases)
    verbs = cycle(vocabulary.phrases)
    made = []
    for row, who in enumerate(people):
        zone, name = _ZONES[row % len(_ZONES)].name, f"rule {row}"
        kind = row % 4
        if kind == 0:
            made.append(Rule(Who(), next(verbs), Who(), seconds=1.0, name=name))
        elif kind == 1:
            made.append(Rule(who, next(verbs), Who(), zone, name=name))
        elif kind == 2:
            made.append(Rule(who, next(deeds), name=name))
        else:
            made.append(Rule(who, zone=zone, seconds=2.0, name=name))
    return check_rules(made, _ZONES, vocabulary)
