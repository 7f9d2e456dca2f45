"""Windows of two people from data sets, as a PeopleModel sees them, and the layer that reads them.

A sequence is one window. Who interacts is stated by its edges; pairs without one are "none" only where the set states all
interactions (`all_interactions` of people_facts.json).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.pair_deeds import (
    ACTED_DEEDS,
    MUTUAL_DEEDS,
    NONE,
    PAIR_CLASSES,
    SIDES,
    PairDeeds,
    describe_window,
    spread_of,
)
from smot_vlm.appearance.recent_looks import Pair, RecentLooks
from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.models.domain import FeatureDomain
from smot_vlm.training.people.linear_layer import fit_linear

# Standard deviations below this are those of features that never fire.
LEAST_SCALE = 1e-2
# Directions of the windows' domain: most features of few windows.
DIRECTIONS = 16
# Windows are seen from several places: the box is moved and resized by shares of its size.
JITTER = 0.06
_DEED_OF = {verb: deed for deed, verb in (MUTUAL_DEEDS | ACTED_DEEDS).items()}


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of pairs.

    Attributes:
        descriptors: of `describe_window`.
        labels: rows of PAIR_CLASSES.
        groups: which windows belong to one sequence and its mirror image.
    """

    descriptors: Float[Tensor, "windows values"]
    labels: Int[Tensor, "windows"]
    groups: np.ndarray


def see_windows(
    network: PersonAppearance, sequences: Iterable[BenSmotSequence], *, views: int = 1, seed: int = 0
) -> Windows:
    """Look at the pairs of sequences, each also in a mirror.

    Args:
        network: in evaluation mode.
        sequences: each of them one window.
        views: boxes of a pair that are tried; the first is the true one.
        seed: of the others.

    Returns:
        A window for each pair, view and side.
    """
    random = np.random.default_rng(seed)
    descriptors, labels, groups = [], [], []
    for number, sequence in enumerate(sequences):
        looks = _looks_at(sequence)
        for pair in looks.pairs():
            label = _label(pair, sequence)
            if label is None:
                continue
            for view in range(views):
                crops = looks.crops(_moved(pair.box, random) if view else pair.box)
                for mirrored in (False, True):
                    window = np.ascontiguousarray(crops[:, :, ::-1]) if mirrored else crops
                    with torch.inference_mode():
                        descriptors.append(describe_window(network, window))
                    labels.append(PAIR_CLASSES.index(_mirrored(label) if mirrored else label))
                    groups.append(number)
    if not descriptors:
        raise ValueError("no pair of people in these sequences; give sequences with interactions")
    return Windows(torch.stack(descriptors).clone(), torch.tensor(labels), np.array(groups))


def fit_pair_deeds(windows: Windows, *, penalty: float = 0.03) -> PairDeeds:
    """The layer that reads windows.

    Args:
        windows: to learn from.
        penalty: of the squared weights.

    Returns:
        The fitted layer.
    """
    layer = PairDeeds()
    layer.mean.copy_(windows.descriptors.mean(dim=0))
    layer.scale.copy_(spread_of(windows.descriptors, LEAST_SCALE))
    standard = (windows.descriptors - layer.mean) / layer.scale
    weights, bias = fit_linear(standard, windows.labels, len(PAIR_CLASSES), penalty=penalty)
    layer.answers.weight.data.copy_(weights)
    layer.answers.bias.data.copy_(bias)
    return layer.eval()


def crossed_logits(windows: Windows, folds: int = 6, *, penalty: float = 0.03) -> Float[Tensor, "windows classes"]:
    """Logits of each window by a layer that was fitted without its sequence.

    Args:
        windows: to learn from.
        folds: layers that are fitted.
        penalty: of the squared weights.
    """
    logits = torch.zeros(len(windows.labels), len(PAIR_CLASSES))
    for fold in range(folds):
        held = torch.from_numpy(windows.groups % folds == fold)
        if held.any() and not held.all():
            kept = Windows(windows.descriptors[~held], windows.labels[~held], windows.groups[~held.numpy()])
            layer = fit_pair_deeds(kept, penalty=penalty)
            logits[held] = layer(windows.descriptors[held]).detach()
    return logits


def windows_domain(windows: Windows, folds: int = 6) -> FeatureDomain:
    """What windows the layer learned from; its limits come from windows that a domain was fitted without.

    Args:
        windows: to learn from.
        folds: domains that are fitted.
    """
    features = windows.descriptors.numpy()
    distances: list[float] = []
    for fold in range(folds):
        held = windows.groups % folds == fold
        if held.any():
            distances += _domain(features[~held]).distances(features[held]).tolist()
    return _domain(features).calibrated(distances)


def _domain(features: np.ndarray) -> FeatureDomain:
    return FeatureDomain.fit(features, min(DIRECTIONS, len(features) - 1), least_scale=LEAST_SCALE)


def _looks_at(sequence: BenSmotSequence) -> RecentLooks:
    looks = RecentLooks()
    for position in range(len(sequence)):
        frame = sequence.read_frame(position)
        shown = [(track.id, track.boxes[track.frames == position]) for track in sequence.tracks]
        there = [(number, box[0]) for number, box in shown if len(box)]
        looks.add(frame.time_seconds, frame.image, [number for number, _ in there], np.array([box for _, box in there]))
    return looks


def _label(pair: Pair, sequence: BenSmotSequence) -> str | None:
    """The class of a pair; None where it is unknown, or another deed."""
    between = [edge for edge in sequence.interactions if {edge.subject, edge.object} == {pair.left, pair.right}]
    if not between:
        facts = sequence.people
        return NONE if facts is not None and facts.all_interactions else None
    deed = _DEED_OF.get(between[0].verb)
    if deed is None or deed in MUTUAL_DEEDS:
        return deed
    return f"{deed} {SIDES[0] if between[0].subject == pair.left else SIDES[1]}"


def _mirrored(label: str) -> str:
    deed, blank, side = label.partition(" ")
    return f"{deed}{blank}{SIDES[1 - SIDES.index(side)]}" if side else label


def _moved(box: np.ndarray, random: np.random.Generator) -> np.ndarray:
    size = np.tile(box[2:] - box[:2], 2)
    moved: np.ndarray = box + random.normal(0, JITTER, 4) * size
    return moved
