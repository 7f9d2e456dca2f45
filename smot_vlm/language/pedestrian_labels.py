"""Labels of PETA (Deng et al. 2014) as facts of a person, and as a sentence."""

from collections.abc import Collection, Sequence

from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language.people_facts import PersonFacts

_AGES = ("personalLess15", "personalLess30", "personalLess45", "personalLess60", "personalLarger60")
# Kinds by (male, female) and by whether the person is a child; None where that is not labelled.
_SEXES = {"personalMale": ("boy", "man"), "personalFemale": ("girl", "woman")}
_UPPER = {"Jacket": "jacket", "Suit": "suit", "Sweater": "sweater", "Tshirt": "shirt"}
_LOWER = {
    "Jeans": "jeans",
    "Trousers": "trousers",
    "Suits": "trousers",
    "Shorts": "shorts",
    "HotPants": "shorts",
    "Capri": "shorts",
    "ShortSkirt": "skirt",
    "LongSkirt": "skirt",
}
# Attribute -> labels of which each says that it is there.
_ATTRIBUTES = {
    "hat": ("accessoryHat",),
    "sunglasses": ("accessorySunglasses",),
    "scarf": ("accessoryMuffler", "accessoryKerchief", "accessoryShawl"),
    "backpack": ("carryingBackpack",),
    "bag": ("carryingMessengerBag", "carryingPlasticBags"),
    "suitcase": ("carryingLuggageCase", "carryingSuitcase"),
    "long hair": ("hairLong",),
}
# What is carried without a label of its own may be a bag.
_OTHER_THINGS = "carryingOther"
_NOUNS = {
    ("man",): "A man",
    ("woman",): "A woman",
    ("boy",): "A boy",
    ("girl",): "A girl",
    ("man", "woman"): "An adult",
    ("boy", "girl"): "A child",
    ("man", "boy"): "A male person",
    ("woman", "girl"): "A female person",
}
_PLURAL = {"jeans", "trousers", "shorts"}
_WITHOUT_ARTICLE = {"sunglasses", "long hair"}


def facts_of_labels(labels: Collection[str], walking: bool = False) -> PersonFacts:
    """Read labels. An attribute is lacked where its group (accessory, carrying) is labelled and says nothing of it.

    Args:
        labels: such as upperBodyRed, carryingBackpack; unknown ones are passed over.
        walking: whether the source shows people who walk.

    Returns:
        The facts.
    """
    upper, lower = _colours(labels, "upperBody"), _colours(labels, "lowerBody")
    has = [name for name in lexicon.ATTRIBUTES if set(_ATTRIBUTES[name]) & set(labels)]
    return PersonFacts(
        kinds=_kinds(labels),
        upper=upper,
        lower=lower,
        worn=tuple(colour for colour in lexicon.COLOURS if colour in {*upper, *lower}),
        upper_garments=_garments(labels, "upperBody", _UPPER, lexicon.UPPER_GARMENTS),
        lower_garments=_garments(labels, "lowerBody", _LOWER, lexicon.LOWER_GARMENTS),
        has=tuple(has),
        lacks=tuple(name for name in lexicon.ATTRIBUTES if name not in has and _is_lacked(name, labels)),
        deeds=("walk",) if walking else (),
    )


def caption_of_facts(facts: PersonFacts) -> str:
    """Say in one sentence what facts of labels say.

    Args:
        facts: of one person.

    Returns:
        Such as "A man in a black jacket and grey jeans, with a backpack, is walking."
    """
    subject = _NOUNS.get(facts.kinds, "A person")
    clothes = [
        *_clothes(facts.upper, facts.upper_garments, "upper"),
        *_clothes(facts.lower, facts.lower_garments, "lower"),
    ]
    worn = f" in {' and '.join(clothes)}" if clothes else ""
    things = [name if name in _WITHOUT_ARTICLE else f"a {name}" for name in facts.has]
    carried = f"with {_joined(things)}" if things else ""
    deed = "is walking" if "walk" in facts.deeds else ""
    if deed and carried:
        return f"{subject}{worn}, {carried}, {deed}."
    return f"{subject}{worn}{f' {deed}' if deed else ''}{f', {carried}' if carried else ''}."


def _kinds(labels: Collection[str]) -> tuple[str, ...]:
    ages = [label for label in _AGES if label in labels]
    child = ages == [_AGES[0]] if ages else None
    pairs = [kinds for label, kinds in _SEXES.items() if label in labels] or (list(_SEXES.values()) if ages else [])
    allowed = {
        kind for pair in pairs for kind, is_child in zip(pair, (True, False), strict=True) if child in (None, is_child)
    }
    return tuple(kind for kind in lexicon.KINDS if kind in allowed)


def _colours(labels: Collection[str], part: str) -> tuple[str, ...]:
    return tuple(colour for colour in lexicon.COLOURS if f"{part}{colour.capitalize()}" in labels)


def _garments(labels: Collection[str], part: str, names: dict[str, str], order: Sequence[str]) -> tuple[str, ...]:
    found = {value for name, value in names.items() if f"{part}{name}" in labels}
    return tuple(value for value in order if value in found)


def _is_lacked(name: str, labels: Collection[str]) -> bool:
    if name == "long hair":
        return "hairShort" in labels
    if name == "bag" and _OTHER_THINGS in labels:
        return False
    group = "carrying" if _ATTRIBUTES[name][0].startswith("carrying") else "accessory"
    return any(label.startswith(group) for label in labels)


def _clothes(colours: Sequence[str], garments: Sequence[str], part: str) -> list[str]:
    """Noun phrases of what covers one part; no garment is named where none is labelled."""
    colour = " and ".join(colours)
    if not garments:
        return [f"{colour} {part} clothes"] if colour else []
    phrases = [f"{colour} {garment}".strip() for garment in garments]
    return [
        phrase if garment in _PLURAL else f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
        for phrase, garment in zip(phrases, garments, strict=True)
    ]


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
