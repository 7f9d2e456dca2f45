"""Who is on the stage: kinds of people, their proportions, clothes, hair and accessories."""

from dataclasses import dataclass

import numpy as np

from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.stage.strokes import Colour

CLOTH_RGB: dict[str, Colour] = {
    "red": (206, 30, 36),
    "orange": (247, 128, 14),
    "yellow": (248, 220, 40),
    "green": (30, 140, 56),
    "turquoise": (52, 212, 206),
    "blue": (32, 68, 196),
    "purple": (122, 40, 158),
    "pink": (248, 122, 184),
    "white": (242, 242, 240),
    "black": (26, 26, 30),
}
SKINS: tuple[Colour, ...] = ((246, 214, 188), (230, 188, 154), (202, 152, 112), (154, 104, 72), (104, 68, 46))
HAIRS: tuple[Colour, ...] = ((34, 26, 22), (64, 42, 26), (108, 70, 38), (180, 136, 72), (132, 132, 134))
ADULTS = ("man", "woman")


@dataclass(frozen=True)
class Build:
    """Body proportions as fractions of the standing height.

    Attributes:
        height: least and greatest, metres.
        head: diameter.
        neck: length.
        torso: hips to shoulders.
        leg: one of two equal parts.
        shoulder: half width.
        hip: half width.
        upper_arm: length.
        forearm: length.
        arm_radius: half thickness.
        leg_radius: half thickness.
        torso_radius: half thickness.
    """

    height: tuple[float, float]
    head: float  # diameter
    neck: float
    torso: float  # hips to shoulders
    leg: float  # one of two equal parts
    shoulder: float  # half width
    hip: float  # half width
    upper_arm: float
    forearm: float
    arm_radius: float
    leg_radius: float
    torso_radius: float


BUILDS: dict[str, Build] = {
    "man": Build((1.74, 1.90), 0.150, 0.035, 0.300, 0.238, 0.112, 0.062, 0.168, 0.165, 0.030, 0.043, 0.042),
    "woman": Build((1.58, 1.70), 0.155, 0.040, 0.285, 0.243, 0.082, 0.066, 0.160, 0.158, 0.024, 0.037, 0.036),
    "boy": Build((1.12, 1.28), 0.215, 0.020, 0.300, 0.212, 0.094, 0.060, 0.176, 0.172, 0.032, 0.044, 0.044),
    "girl": Build((1.08, 1.24), 0.220, 0.022, 0.285, 0.216, 0.080, 0.062, 0.174, 0.170, 0.027, 0.039, 0.040),
}


@dataclass(frozen=True)
class Person:
    """One person's unchanging appearance.

    Attributes:
        kind: man, woman, boy or girl.
        top: colour of the upper garment.
        bottom: colour of the lower garment.
        top_style: short or long sleeves.
        bottom_style: trousers, shorts or skirt.
        accessories: hats and bags.
        skin: RGB.
        hair: RGB.
        hair_style: short, long, bun or pigtails.
        hat_colour: RGB.
        bag_colour: RGB.
        height: metres, head to toe.
        tempo: factor on the speed of repeated movements.
        beard: whether there is one.
    """

    kind: str
    top: str
    bottom: str
    top_style: str
    bottom_style: str
    accessories: tuple[str, ...]
    skin: Colour
    hair: Colour
    hair_style: str
    hat_colour: Colour
    bag_colour: Colour
    height: float
    tempo: float
    beard: bool

    @property
    def build(self) -> Build:
        """The kind's proportions."""
        return BUILDS[self.kind]


HAT_COLOURS: dict[str, tuple[Colour, ...]] = {
    "cap": ((52, 58, 84), (120, 116, 108), (94, 40, 44)),
    "straw_hat": ((226, 200, 136), (214, 186, 122)),
    "beanie": ((110, 60, 70), (92, 98, 78), (70, 70, 96)),
}
BAGS = ("backpack", "handbag", "shoulder_bag")
BAG_COLOURS: tuple[Colour, ...] = ((112, 74, 44), (84, 90, 70), (66, 60, 74))
HAIR_STYLES: dict[str, tuple[str, ...]] = {
    "man": ("short",),
    "woman": ("long", "long", "bun"),
    "boy": ("short",),
    "girl": ("pigtails", "long"),
}
BOTTOM_STYLES: dict[str, tuple[str, ...]] = {
    "man": ("trousers", "trousers", "shorts"),
    "woman": ("skirt", "skirt", "trousers"),
    "boy": ("shorts", "shorts", "trousers"),
    "girl": ("skirt", "skirt", "trousers"),
}


def dress(rng: np.random.Generator, kind: str, top: str, bottom: str, accessories: tuple[str, ...]) -> Person:
    """A person of one kind in given colours; all that no caption states is drawn at random.

    Args:
        rng: the random stream.
        kind: man, woman, boy or girl.
        top: colour of the upper garment.
        bottom: colour of the lower garment.
        accessories: hats and bags.

    Returns:
        The person.
    """
    build = BUILDS[kind]
    hat = next((name for name in accessories if name in HAT_COLOURS), "cap")
    return Person(
        kind=kind,
        top=top,
        bottom=bottom,
        top_style=pick(rng, ("short_sleeves", "long_sleeves")),
        bottom_style=pick(rng, BOTTOM_STYLES[kind]),
        accessories=accessories,
        skin=pick(rng, SKINS),
        hair=pick(rng, HAIRS if kind in ADULTS else HAIRS[:-1]),
        hair_style=pick(rng, HAIR_STYLES[kind]),
        hat_colour=pick(rng, HAT_COLOURS[hat]),
        bag_colour=pick(rng, BAG_COLOURS),
        height=float(rng.uniform(*build.height)),
        tempo=float(rng.uniform(0.85, 1.15)),
        beard=bool(kind == "man" and rng.random() < 0.4),
    )
