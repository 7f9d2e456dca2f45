"""Batches of crops from several sources. A batch follows from the seed and its step alone, so a training may be resumed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from smot_vlm.appearance.losses import AppearanceTargets, targets_of
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.training.people.augment import augment
from smot_vlm.training.people.people import PeopleSource


@dataclass(frozen=True, eq=False)
class Batch:
    """Crops of some people.

    Attributes:
        crops: float32 (people, 3, height, width), RGB in 0 to 1.
        targets: what is said of each.
    """

    crops: Tensor
    targets: AppearanceTargets


class Batches(Dataset[Batch]):
    """The batch of each step.

    Args:
        sources: share the crops of a batch by weight.
        people: crops of a batch.
        seed: of the choice and the augmentation.
    """

    def __init__(self, sources: Sequence[PeopleSource], people: int, seed: int) -> None:
        self._sources, self._seed = sources, seed
        self._counts = shares([source.weight for source in sources], people)
        self._odds = [_odds([person.facts for person in source.people]) for source in sources]

    def __getitem__(self, step: int) -> Batch:
        """Draw the batch of a step."""
        random = np.random.default_rng([self._seed, step])
        crops, facts = [], []
        for source, count, odds in zip(self._sources, self._counts, self._odds, strict=True):
            for row in random.choice(len(source.people), count, p=odds).tolist():
                person = source.people[row]
                crops.append(augment(person.crop(int(random.integers(len(person.looks)))), random))
                facts.append(person.facts)
        return Batch(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2), targets_of(facts))


def told_weight(facts: PersonFacts) -> float:
    """How often a person is drawn: people of whom more is said teach more.

    Args:
        facts: what is said.

    Returns:
        Relative to others of the same source.
    """
    moves = any(deed in lexicon.MOVEMENTS for deed in facts.deeds)
    return 0.15 + (len(facts.kinds) == 1) + 0.6 * bool(facts.worn) + 0.5 * moves + 0.3 * bool(facts.things)


def shares(weights: Sequence[float], total: int) -> list[int]:
    """Split a number of crops by weight: largest remainders, at least one each.

    Args:
        weights: above 0.
        total: at least as many as there are weights.

    Returns:
        Counts that add up to `total`.

    Raises:
        ValueError: `total` is too small.
    """
    if total < len(weights):
        raise ValueError(f"people.batch_people is {total} for {len(weights)} sources; give at least one crop each")
    free = total - len(weights)
    exact = np.asarray(weights, np.float64) / sum(weights) * total
    extra = np.maximum(exact - 1, 0)
    extra = extra * (free / extra.sum()) if extra.sum() else np.zeros(len(weights))
    counts = np.floor(extra + 1e-9).astype(int)
    missing = free - int(counts.sum())
    counts[np.argsort(-(extra - counts), kind="stable")[:missing]] += 1
    return [int(count) + 1 for count in counts]


def batches_from(batches: Batches, start: int, steps: int, workers: int) -> Iterator[Batch]:
    """The batches of the steps that remain.

    Args:
        batches: of every step.
        start: the next step.
        steps: of the whole training.
        workers: processes that prepare them.

    Returns:
        In order.
    """
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(start, steps),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker,
    )
    return iter(loader)


def _start_worker(worker: int) -> None:  # noqa: ARG001
    cv2.setNumThreads(0)


def _odds(people: Sequence[PersonFacts]) -> np.ndarray:
    weights = np.array([told_weight(facts) for facts in people])
    normed: np.ndarray = weights / weights.sum()
    return normed
