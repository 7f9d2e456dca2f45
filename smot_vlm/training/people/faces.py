"""Learns to read faces: where they are, from a teacher; what they say of kinds, from people of whom exactly one is said.

The encoder keeps its weights. A layer on its features is scaled by folds of the people, so that it is as sure as it is right
of people it did not learn from; what crops say is added in the same measure (`strength`).
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from smot_vlm.appearance.crops import pixels_of
from smot_vlm.appearance.faces import (
    FACE_FEATURES,
    LEAST_SEEN,
    FaceEncoder,
    FacePlace,
    FaceReader,
    cut_faces,
    place_maps,
)
from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.config.people import FacesConfig, PeopleConfig
from smot_vlm.language.people_lexicon import KINDS
from smot_vlm.training.people.face_finder import FaceFinder, open_face_finder
from smot_vlm.training.people.face_weights import load_face_encoder
from smot_vlm.training.people.linear_layer import fit_linear
from smot_vlm.training.people.people import LabelledPerson, PeopleSource, center, some_people

logger = logging.getLogger(__name__)

_AT_A_TIME = 64
# Of the layer that finds faces.
_EPOCHS, _BATCH, _RATE, _DECAY = 5, 128, 3e-3, 0.02
# Faces are as large as the boxes say within a factor; a cell is 8 pixels.
_BOX_WEIGHT = 2.0
_FOLDS, _PENALTIES, _SCALES = 5, (0.01, 0.03, 0.1, 0.3), (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


def check_faces(settings: FacesConfig) -> None:
    """Whether faces can be learned, before hours are spent on what comes first.

    Args:
        settings: of the training.

    Raises:
        FileNotFoundError, ValueError: the encoder's weights cannot be read.
        ModuleNotFoundError: the teacher is not installed.
    """
    if settings.encoder:
        load_face_encoder(FaceEncoder(), Path(settings.encoder))
        open_face_finder()


def learn_faces(
    network: PersonAppearance, people: Sequence[PeopleSource], settings: PeopleConfig, *, strength: float = 1.0
) -> None:
    """Give a network a reader of faces.

    Args:
        network: in evaluation mode; its `faces` are replaced.
        people: of the training.
        settings: `faces` says from whom is learned.
        strength: times the logits of faces, which are calibrated, in units of the network's, which are not.

    Raises:
        FileNotFoundError, ValueError: the encoder's weights cannot be read, or nobody has a face.
        ModuleNotFoundError: the teacher is not installed.
    """
    find = open_face_finder()
    torch.manual_seed(settings.seed)
    reader = FaceReader().eval()
    load_face_encoder(reader.encoder, Path(settings.faces.encoder))
    known = [person for source in people if source.name in settings.faces.sources for person in source.people]
    known = [person for person in known if len(person.facts.kinds) == 1]
    if not known:
        named, given = ", ".join(settings.faces.sources) or "nothing", ", ".join(source.name for source in people)
        raise ValueError(f"people.faces.sources: nobody of a source named {named} has one kind; give names of {given}")
    chosen = some_people(known, settings.faces.people, np.random.default_rng(settings.seed))
    _learn_place(reader.place, network, chosen, find)
    _learn_kinds(reader, network, chosen, strength)
    network.faces = reader


def _learn_place(
    place: FacePlace, network: PersonAppearance, people: Sequence[LabelledPerson], find: FaceFinder
) -> None:
    """Fit where faces are, by the first look at everybody and its mirror image."""
    crops = [center(person.crop(0)) for person in people]
    boxes = [find(crop) for crop in crops]
    count = sum(box is not None for box in boxes)
    logger.info("%d of %d people have a face that the teacher finds", count, len(people))
    if count == 0:
        raise ValueError(f"people.faces: the teacher finds no face of {len(people)} people; name other sources")
    truth = torch.tensor(np.array([np.full(4, np.nan) if box is None else box for box in boxes]), dtype=torch.float32)
    width = crops[0].shape[1]
    mirrored = torch.stack([width - truth[:, 2], truth[:, 1], width - truth[:, 0], truth[:, 3]], dim=1)
    maps = torch.cat([_maps(network, crops), _maps(network, [crop[:, ::-1] for crop in crops])])
    truth = torch.cat([truth, mirrored])
    steps = max(_EPOCHS * len(people) // _BATCH, 1)
    optimizer = torch.optim.AdamW(place.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps)
    place.train()
    for _ in range(steps):
        rows = torch.randint(0, len(truth), (min(_BATCH, len(truth)),))
        loss = _place_loss(place, maps[rows].float(), truth[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    place.eval()


def _place_loss(
    place: FacePlace, maps: Float[Tensor, "people channels rows columns"], truth: Float[Tensor, "people 4"]
) -> Float[Tensor, ""]:
    """Cross-entropy of the cell, or of no face where the box is no number, and the error of the boxes there."""
    found = place(maps)
    rows, columns = maps.shape[-2:]
    seen = truth[:, 0].isfinite()
    boxes = truth[seen] / 8
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    column, row = middle[:, 0].long().clamp(0, columns - 1), middle[:, 1].long().clamp(0, rows - 1)
    cells = torch.full((len(truth),), rows * columns)
    cells[seen] = row * columns + column
    loss = functional.cross_entropy(found.cells, cells)
    if not seen.any():
        return loss
    given = found.boxes[seen, :, row, column]
    wanted = torch.cat([middle - torch.stack([column, row], dim=1) - 0.5, size.clamp(min=0.05).log()], dim=1)
    return loss + _BOX_WEIGHT * functional.smooth_l1_loss(given, wanted, beta=0.2)


def _learn_kinds(
    reader: FaceReader, network: PersonAppearance, people: Sequence[LabelledPerson], strength: float
) -> None:
    """Fit what faces add to the logits of kinds, by all looks at everybody."""
    looks = [(row, look) for row, person in enumerate(people) for look in range(len(person.looks))]
    crops = [center(people[row].crop(look)) for row, look in looks]
    seen, features = _faces(reader, network, crops)
    groups = torch.tensor([row for row, _ in looks])[seen]
    labels = torch.tensor([KINDS.index(people[int(row)].facts.kinds[0]) for row in groups.tolist()])
    mean, scale = features.mean(dim=0), features.std(dim=0).clamp(min=1e-2)
    standard = (features - mean) / scale
    penalty, factor = _chosen(standard, labels, groups)
    weights, bias = fit_linear(standard, labels, len(KINDS), penalty=penalty)
    logger.info("%d looks at faces; penalty %g, scale %g", len(labels), penalty, factor)
    weights, bias = weights * factor * strength / scale, bias * factor * strength
    with torch.no_grad():
        reader.kinds.weight.copy_(weights)
        reader.kinds.bias.copy_(bias - weights @ mean)


def _chosen(
    features: Float[Tensor, "looks values"], labels: Int[Tensor, "looks"], groups: Int[Tensor, "looks"]
) -> tuple[float, float]:
    """The penalty and the scale of the logits that surprise least in folds of the people."""
    best = (float("inf"), _PENALTIES[0], 1.0)
    for penalty in _PENALTIES:
        logits = torch.zeros(len(labels), len(KINDS))
        for fold in range(_FOLDS):
            held = groups % _FOLDS == fold
            if held.any() and not held.all():
                weights, bias = fit_linear(features[~held], labels[~held], len(KINDS), penalty=penalty)
                logits[held] = features[held] @ weights.T + bias
        surprises = [(float(functional.cross_entropy(logits * scale, labels)), penalty, scale) for scale in _SCALES]
        best = min(best, *surprises)
    return best[1:]


@torch.inference_mode()
def _maps(network: PersonAppearance, crops: Sequence[np.ndarray]) -> Float[Tensor, "crops channels rows columns"]:
    """The maps in which faces are looked for, as float16."""
    found = []
    for start in range(0, len(crops), _AT_A_TIME):
        found.append(_place_maps(network, pixels_of(np.stack(crops[start : start + _AT_A_TIME]))))
    return torch.cat(found).clone()


def _place_maps(network: PersonAppearance, pixels: Tensor) -> Tensor:
    maps = network.feature_maps(pixels)
    return place_maps(maps.early, maps.fine, maps.middle).half()


@torch.inference_mode()
def _faces(
    reader: FaceReader, network: PersonAppearance, crops: Sequence[np.ndarray]
) -> tuple[Bool[Tensor, "crops"], Float[Tensor, "faces values"]]:
    """Which crops have a face, and the features of those faces."""
    seen, features = [], [torch.zeros(0, FACE_FEATURES)]
    for start in range(0, len(crops), _AT_A_TIME):
        pixels = pixels_of(np.stack(crops[start : start + _AT_A_TIME]))
        likely, boxes = reader.place(_place_maps(network, pixels).float()).best()
        seen.append(likely >= LEAST_SEEN)
        if seen[-1].any():
            features.append(reader.encoder(cut_faces(pixels[seen[-1]], boxes[seen[-1]])))
    return torch.cat(seen).clone(), torch.cat(features).clone()
