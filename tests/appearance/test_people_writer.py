"""A caption tells what is sure enough, and nothing else."""

from dataclasses import replace

import pytest

from smot_vlm.appearance.answers import PersonAnswers
from smot_vlm.appearance.motion import Motion
from smot_vlm.appearance.people_writer import Person, tell_person, tell_video, with_partners
from smot_vlm.appearance.told_person import SURE, attributes_of, is_sure, person_of

SURE_ANSWERS = {
    "kinds": {"woman": 0.9},
    "upper": {"red": 0.9},
    "upper_garments": {"jacket": 0.8},
    "lower": {"blue": 0.9},
    "lower_garments": {"jeans": 0.8},
    "attributes": {"backpack": 0.9},
    "deeds": {"walk": 0.8},
}


@pytest.mark.parametrize(
    ("changed", "motion", "caption"),
    [
        ({}, Motion(), "A woman in a red jacket and blue jeans with a backpack walks."),
        (
            {},
            Motion("moves", "to the left", 0.8),
            "A woman in a red jacket and blue jeans with a backpack walks to the left.",
        ),
        (
            {"things": {"street": 0.7}},
            Motion(),
            "A woman in a red jacket and blue jeans with a backpack walks on the street.",
        ),
        (
            {"kinds": {"woman": 0.45, "man": 0.4}},
            Motion(),
            "An adult in a red jacket and blue jeans with a backpack walks.",
        ),
        (
            {"kinds": {"boy": 0.45, "girl": 0.4}},
            Motion(),
            "A child in a red jacket and blue jeans with a backpack walks.",
        ),
        ({"kinds": {}}, Motion(), "A person in a red jacket and blue jeans with a backpack walks."),
        ({"upper_garments": {}}, Motion(), "A woman in a red top and blue jeans with a backpack walks."),
        ({"upper": {}, "lower": {}}, Motion(), "A woman in a jacket and jeans with a backpack walks."),
        ({"upper_garments": {"dress": 0.9}}, Motion(), "A woman in a red dress with a backpack walks."),
        ({"attributes": {}, "deeds": {}}, Motion(), "A woman in a red jacket and blue jeans."),
        (
            {"deeds": {"ride": 0.9}, "things": {"bicycle": 0.9}},
            Motion(),
            "A woman in a red jacket and blue jeans with a backpack rides a bicycle.",
        ),
        (
            {"deeds": {"ride": 0.9}, "things": {"grass": 0.9}},
            Motion(),
            "A woman in a red jacket and blue jeans with a backpack rides on the grass.",
        ),
        (
            {"deeds": {"stand": 0.55, "hold": 0.5}, "things": {"camera": 0.9}},
            Motion(),
            "A woman in a red jacket and blue jeans with a backpack stands with a camera and holds a camera.",
        ),
    ],
)
def test_a_caption_tells_what_is_sure(answering, changed, motion, caption):
    assert tell_person(person_of(answering(**SURE_ANSWERS | changed), motion)) == caption


def test_a_thing_and_a_place_are_told_together(answering):
    caption = tell_person(
        person_of(answering(**SURE_ANSWERS | {"things": {"ball": 0.5, "grass": 0.5}, "attributes": {}}), Motion())
    )
    assert caption == "A woman in a red jacket and blue jeans walks with a ball on the grass."


def test_motion_takes_a_deed_away_that_it_contradicts(answering):
    stands = SURE_ANSWERS | {"deeds": {"stand": 0.9}}
    assert person_of(answering(**stands), Motion("moves", "to the right", 0.8)).deeds == ("walks to the right",)
    walks = SURE_ANSWERS | {"deeds": {"walk": 0.9}}
    assert person_of(answering(**walks), Motion("stays")).deeds == ()


def test_who_moves_fast_runs(answering):
    assert person_of(answering(), Motion("moves", "to the left", 2.0)).deeds == ("runs to the left",)


def test_nobody_is_told_of_nothing(answering):
    assert tell_person(person_of(answering(), Motion())) == "A person."
    assert tell_video([]) == ""


def test_a_video_tells_who_is_there_and_where():
    people = [
        Person("man", place="street"),
        Person("man", "a red shirt", deeds=("walks",), place="street"),
        Person("child"),
    ]
    assert tell_video(people) == "Two men and a child on the street. A man in a red shirt walks."
    assert tell_video(people, ["a man hugs a child"]) == "Two men and a child on the street. A man hugs a child."


def test_a_place_is_told_where_a_third_of_the_people_are():
    people = [Person("man", place="snow"), *[Person("man")] * 3]
    assert tell_video(people) == "Four men."


