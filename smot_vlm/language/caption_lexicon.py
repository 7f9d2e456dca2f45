"""All words of captions: the caption writer picks from these tables and the fact reader looks up in them.

A fact has several phrases. No phrase stands for two facts; where one is the beginning of another, the longer one wins.
"""

from smot_vlm.language.action_phrases import ACTIONS
from smot_vlm.language.verb_phrases import VERBS

__all__ = ["ACCESSORIES", "ACTIONS", "BOTTOMS", "COLOURS", "KINDS", "NUMBERS", "PRONOUNS", "SCENES", "TOPS", "VERBS"]

KINDS: dict[str, tuple[str, ...]] = {
    "man": ("man", "gentleman"),
    "woman": ("woman", "lady"),
    "boy": ("boy", "young boy"),
    "girl": ("girl", "young girl"),
}
PRONOUNS: dict[str, str] = {"man": "he", "woman": "she", "boy": "he", "girl": "she"}
NUMBERS: dict[int, str] = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "turquoise": ("turquoise",),
    "blue": ("blue",),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
    "black": ("black",),
}

# What covers the upper and the lower body. A word is used only where the drawn garment is that thing.
TOPS: dict[str, tuple[str, ...]] = {
    "short_sleeves": ("t-shirt", "short-sleeved shirt", "shirt", "top"),
    "long_sleeves": ("sweater", "long-sleeved shirt", "shirt", "top"),
}
BOTTOMS: dict[str, tuple[str, ...]] = {"trousers": ("trousers", "pants"), "shorts": ("shorts",), "skirt": ("skirt",)}

ACCESSORIES: dict[str, tuple[str, ...]] = {
    "cap": ("cap", "peaked cap"),
    "straw_hat": ("straw hat", "wide straw hat"),
    "beanie": ("woolly hat", "knitted hat"),
    "backpack": ("backpack", "rucksack"),
    "handbag": ("handbag", "purse"),
    "shoulder_bag": ("shoulder bag", "messenger bag"),
}

SCENES: dict[str, tuple[str, ...]] = {
    "park": ("in a park", "in a green park"),
    "street": ("on a street", "on a city street"),
    "court": ("on a basketball court", "on a sports court"),
    "stage": ("on a stage", "on a lit stage"),
    "living_room": ("in a living room", "in a furnished living room"),
    "beach": ("on a beach", "on a sandy beach"),
    "classroom": ("in a classroom", "in a school classroom"),
    "shop": ("in a shop", "in a store"),
    "gym": ("in a gym", "in a fitness gym"),
    "playground": ("on a playground", "on a children's playground"),
}
