"""Makes a `PeopleModel` of a trained network: calibrated, with what it learned from, and with its figures."""

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.config import Config, PeopleConfig
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.models.card import ModelCard
from smot_vlm.models.domain import Domain
from smot_vlm.models.people_folder import build_people, save_people
from smot_vlm.training.domain_statistics import domain_of
from smot_vlm.training.people.batches import shares
from smot_vlm.training.people.calibration import calibrate, told_figures
from smot_vlm.training.people.faces import learn_faces
from smot_vlm.training.people.figures import figures
from smot_vlm.training.people.layers import genuine_figures, learn_genuine, learn_pairs, pair_figures
from smot_vlm.training.people.pair_windows import windows_domain
from smot_vlm.training.people.people import PeopleSource, some_people
from smot_vlm.training.people.public_sets import training_data
from smot_vlm.training.people.seeing import SeenSource, see_people, see_source

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LearnedFrom:
    """The people of a training.

    Attributes:
        train: sources that the network learned from.
        validation: the same sources' people that it did not see.
    """

    train: tuple[PeopleSource, ...]
    validation: tuple[PeopleSource, ...]


def export_people(
    network: PersonAppearance, config: Config, people: LearnedFrom, folder: Path, *, overwrite: bool = False
) -> dict[str, float]:
    """Write a trained network as a model that `Tracker.from_pretrained` reads.

    Args:
        network: trained; left unchanged.
        config: of the model and of its training.
        people: that it learned from.
        folder: to write.
        overwrite: replace an existing folder.

    Returns:
        Figures of the validation people.

    Raises:
        FileExistsError: the folder exists, is not empty and `overwrite` is false.
    """
    settings = config.people
    shipped = as_saved(network)
    if settings.faces.encoder:
        shipped = _with_faces(shipped, people, settings)
    if settings.genuine_crops:
        learn_genuine(shipped, people.train, settings)
    seen = [see_source(shipped, source) for source in people.validation]
    calibration = calibrate(seen, settings.precision, settings.pair_threshold, settings.lowest)
    found = figures(seen) | told_figures(seen, calibration)
    if settings.genuine_crops:
        found |= genuine_figures(shipped, people.validation, settings)
    model = build_people(config, calibration, faces=shipped.faces is not None)
    model.appearance.load_state_dict(shipped.state_dict())
    model.domain = _domain(shipped, people.train, seen, settings.domain_people, settings.seed)
    if settings.pairs:
        windows, layer = learn_pairs(shipped, settings)
        model.pair_deeds.load_state_dict(layer.state_dict())
        model.domain = None if model.domain is None else replace(model.domain, pairs=windows_domain(windows))
        found |= pair_figures(layer, shipped, windows, settings)
    data, terms = training_data(
        [name for source in people.train for name in source.scenarios] + _scenarios(settings),
        pretrained=bool(settings.trunk),
        faces=shipped.faces is not None,
    )
    scores = {f"{name} (true boxes)": value for name, value in found.items()}
    model.card = ModelCard(data, scores, domain=settings.domain, terms=terms)
    save_people(model.eval(), _without_places(config), folder, overwrite=overwrite)
    return found


def _without_places(config: Config) -> Config:
    """The configuration with the names of the data sets' folders, not where they lie on this machine."""
    sources = tuple(replace(source, dataset=Path(source.dataset).name) for source in config.people.sources)
    faces = replace(config.people.faces, encoder=Path(config.people.faces.encoder).name)
    pairs = Path(config.people.pairs).name
    return replace(config, people=replace(config.people, sources=sources, pairs=pairs, faces=faces))


def as_saved(network: PersonAppearance) -> PersonAppearance:
    """A copy on the CPU with the weights as `save_people` rounds them, so that what is measured is what is saved.

    Args:
        network: left unchanged.

    Returns:
        The copy, in evaluation mode.
    """
    return copy.deepcopy(network).cpu().half().float().eval()


def _with_faces(network: PersonAppearance, people: LearnedFrom, settings: PeopleConfig) -> PersonAppearance:
    """The network with faces, which count as much more as crops are too sure of people that they did not learn from."""
    network.faces = None
    seen = [see_source(network, source) for source in people.validation]
    too_sure = calibrate(seen, settings.precision).temperatures["kinds"]
    learn_faces(network, people.train, settings, strength=too_sure)
    return as_saved(network)


def _domain(
    network: PersonAppearance, train: Sequence[PeopleSource], held_out: Sequence[SeenSource], most: int, seed: int
) -> Domain | None:
    """What the network learned from, by some training people of each source in proportion to its weight.

    Not what faces say: few people show one, and none as sharp as a larger video does.
    """
    if not most:
        return None
    random = np.random.default_rng(seed)
    known: list[np.ndarray] = []
    for source, count in zip(train, shares([source.weight for source in train], max(most, len(train))), strict=True):
        known += see_people(network, some_people(source.people, count, random))
    people, others = known, [tokens for source in held_out for tokens in source.tokens]
    found = domain_of(*([tokens[:, : network.known] for tokens in seen] for seen in (people, others)))
    if found is None:
        logger.warning("%d people are too few to tell what the model learned from; it speaks of everybody", len(known))
        return None
    return Domain(people=found, frames=None)


def _scenarios(settings: PeopleConfig) -> list[str]:
    """Of the pairs."""
    names = BenSmot(settings.pairs, settings.train_split).names if settings.pairs else ()
    return [name.partition("/")[0] for name in names]
