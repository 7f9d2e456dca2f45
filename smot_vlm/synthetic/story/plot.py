"""One sequence's story: who is there, who does what with whom and when, so that all of it can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.stage.camera import Stage, make_stage
from smot_vlm.synthetic.story.casting import cast
from smot_vlm.synthetic.story.events import DoesNotFit, Edge, Event
from smot_vlm.synthetic.story.script import Actor
from smot_vlm.synthetic.story.script_writer import ScriptWriter

PEOPLE_WEIGHTS = (0.21, 0.46, 0.19, 0.06, 0.035, 0.02, 0.015, 0.01)
KIND_WEIGHTS = {"man": 0.33, "woman": 0.33, "boy": 0.17, "girl": 0.17}
STORY_FPS = 2.0  # lengths of stories are whole numbers of frames at this rate
SHORTEST_FRAMES, USUAL_FRAMES, LONGEST_FRAMES = 30, 46, 60
ALONE_SHARE = 0.16  # of the people beyond the first group


@dataclass(frozen=True)
class Story:
    """Everything that happens, in metres and seconds; nothing about pixels.

    Attributes:
        stage: the stage.
        duration: seconds.
        people: who is there.
        actors: each one's script.
        events: each one's, in order of time.
        edges: interactions as edges of the graph.
    """

    stage: Stage
    duration: float
    people: tuple[Person, ...]
    actors: tuple[Actor, ...]
    events: tuple[tuple[Event, ...], ...]
    edges: tuple[Edge, ...]


def draw_people_count(rng: np.random.Generator, fewest: int, most: int) -> int:
    """How many people there are, as often as in BenSMOT: mostly two, seldom more than three.

    Args:
        rng: the random stream.
        fewest: at least.
        most: at most.

    Returns:
        The number.
    """
    weights = np.array(PEOPLE_WEIGHTS[fewest - 1 : most])
    return fewest + int(rng.choice(len(weights), p=weights / weights.sum()))


def write_story(
    rng: np.random.Generator, split: str, count: int, actions: Sequence[str], verbs: Sequence[str], aspect: float | None
) -> Story:
    """Draw stories until one fits the stage.

    Args:
        rng: the random stream.
        split: train, val or test.
        count: of people.
        actions: that may occur.
        verbs: that may occur.
        aspect: of the frame; None: drawn.

    Returns:
        The story.

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
    rng: np.random.Generator, split: str, count: int, actions: Sequence[str], verbs: Sequence[str], aspect: float | None
) -> Story:
    kinds = [list(KIND_WEIGHTS)[int(rng.choice(4, p=list(KIND_WEIGHTS.values())))] for _ in range(count)]
    stage = make_stage(rng, count, aspect)
    frames = int(np.clip(round(rng.normal(USUAL_FRAMES, 7)), SHORTEST_FRAMES, LONGEST_FRAMES))
    plan = ScriptWriter(rng, stage, frames / STORY_FPS, kinds, tuple(actions), tuple(verbs))
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
    """Groups of people who interact: mostly pairs, some threes, some alone; of two or more, at least one pair."""
    left = list(range(count))
    groups: list[list[int]] = []
    while left:
        alone = ALONE_SHARE if groups else 0.0
        sizes = (alone, 0.72 - alone / 2, 0.28 - alone / 2)
        size = 1 + int(rng.choice(3, p=sizes)) if interacting else 1
        groups.append(left[:size])
        left = left[size:]
    return groups
