"""What a network says of labelled people, before it is measured or calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from smot_vlm.appearance.answers import over_looks
from smot_vlm.appearance.crops import pixels_of
from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.training.people.people import LabelledPerson, PeopleSource, center

CROPS_AT_A_TIME = 64


@dataclass(frozen=True, eq=False)
class SeenSource:
    """The people of a source, as seen by a network.

    Attributes:
        name: of the source.
        weight: relative to other sources.
        facts: what is said of each person.
        tokens: (looks, tokens) of each person.
        logits: question -> (people, values), over all looks.
    """

    name: str
    weight: float
    facts: tuple[PersonFacts, ...]
    tokens: tuple[np.ndarray, ...]
    logits: dict[str, np.ndarray]


def see_source(network: PersonAppearance, source: PeopleSource) -> SeenSource:
    """Look at everybody of a source.

    Args:
        network: in evaluation mode.
        source: at least one person.

    Returns:
        What is seen.
    """
    tokens = see_people(network, source.people)
    said = [over_looks(person[:, network.dim :]) for person in tokens]
    logits = {question: np.stack([person[question] for person in said]) for question in QUESTIONS}
    facts = tuple(person.facts for person in source.people)
    return SeenSource(source.name, source.weight, facts, tuple(tokens), logits)


@torch.inference_mode()
def see_people(network: PersonAppearance, people: Sequence[LabelledPerson]) -> list[np.ndarray]:
    """Look at people without augmentation, as `PeopleModel.look` does.

    Args:
        network: in evaluation mode.
        people: with at least one look each.

    Returns:
        float32 (looks, tokens) of each, see `PersonAppearance.tokens`.
    """
    device = next(network.parameters()).device
    looks = [(person, look) for person in people for look in range(len(person.looks))]
    rows = []
    for start in range(0, len(looks), CROPS_AT_A_TIME):
        crops = np.stack([center(person.crop(look)) for person, look in looks[start : start + CROPS_AT_A_TIME]])
        pixels = pixels_of(crops, device)
        rows.append(network.tokens(pixels).float().cpu().numpy())
    ends = np.cumsum([len(person.looks) for person in people])
    return np.split(np.concatenate(rows), ends[:-1])
