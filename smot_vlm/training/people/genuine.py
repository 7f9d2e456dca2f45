"""Which crops show a real person: a linear layer on embeddings that tells them from drawn figures and from places without people.

It is what lets a PeopleModel keep silent: of drawn people, of noise, and of what a detector takes for somebody.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from smot_vlm.appearance.crops import crop_people, pixels_of
from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.detection.detector import Detector
from smot_vlm.synthetic import make_sequence
from smot_vlm.training.people.linear_layer import fit_linear

# Standard deviations below this are those of features that never fire.
LEAST_SCALE = 1e-2
# A place without people is this share of the picture's smaller side wide, and twice to three times as high.
PLACE_WIDTHS = (0.1, 0.3)
TRIES = 20


def fit_genuine(
    network: PersonAppearance,
    real: Float[Tensor, "people dim"],
    others: Float[Tensor, "crops dim"],
    *,
    penalty: float = 0.03,
) -> None:
    """Fit `network.genuine`.

    Args:
        network: changed in place.
        real: embeddings of real people.
        others: embeddings of crops without one.
        penalty: of the squared weights.
    """
    features = torch.cat([others, real])
    mean, scale = features.mean(dim=0), features.std(dim=0) + LEAST_SCALE
    labels = torch.cat([torch.zeros(len(others)), torch.ones(len(real))]).long()
    weights, bias = fit_linear((features - mean) / scale, labels, 2, penalty=penalty)
    difference = (weights[1] - weights[0]) / scale
    network.genuine.weight.data.copy_(difference[None])
    network.genuine.bias.data.copy_((bias[1] - bias[0] - difference @ mean)[None])


def drawn_people(seeds: Iterable[int]) -> Iterator[np.ndarray]:
    """Crops of drawn figures.

    Args:
        seeds: of sequences of the synthetic world; of each the first frame.

    Yields:
        uint8 (people, height, width, 3).
    """
    for seed in seeds:
        sequence = make_sequence(seed, split="train", fps=2.0)
        boxes = [track.boxes[0] for track in sequence.tracks if track.frames[0] == 0]
        if boxes:
            yield crop_people(np.ascontiguousarray(next(iter(sequence.frames()))), np.array(boxes))


def places_without_people(
    sequences: Sequence[BenSmotSequence], detector: Detector, *, seed: int = 0
) -> Iterator[np.ndarray]:
    """Crops of real pictures in which neither a detector nor the annotation has anybody; and noise and even colour.

    Args:
        sequences: of each the first frame.
        detector: of people, with a low lowest score.
        seed: of the places.

    Yields:
        uint8 (1, height, width, 3), at most one a sequence, and as many of noise as a tenth of them.
    """
    random = np.random.default_rng(seed)
    for number, sequence in enumerate(sequences):
        image = sequence.read_frame(0).image
        tracked = [track.boxes[track.frames == 0] for track in sequence.tracks]
        people = np.concatenate([detector.detect(image).boxes, *tracked])
        place = _empty_place(image, people, random)
        if place is not None:
            yield crop_people(image, place[None])
        if number % 10 == 0:
            level, spread = random.uniform(0, 255), random.uniform(0, 90)
            noise = random.normal(level, spread, image.shape).clip(0, 255).astype(np.uint8)
            yield crop_people(noise, np.array([[0, 0, image.shape[1] / 3, image.shape[0]]]))


def embeddings(network: PersonAppearance, crops: Iterable[np.ndarray]) -> Float[Tensor, "crops dim"]:
    """Look at crops.

    Args:
        network: in evaluation mode.
        crops: uint8 (crops, height, width, 3) each.
    """
    rows = []
    for batch in crops:
        pixels = pixels_of(batch)
        with torch.inference_mode():
            rows.append(network(pixels)[0])
    if not rows:
        return torch.zeros(0, network.dim)
    return torch.cat(rows).clone()


def _empty_place(image: np.ndarray, people: np.ndarray, random: np.random.Generator) -> np.ndarray | None:
    height, width = image.shape[:2]
    for _ in range(TRIES):
        across = random.uniform(*PLACE_WIDTHS) * min(width, height)
        down = min(across * random.uniform(2, 3), height)
        left, top = random.uniform(0, width - across), random.uniform(0, height - down)
        place = np.array([left, top, left + across, top + down])
        overlap = np.minimum(people[:, 2:], place[2:]) - np.maximum(people[:, :2], place[:2])
        if not (overlap > 0).all(axis=1).any():
            return place
    return None
