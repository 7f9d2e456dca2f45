"""Labels of pedestrians as facts and as a sentence."""

import pytest

from smot_vlm.language.pedestrian_labels import caption_of_facts, facts_of_labels
from smot_vlm.language.people_facts import PersonFacts

MAN = [
    *("personalMale", "personalLess30", "upperBodyBlack", "upperBodyJacket", "lowerBodyGrey", "lowerBodyJeans"),
    *("hairShort", "carryingBackpack", "accessoryNothing", "footwearWhite", "hairBlack"),
]


def test_a_man():
    facts = facts_of_labels(MAN, walking=True)
    assert facts == PersonFacts(
        kinds=("man",),
        upper=("black",),
        lower=("grey",),
        worn=("black", "grey"),
        upper_garments=("jacket",),
        lower_garments=("jeans",),
        has=("backpack",),
        lacks=("hat", "sunglasses", "bag", "long hair", "scarf", "suitcase"),
        deeds=("walk",),
    )
    assert caption_of_facts(facts) == "A man in a black jacket and grey jeans, with a backpack, is walking."


def test_what_is_not_labelled_stays_unknown():
    assert facts_of_labels(["footwearBlack"]) == PersonFacts()
    facts = facts_of_labels(["carryingOther", "hairLong"])
    assert facts.has == ("long hair",)
    # What is carried may be a bag; of hats and scarves nothing is said.
    assert facts.lacks == ("backpack", "suitcase")


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        (["personalMale"], ("man", "boy")),
        (["personalFemale", "personalLess15"], ("girl",)),
        (["personalFemale", "personalLarger60"], ("woman",)),
        (["personalLess15"], ("boy", "girl")),
        (["personalLess45"], ("man", "woman")),
        ([], ()),
    ],
)
def test_kinds(labels, kinds):
    assert facts_of_labels(labels).kinds == kinds


@pytest.mark.parametrize(
    ("facts", "caption"),
    [
        (PersonFacts(), "A person."),
        (PersonFacts(kinds=("man", "boy"), upper=("orange",)), "A male person in orange upper clothes."),
        (
            PersonFacts(kinds=("girl",), lower=("red", "white"), lower_garments=("skirt",)),
            "A girl in a red and white skirt.",
        ),
        (PersonFacts(kinds=("woman",), upper_garments=("suit",), deeds=("walk",)), "A woman in a suit is walking."),
        (
            PersonFacts(kinds=("man",), upper=("orange",), upper_garments=("shirt",), has=("hat", "sunglasses", "bag")),
            "A man in an orange shirt, with a hat, sunglasses and a bag.",
        ),
    ],
)
def test_captions(facts, caption):
    assert caption_of_facts(facts) == caption
