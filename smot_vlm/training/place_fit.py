"""Fits the reader of places to what a model sees of its training sequences: see `PlaceReader`."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from smot_vlm.models.place import PlaceReader
from smot_vlm.training.domain_statistics import SequenceLooks, held_apart

# A place is learned from so many sequences at least.
LEAST_SEQUENCES = 6
# Of the squared weights, beside the summed cross entropy; chosen on held-out drawn videos.
PENALTY = 5.0
LEAST_SCALE = 1e-6
_ITERATIONS = 300
_TEMPERATURES = np.geomspace(0.2, 5.0, 41)


def fit_places(looks: Sequence[SequenceLooks]) -> PlaceReader | None:
    """Multinomial logistic regression of the place on the statistics of frames, calibrated on sequences held apart.

    Args:
        looks: of `look_at`; those whose captions tell no place are left out.

    Returns:
        The reader; None where there are fewer than two places of `LEAST_SEQUENCES` sequences each.
    """
    known, held_out = held_apart([look for look in looks if look.place])
    told = [look.place for look in known]
    labels = tuple(sorted(place for place in set(told) if told.count(place) >= LEAST_SEQUENCES))
    known, held_out = ([look for look in part if look.place in labels] for part in (known, held_out))
    if len(labels) < 2 or not held_out:
        return None
    features = np.concatenate([look.statistics for look in known])
    mean, scale = features.mean(axis=0), features.std(axis=0) + LEAST_SCALE
    targets = np.concatenate([[labels.index(look.place)] * len(look.statistics) for look in known])
    weights, biases = _regression((features - mean) / scale, targets, len(labels))

    def cooled(temperature: float) -> PlaceReader:
        parts = (mean, scale, weights / temperature, biases / temperature)
        return PlaceReader(labels, *(np.asarray(part, dtype=np.float32) for part in parts))

    return min(map(cooled, _TEMPERATURES), key=lambda reader: _surprise(reader, held_out))


def _regression(features: np.ndarray, targets: np.ndarray, labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (labels, features) and biases (labels,) of least penalised cross entropy, by L-BFGS."""
    given, wanted = torch.as_tensor(features, dtype=torch.float64), torch.as_tensor(targets)
    layer = nn.Linear(given.shape[1], labels, dtype=torch.float64)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (
            nn.functional.cross_entropy(layer(given), wanted, reduction="sum") + PENALTY * layer.weight.square().sum()
        )
        loss.backward()
        return loss

    optimizer.step(closure)
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def _surprise(reader: PlaceReader, held_out: Sequence[SequenceLooks]) -> float:
    """Mean negative log-likelihood of the true places."""
    given = [reader.probabilities(look.statistics).mean(axis=0) for look in held_out]
    true = [probabilities[reader.labels.index(look.place)] for probabilities, look in zip(given, held_out, strict=True)]
    return float(-np.log(np.maximum(true, 1e-12)).mean())
