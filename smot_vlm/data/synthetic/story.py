"""One sequence's story: who is there, who does what with whom and when, so that all of it can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.data.synthetic.actions import SOLO, Call, NoRoom
from smot_vlm.data.synthetic.camera import Stage, make_stage
from smot_vlm.data.synthetic.casting import cast
from smot_vlm.data.synthetic.interactions import DUETS, Duet
from smot_vlm.data.synthetic.lexicon import VERBS
from smot_vlm.data.synthetic.people import BUILDS, Person
from smot_vlm.data.synthetic.script import Actor

PEOPLE_WEIGHTS = (0.20, 0.45, 0.19, 0.07, 0.04, 0.02, 0.015, 0.015)
KIND_WEIGHTS = {"man": 0.33, "woman": 0.33, "boy": 0.17, "girl": 0.17}
STORY_FPS = 2.0  # lengths of stories are whole numbers of frames at this rate
SHORTEST_FRAMES, USUAL_FRAMES, LONGEST_FRAMES = 30, 46, 60
MOST_EVENTS = 4


@dataclass(frozen=True)
class Event:
    """What one person does from `start` to `end` seconds: an action alone, or a verb with `partner` in a role."""

    label: str
    start: float
    end: float
    role: str = ""
    partner: int = -1


@dataclass(frozen=True)
class Edge:
    """A directed interaction between people by index."""

    subject: int
    verb: str
    object: int


@dataclass(frozen=True)
class Story:
    """Everything that happens, in metres and seconds; nothing about pixels."""

    stage: Stage
    duration: float
    people: tuple[Person, ...]
    actors: tuple[Actor, ...]
    events: tuple[tuple[Event, ...], ...]
    edges: tuple[Edge, ...]


def write_story(
    rng: np.random.Generator,
    split: str,
    people: tuple[int, int],
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
            return _attempt(rng, split, people, actions, verbs, aspect)
        except NoRoom:
            continue
    raise ValueError(
        f"no story found with {people} people, actions {list(actions)}, verbs {list(verbs)}; allow more of them"
    )


def _attempt(rng, split, people, actions, verbs, aspect) -> Story:
    weights = np.array(PEOPLE_WEIGHTS[people[0] - 1 : people[1]])
    count = people[0] + int(rng.choice(len(weights), p=weights / weights.sum()))
    kinds = [list(KIND_WEIGHTS)[int(rng.choice(4, p=list(KIND_WEIGHTS.values())))] for _ in range(count)]
    stage = make_stage(rng, count, aspect)
    frames = int(np.clip(round(rng.normal(USUAL_FRAMES, 7)), SHORTEST_FRAMES, LONGEST_FRAMES))
    plan = _Plan(rng, stage, frames / STORY_FPS, kinds, tuple(actions), tuple(verbs))
    groups = _groups(rng, count, bool(verbs))
    depths = rng.permutation(np.linspace(stage.near, stage.far - 0.3, len(groups) + 1)[:-1] + 0.15)
    for members, z in zip(groups, depths, strict=True):
        plan.place(members, float(z))
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
    """People who have to do with each other: mostly pairs, some threes, some alone."""
    left, groups = list(range(count)), []
    while left:
        size = 1 if not interacting else (1, 2, 3)[int(rng.choice(3, p=(0.08, 0.67, 0.25)))]
        groups.append(left[:size])
        left = left[size:]
    return groups


class _Plan:
    """The scripts being written, group by group."""

    def __init__(
        self, rng, stage: Stage, duration: float, kinds: list[str], actions: tuple[str, ...], verbs: tuple[str, ...]
    ):
        self.rng, self.stage, self.duration, self.kinds = rng, stage, duration, kinds
        self.actions, self.verbs = actions, verbs
        heights = [float(np.mean(BUILDS[kind].height)) for kind in kinds]
        self.actors = [Actor(index, height, 0.0, 0.0) for index, height in enumerate(heights)]
        self.events: list[list[Event]] = [[] for _ in kinds]
        self.edges: list[Edge] = []

    def place(self, members: list[int], z: float) -> None:
        """Where a group's people stand at first: a stretch of the stage, each at a slightly different depth."""
        rng, half = self.rng, self.stage.half_width(z)
        gap = float(rng.uniform(1.0, 3.4))
        width = min(gap * (len(members) - 1), 2 * half)
        left = float(rng.uniform(-half, half - width)) if width < 2 * half else -half
        slots = rng.permutation(len(members))
        for slot, member in zip(slots, members, strict=True):
            x = left + width * slot / max(len(members) - 1, 1)
            depth = 0.55 * slot if len(members) > 2 else 0.15 * slot
            self.actors[member].place(float(x), z + depth)

    def play(self, members: list[int]) -> None:
        rng = self.rng
        shortest, longest = 4.6, 8.5
        most = min(MOST_EVENTS, int(self.duration / shortest))
        fewest = max(1, int(np.ceil(self.duration / longest)))
        beats = int(rng.integers(fewest, most + 1))
        parts = rng.uniform(0.85, 1.15, beats)
        cuts = np.cumsum(parts / parts.sum()) * self.duration
        start = 0.0
        for number, until in enumerate(cuts):
            first, last = number == 0, number == beats - 1
            busy: list[int] = []
            if len(members) > 1 and self.verbs and rng.random() < 0.80:
                busy = self._duet(members, start, float(until), last)
            for member in members:
                if member not in busy:
                    self._solo(member, start, float(until), first, last)
            start = float(until)

    def _duet(self, members: list[int], start: float, until: float, last: bool) -> list[int]:
        rng = self.rng
        pair = [members[int(index)] for index in rng.permutation(len(members))[:2]]
        a, b = pair
        names = [name for name in self.verbs if DUETS[name].casts(self.kinds[a], self.kinds[b])]
        for index in rng.permutation(len(names))[:14]:
            name = names[int(index)]
            low, high = DUETS[name].seconds
            if not low <= until - start <= high or any(
                event.label == name for one in pair for event in self.events[one]
            ):
                continue
            trial = Duet(self.actors[a].copy(), self.actors[b].copy(), until, self.stage, rng, last)
            try:
                DUETS[name].play(trial)
            except NoRoom:
                continue
            self.actors[a], self.actors[b] = trial.a, trial.b
            mutual = VERBS[name].mutual
            self.events[a].append(Event(name, start, until, "mutual" if mutual else "subject", b))
            self.events[b].append(Event(name, start, until, "mutual" if mutual else "object", a))
            self.edges.append(Edge(a, name, b))
            if DUETS[name].reverse:
                self.edges.append(Edge(b, DUETS[name].reverse, a))
            return pair
        return []

    def _solo(self, member: int, start: float, until: float, first: bool, last: bool) -> None:
        rng = self.rng
        done = {event.label for event in self.events[member]}
        for index in rng.permutation(len(self.actions)):
            name = self.actions[int(index)]
            low, high = SOLO[name].seconds
            if name in done or not low <= until - start <= high:
                continue
            trial = self.actors[member].copy()
            try:
                SOLO[name].play(trial, Call(until, self.stage, rng, first, last))
            except NoRoom:
                continue
            self.actors[member] = trial
            self.events[member].append(Event(name, start, until))
            return
        raise NoRoom