def test_an_interaction_is_told_of_who_acts_and_once_in_the_video():
    people = [Person("man", "a red shirt"), Person("woman"), Person("boy")]
    told, sentences = with_partners(people, [(0, "accompany", 1), (1, "accompany", 0), (2, "push", 0)])
    assert [tell_person(person) for person in told] == [
        "A man in a red shirt goes along with a woman.",
        "A woman goes along with a man in a red shirt.",
        "A boy pushes a man in a red shirt.",
    ]
    assert sentences == ["a man in a red shirt goes along with a woman", "a boy pushes a man in a red shirt"]


def test_a_caption_names_two_partners_at_most():
    people = [Person("man")] * 4
    told, sentences = with_partners(people, [(0, "embrace", other) for other in (1, 2, 3)])
    assert tell_person(told[0]) == "A man hugs a man and hugs a man."
    assert len(sentences) == 3


def test_attributes_are_the_answers_that_are_told_with_their_probabilities(answering):
    found = attributes_of(answering(**SURE_ANSWERS | {"lower": {}}))
    assert [(entry.name, entry.value, entry.score) for entry in found] == [
        ("kind", "woman", 0.9),
        ("upper_colour", "red", 0.9),
        ("upper_garment", "jacket", 0.8),
        ("lower_garment", "jeans", 0.8),
        ("has", "backpack", 0.9),
    ]
    assert attributes_of(answering()) == ()


def test_one_answer_that_is_not_sure_makes_a_sentence_doubtful(answering):
    def sure(motion: Motion = Motion(), **changed: dict[str, float]) -> bool:  # noqa: B008 - frozen
        return is_sure(telling_from(answering(**SURE_ANSWERS | changed), 0.5), motion)

    assert sure()
    assert not sure(deeds={"walk": SURE - 0.1})
    assert not sure(attributes={"hat": SURE - 0.1})
    # What is not told cannot be wrong.
    assert sure(deeds={"walk": 0.3})
    # What motion shows is no guess.
    assert sure(Motion("moves", "to the left", 0.8), deeds={"walk": SURE - 0.1})
    assert sure(things={"ball": SURE})
    assert not sure(things={"ball": SURE - 0.1})


def telling_from(answers: PersonAnswers, least: float) -> PersonAnswers:
    """The answers, with those about deeds and things told from a probability on."""
    thresholds = {**answers.calibration.thresholds, "things": least, "deeds": least}
    return replace(answers, calibration=replace(answers.calibration, thresholds=thresholds))


@pytest.mark.parametrize(
    ("things", "end"),
    [
        ({"ball": 0.7, "dog": 0.25}, "plays with a ball with a dog."),
        ({"ball": 0.7, "grass": 0.25}, "plays with a ball on the grass."),
        ({"grass": 0.7, "ball": 0.25}, "plays on the grass with a ball."),
        # Second things and places that are told more often wrong than right.
        ({"ball": 0.7, "grass": 0.15}, "plays with a ball."),
        ({"ball": 0.7, "dog": 0.15}, "plays with a ball."),
    ],
)
def test_a_second_thing_is_told_where_it_is_likely_enough(answering, things, end):
    answers = telling_from(answering(**SURE_ANSWERS | {"deeds": {"play": 0.9}, "things": things}), 0.1)
    assert tell_person(person_of(answers, Motion())).endswith(end)
    assert is_sure(answers, Motion()) == (end == "plays with a ball.")


def test_a_second_deed_that_is_not_sure_makes_a_sentence_doubtful(answering):
    answers = answering(**SURE_ANSWERS | {"deeds": {"walk": 0.75, "smile": 0.2}})
    assert is_sure(telling_from(answers, 0.3), Motion())
    assert not is_sure(telling_from(answers, 0.1), Motion())


def test_a_value_may_have_a_threshold_of_its_own(answering):
    answers = answering(**SURE_ANSWERS | {"attributes": {"hat": 0.9, "backpack": 0.9}})
    thresholds = {**answers.calibration.thresholds, "attributes.hat": 0.95}
    strict = replace(answers, calibration=replace(answers.calibration, thresholds=thresholds))
    assert [answer.value for answer in answers.present("attributes")] == ["hat", "backpack"]
    assert [answer.value for answer in strict.present("attributes")] == ["backpack"]
    with pytest.raises(ValueError, match="thresholds are given for"):
        replace(answers.calibration, thresholds={**thresholds, "attributes.crown": 0.5})
