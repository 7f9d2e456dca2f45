"""Colours and accessories for a story's people, and the rule that keeps some combinations for the test split."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.synthetic.body.people import BAGS, CLOTH_RGB, HAT_COLOURS, Person, dress
from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.story.actions import SOLO
from smot_vlm.synthetic.story.events import DoesNotFit, Event
from smot_vlm.synthetic.story.interactions import DUETS

SPLITS = {"train": 0, "test": 1, "val": 2}  # number of each split's random streams
EVENT_LABELS = (*SOLO, *DUETS)
HATS = tuple(HAT_COLOURS)
_COLOUR_INDEX = {name: index for index, name in enumerate(CLOTH_RGB)}
_EVENT_INDEX = {name: index for index, name in enumerate(EVENT_LABELS)}


def held_out(colour: str, event: str) -> bool:
    """Whether people with a top of one colour do something only in the test split.

    One colour in five for every action and verb. Nobody in the train and val splits wears a top that is held out
    for anything he or she does; everybody in the test split wears one that is held out for something.

    Args:
        colour: of the top.
        event: label of an action or an interaction.

    Returns:
        The rule's answer.
    """
    return (_COLOUR_INDEX[colour] + 3 * _EVENT_INDEX[event]) % 5 == 0


def wears_held_out(person: Person, events: Sequence[Event]) -> bool:
    """Whether a person does anything that nobody in such a top does in the train split.

    Args:
        person: who.
        events: what they do.

    Returns:
        The answer.
    """
    return any(held_out(person.top, event.label) for event in events)


def cast(
    rng: np.random.Generator, split: str, kinds: Sequence[str], events: Sequence[Sequence[str]]
) -> tuple[Person, ...]:
    """People in colours that the split allows for their events, no two of one kind with the same top.

    Args:
        rng: the random stream.
        split: train, val or test.
        kinds: of each person.
        events: labels of what each person does.

    Returns:
        One person for each kind.

    Raises:
        DoesNotFit: no colour is left for somebody.
    """
    taken: set[tuple[str, str]] = set()
    people = []
    for kind, labels in zip(kinds, events, strict=True):
        unseen = {colour: any(held_out(colour, label) for label in labels) for colour in CLOTH_RGB}
        tops = [name for name in CLOTH_RGB if unseen[name] == (split == "test") and (kind, name) not in taken]
        if not tops:
            raise DoesNotFit
        top = pick(rng, tops)
        taken.add((kind, top))
        bottom = pick(rng, [name for name in CLOTH_RGB if name != top or rng.random() < 0.3])
        people.append(dress(rng, kind, top, bottom, _accessories(rng)))
    return tuple(people)


def _accessories(rng: np.random.Generator) -> tuple[str, ...]:
    hat = pick(rng, HATS) if rng.random() < 0.30 else ""
    bag = pick(rng, BAGS) if rng.random() < 0.30 else ""
    return tuple(name for name in (hat, bag) if name)
