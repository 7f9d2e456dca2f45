"""Writes the scripts of one story, group by group and beat by beat."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.synthetic.body.people import BUILDS
from smot_vlm.synthetic.stage.camera import Stage
from smot_vlm.synthetic.story.actions import SOLO, ActionContext
from smot_vlm.synthetic.story.duet import Duet
from smot_vlm.synthetic.story.events import DoesNotFit, Edge, Event
from smot_vlm.synthetic.story.interactions import DUETS
from smot_vlm.synthetic.story.script import Actor

MOST_EVENTS = 4
MOST_TRIALS = 14
SHORTEST_BEAT = 4.0  # seconds
DUET_SHARE = 0.88  # of the beats of people who belong together
WAITING = "stand"
EAGERNESS = {  # how early an event is tried; 1 by default
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


class ScriptWriter:
    """The scripts being written.

    Args:
        rng: the random stream.
        stage: the stage.
        duration: seconds.
        kinds: of each person.
        actions: that may occur.
        verbs: that may occur.
    """

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
        """Put a group's people side by side around a place in its share of the stage's width.

        Args:
            members: indices of its people.
            z: metres from the camera.
            share: of the stage's width, from and to.
        """
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
        """Write a group's scripts, beat by beat: in each, two of them have to do with each other, or everyone is busy alone.

        Args:
            members: indices of its people.

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
