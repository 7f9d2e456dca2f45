"""The two layers that are fitted when the network is trained: who is a real person, and what pairs do."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch

from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.pair_deeds import BLOWS, NONE, PAIR_CLASSES, PairDeeds
from smot_vlm.config.people import PeopleConfig
from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.detection.people_detector import open_people_detector
from smot_vlm.training.people.genuine import drawn_people, embeddings, fit_genuine, places_without_people
from smot_vlm.training.people.pair_windows import Windows, crossed_logits, fit_pair_deeds, see_windows
from smot_vlm.training.people.people import PeopleSource, some_people
from smot_vlm.training.people.seeing import see_people

# Places are empty where even an unsure detector has nobody.
_UNSURE, _OVERLAP = 0.05, 0.65
# Drawn sequences that a check uses, apart from those of the fit.
_CHECKED_SEEDS = 700_000
# Windows of a pair from as many places.
_VIEWS = 3


def learn_genuine(network: PersonAppearance, people: Sequence[PeopleSource], settings: PeopleConfig) -> None:
    """Fit `network.genuine` by real people, drawn figures and empty places of the training.

    Args:
        network: changed in place.
        people: of the training.
        settings: its crops are read.
    """
    real, others = _real_and_others(network, people, settings, settings.train_split, seed=0)
    fit_genuine(network, real, others)


def genuine_figures(
    network: PersonAppearance, people: Sequence[PeopleSource], settings: PeopleConfig
) -> dict[str, float]:
    """How often the layer is right of crops that it did not learn from.

    Args:
        network: fitted.
        people: that were held out.
        settings: of the training.

    Returns:
        Shares of real people taken for real, and of other crops taken for none.
    """
    real, others = _real_and_others(network, people, settings, settings.validation_split, seed=_CHECKED_SEEDS)
    with torch.inference_mode():
        shares = [(network.genuine(values) >= 0).float().mean().item() for values in (real, others)]
    return {"real people known": shares[0], "drawn figures and empty places known": 1 - shares[1]}


def learn_pairs(network: PersonAppearance, settings: PeopleConfig) -> tuple[Windows, PairDeeds]:
    """Fit the layer that reads pairs.

    Args:
        network: in evaluation mode.
        settings: `pairs` is the data set.

    Returns:
        The windows of its training split, and the layer.
    """
    windows = see_windows(network, BenSmot(settings.pairs, settings.train_split), views=_VIEWS, seed=settings.seed)
    return windows, fit_pair_deeds(windows)


def pair_figures(
    layer: PairDeeds, network: PersonAppearance, windows: Windows, settings: PeopleConfig
) -> dict[str, float]:
    """How well pairs are read: in six folds of the training split by sequence, and on the validation split.

    Args:
        layer: fitted.
        network: that it was fitted with.
        windows: of the training split.
        settings: of the training.

    Returns:
        F1 of deeds other than none, kick and punch counting as one, and the share of acted deeds of which the side is right.
    """
    held = see_windows(network, BenSmot(settings.pairs, settings.validation_split))
    with torch.inference_mode():
        of_held = layer(held.descriptors)
    found = {"train, six folds": (crossed_logits(windows), windows), "val": (of_held, held)}
    return {
        f"pairs {name} ({part})": value
        for part, (logits, seen) in found.items()
        for name, value in _pair_scores(logits.argmax(dim=-1).tolist(), seen.labels.tolist()).items()
    }


def _pair_scores(found: Sequence[int], true: Sequence[int]) -> dict[str, float]:
    said = [_named(PAIR_CLASSES[row]) for row in found]
    meant = [_named(PAIR_CLASSES[row]) for row in true]
    right = sum(a[0] == b[0] != NONE for a, b in zip(said, meant, strict=True))
    told = sum(deed != NONE for deed, _ in (*said, *meant))
    sides = [a[1] == b[1] for a, b in zip(said, meant, strict=True) if a[1] and b[1]]
    return {"F1": 2 * right / max(told, 1), "direction": float(np.mean(sides)) if sides else 0.0}


def _named(label: str) -> tuple[str, str]:
    deed, _, side = label.partition(" ")
    return ("blow" if deed in BLOWS else deed), side


def _real_and_others(
    network: PersonAppearance, people: Sequence[PeopleSource], settings: PeopleConfig, split: str, *, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    random, most = np.random.default_rng(seed), settings.genuine_crops
    seen = [tokens for source in people for tokens in see_people(network, some_people(source.people, most, random))]
    real = torch.from_numpy(np.concatenate(seen)[:, : network.dim])
    drawn = islice(drawn_people(range(seed, seed + most)), max(1, most // 10))
    sequences = [
        sequence for source in settings.sources for sequence in _sequences(source.dataset, split, most, random)
    ]
    places = places_without_people(sequences, open_people_detector(min_score=_UNSURE, overlap=_OVERLAP), seed=seed)
    return real, torch.cat([embeddings(network, drawn), embeddings(network, places)])


def _sequences(root: str, split: str, most: int, random: np.random.Generator) -> Iterator[BenSmotSequence]:
    data = BenSmot(root, split)
    for row in sorted(random.choice(len(data), min(most, len(data)), replace=False).tolist()):
        yield data[row]
