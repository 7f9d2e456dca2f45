"""One sequence's story: who is there, who does what with whom and when, so that all of it can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smot_vlm.synthetic.body.people import BUILDS, Person
from smot_vlm.synthetic.stage.camera import Stage, make_stage
from smot_vlm.synthetic.story.actions import SOLO, ActionContext
from smot_vlm.synthetic.story.casting import cast
from smot_vlm.synthetic.story.duet import Duet
from smot_vlm.synthetic.story.events import DoesNotFit, Edge, Event
from smot_vlm.synthetic.story.interactions import DUETS
from smot_vlm.synthetic.story.script import Actor

PEOPLE_WEIGHTS = (0.21, 0.46, 0.19, 0.06, 0.035, 0.02, 0.015, 0.01)
KIND_WEIGHTS = {"man": 0.33, "woman": 0.33, "boy": 0.17, "girl": 0.17}
STORY_FPS = 2.0  # lengths of stories are whole numbers of frames at this rate
SHORTEST_FRAMES, USUAL_FRAMES, LONGEST_FRAMES = 30, 46, 60
MOST_EVENTS = 4
MOST_TRIALS = 14
SHORTEST_BEAT = 4.0  # seconds
ALONE_SHARE = 0.16  # of the people beyond the first group
DUET_SHARE = 0.88  # of the beats of people who belong together
WAITING = "stand"
EAGERNESS = {  # how early an event is tried; 1 where nothing is said
    "run_left": 4.0,
    "run_right": 4.0,
    "walk_left": 2.5,
    "walk_right": 2.5,
    "walk_near": 3.0,
    "walk_far": 3.0,
    "carry": 1.5,
    "fall": 1.5,
    "talk.v.01": 0.6,
    "dance.v.01": 0.6,
    "embrace.v.02": 0.7,
    "approach.v.01": 8.0,
    "leave.v.01": 2.5,
    "raise.v.02": 4.0,
    "interview.v.01": 2.5,
    "massage.v.01": 2.5,
    "kneel.v.01": 2.0,
    "circle.v.01": 1.5,
    "push.v.01": 1.6,
    "pull.v.01": 2.0,
    "lead.v.01": 2.0,
    "follow.v.01": 1.5,
    "tap.v.07": 2.0,
    "help.v.01": 1.8,
}


@dataclass(frozen=True)
class Story:
    """Everything that happens, in metres and seconds; nothing about pixels."""

    stage: Stage
    duration: float
    people: tuple[Person, ...]
    actors: tuple[Actor, ...]
    events: tuple[tuple[Event, ...], ...]
    edges: tuple[Edge, ...]


def draw_people_count(rng: np.random.Generator, fewest: int, most: int) -> int:
    """How many people there are, as often as in BenSMOT: mostly two, seldom more than three."""
    weights = np.array(PEOPLE_WEIGHTS[fewest - 1 : most])
    return fewest + int(rng.choice(len(weights), p=weights / weights.sum()))


def write_story(
    rng: np.random.Generator,
    split: str,
    count: int,
    actions: Sequence[str],
    verbs: Sequence[str],
    aspect: float | None,
) -> Story:
    """Draw stories until one fits the stage.

    Raises:
        ValueError: nothing fits within many attempts.
    """
    for _ in range(400):
        try:
            return _attempt(rng, split, count, actions, verbs, aspect)
        except DoesNotFit:
            continue
    raise ValueError(
        f"no story found with {count} people, actions {list(actions)}, verbs {list(verbs)}; allow more of them"
    )


def _attempt(
    rng: np.random.Generator,
    split: str,
    count: int,
    actions: Sequence[str],
    verbs: Sequence[str],
    aspect: float | None,
) -> Story:
    kinds = [list(KIND_WEIGHTS)[int(rng.choice(4, p=list(KIND_WEIGHTS.values())))] for _ in range(count)]
    stage = make_stage(rng, count, aspect)
    frames = int(np.clip(round(rng.normal(USUAL_FRAMES, 7)), SHORTEST_FRAMES, LONGEST_FRAMES))
    plan = _Plan(rng, stage, frames / STORY_FPS, kinds, tuple(actions), tuple(verbs))
    groups = _groups(rng, count, bool(verbs))
    bands = np.linspace(stage.near, stage.far - 0.3, len(groups) + 1)
    depths = rng.permutation([float(rng.uniform(low, high)) for low, high in pairwise(bands)])
    slots = rng.permutation(len(groups))
    for members, z, slot in zip(groups, depths, slots, strict=True):
        plan.place(members, float(z), (slot / len(groups), (slot + 1) / len(groups)))
        plan.play(members)
    cast_people = cast(rng, split, kinds, [[event.label for event in events] for events in plan.events])
    return Story(
        stage,
        plan.duration,
        cast_people,
        tuple(plan.actors),
        tuple(tuple(events) for events in plan.events),
        tuple(plan.edges),
    )


def _groups(rng: np.random.Generator, count: int, interacting: bool) -> list[list[int]]:
    """People who have to do with each other: mostly pairs, some threes, some alone. Of two or more, two always belong
    together.
    """
    left = list(range(count))
    groups: list[list[int]] = []
    while left:
        alone = ALONE_SHARE if groups else 0.0
        sizes = (alone, 0.72 - alone / 2, 0.28 - alone / 2)
        size = 1 + int(rng.choice(3, p=sizes)) if interacting else 1
        groups.append(left[:size])
        left = left[size:]
    return groups


class _Plan:
    """The scripts being written, group by group."""

    def __init__(
        self,
        rng: np.random.Generator,
        stage: Stage,
        duration: float,
        kinds: list[str],
        actions: tuple[str, ...],
        verbs: tuple[str, ...],
    ):
        self.rng, self.stage, self.duration, self.kinds = rng, stage, duration, kinds
        self.actions, self.verbs = actions, verbs
        heights = [float(np.mean(BUILDS[kind].height)) for kind in kinds]
        self.actors = [Actor(index, height, 0.0, 0.0) for index, height in enumerate(heights)]
        self.events: list[list[Event]] = [[] for _ in kinds]
        self.edges: list[Edge] = []

    def place(self, members: list[int], z: float, share: tuple[float, float]) -> None:
        """Where a group's people stand at first: side by side around a place in its share of the stage's width."""
        rng, half = self.rng, self.stage.half_width(z)
        width = min(float(rng.uniform(1.0, 3.4)) * (len(members) - 1), 2 * half)
        middle = float(rng.uniform(*share)) * 2 * half - half
        middle = min(max(middle, -half + width / 2), half - width / 2)
        slots = rng.permutation(len(members))
        for slot, member in zip(slots, members, strict=True):
            x = middle - width / 2 + width * slot / max(len(members) - 1, 1)
            depth = 0.55 * slot if len(members) > 2 else 0.15 * slot
            self.actors[member].place(float(x), z + depth)

    def play(self, members: list[int]) -> None:
        """Write a group's scripts, beat by beat: in each, two of them have to do with each other, or everyone is busy
        alone.

        Raises:
            DoesNotFit: people who belong together have nothing to do with each other.
        """
        together = len(members) > 1 and bool(self.verbs)
        start = 0.0
        cuts = self._cuts(together)
        for number, until in enumerate(cuts):
            first, last = number == 0, number == len(cuts) - 1
            busy: list[int] = []
            if together and self.rng.random() < DUET_SHARE:
                busy = self._duet(members, start, until, last)
            for member in members:
                if member not in busy:
                    self._solo(member, start, until, first, last)
            start = until
        if together and not any(event.role for member in members for event in self.events[member]):
            raise DoesNotFit

    def _cuts(self, together: bool) -> list[float]:
        """Where the beats of a group end, in seconds."""
        rng = self.rng
        longest = 11.0 if together else 24.0
        weights = (0.0, 0.15, 0.37, 0.48) if together else (0.12, 0.28, 0.32, 0.28)
        fewest, most = int(np.ceil(self.duration / longest)), int(self.duration / SHORTEST_BEAT)
        beats = int(np.clip(1 + rng.choice(MOST_EVENTS, p=weights), fewest, min(most, MOST_EVENTS)))
        parts = rng.uniform(0.72, 1.28, beats)
        lengths = SHORTEST_BEAT + parts / parts.sum() * (self.duration - beats * SHORTEST_BEAT)
        return [float(cut) for cut in np.cumsum(lengths)]

    def _duet(self, members: list[int], start: float, until: float, last: bool) -> list[int]:
        rng = self.rng
        pair = [members[int(index)] for index in rng.permutation(len(members))[:2]]
        a, b = pair
        names = [name for name in self.verbs if DUETS[name].casts(self.kinds[a], self.kinds[b])]
        for name in _shuffled(rng, names)[:MOST_TRIALS]:
            low, high = DUETS[name].seconds
            if not low <= until - start <= high or any(
                event.label == name for one in pair for event in self.events[one]
            ):
                continue
            trial = Duet(self.actors[a].copy(), self.actors[b].copy(), until, self.stage, rng, last)
            try:
                DUETS[name].play(trial)
            except DoesNotFit:
                continue
            self.actors[a], self.actors[b] = trial.a, trial.b
            mutual = DUETS[name].reverse == name
            self.events[a].append(Event(name, start, until, "mutual" if mutual else "subject", b))
            self.events[b].append(Event(name, start, until, "mutual" if mutual else "object", a))
            self.edges.append(Edge(a, name, b, name))
            if DUETS[name].reverse:
                self.edges.append(Edge(b, DUETS[name].reverse, a, name))
            return pair
        return []

    def _solo(self, member: int, start: float, until: float, first: bool, last: bool) -> None:
        rng = self.rng
        done = {event.label for event in self.events[member]}
        for name in _shuffled(rng, self.actions):
            low, high = SOLO[name].seconds
            if name in done or not low <= until - start <= high:
                continue
            trial = self.actors[member].copy()
            try:
                SOLO[name].play(trial, ActionContext(until, self.stage, rng, first, last))
            except DoesNotFit:
                continue
            self.actors[member] = trial
            self.events[member].append(Event(name, start, until))
            return
        self._wait(member, start, until)

    def _wait(self, member: int, start: float, until: float) -> None:
        """Stand still: what people do where nothing else fits."""
        events = self.events[member]
        if events and events[-1].label == WAITING:
            start = events.pop().start
        else:
            self.actors[member].face(float(self.rng.uniform(-30, 30)))
        self.actors[member].do(WAITING, until)
        events.append(Event(WAITING, start, until))


def _shuffled(rng: np.random.Generator, names: Sequence[str]) -> list[str]:
    """The names in random order; those that often find no room come early more often."""
    keys = rng.random(len(names)) ** np.array([1.0 / EAGERNESS.get(name, 1.0) for name in names])
    return [names[int(index)] for index in np.argsort(-keys)]
