"""What marked sentences tell of each person: facts, links between people, and one sentence."""

import pytest

from smot_vlm.language.people_captions import caption_of_person, sentence_of
from smot_vlm.language.people_facts import PersonFacts, facts_of_phrases
from smot_vlm.language.people_links import Link, find_links
from smot_vlm.language.people_mentions import facts_of_person, is_plural, tell

STAIRS = (
    "[/EN#18/people A child] in [/EN#19/clothing a pink dress] is climbing up [/EN#20/other a set of stairs] .",
    "[/EN#18/people A little girl] going into [/EN#21/scene a wooden cabin] .",
    "[/EN#18/people A little girl] climbing [/EN#20/other the stairs] to [/EN#22/other her playhouse] .",
)
STREET = (
    "[/EN#1/people A man] in black walks while [/EN#2/people a woman] in [/EN#3/clothing a red coat] holds "
    "[/EN#4/people a baby] .",
    "[/EN#1/people A man] and [/EN#2/people a woman] sit on [/EN#5/other a bench] .",
    "[/EN#6/people Two men] run .",
)


def test_facts_of_phrases():
    assert facts_of_phrases(
        ["a child", "A young boy"], ["a white shirt and hat", "blue jeans"], ["is on a swing"]
    ) == PersonFacts(
        kinds=("boy",),
        upper=("white",),
        lower=("blue",),
        worn=("blue", "white"),
        upper_garments=("shirt",),
        lower_garments=("jeans",),
        has=("hat",),
        things=("swing",),
        deeds=("swing",),
    )
    assert facts_of_phrases([], [], []) == PersonFacts()


@pytest.mark.parametrize(
    "phrase", ["two men", "People", "a group of boys", "soccer players", "A man and woman", "the crowd"]
)
def test_plural(phrase):
    assert is_plural(phrase)


@pytest.mark.parametrize(
    "phrase",
    ["A man", "a two year old boy", "one of the players", "a waitress", "a man in jeans", "the man 's", "his", ""],
)
def test_singular(phrase):
    assert not is_plural(phrase)


def test_what_is_told_ends_at_the_next_person():
    told = tell(STREET, 1)
    assert told.names == ("A man", "A man")
    assert told.clothes == ("black",)
    # What two share is told without its things, which may be of one of them.
    assert told.clauses == (" in black walks while ", " sit on  .")
    assert facts_of_person(told) == PersonFacts(kinds=("man",), worn=("black",), deeds=("sit", "walk"))


def test_clothes_of_the_person_and_of_the_source():
    told = tell(STREET, 2)
    assert told.clothes == ("a red coat",)
    facts = facts_of_person(told, ["a white hat"])
    assert (facts.upper, facts.worn, facts.has) == (("red",), ("red", "white"), ("hat",))
    assert facts.things == ("bench",)
    assert facts.lacks == ()


def test_a_group_tells_nothing_of_one_person():
    told = tell(STREET, 6)
    assert told.is_group
    assert (told.names, told.clauses) == ((), ())
    assert not tell(STREET, 1).is_group


def test_three_joined_people_share_a_deed():
    sentence = "[/EN#1/people A man] , [/EN#2/people a boy] , and [/EN#3/people a girl] swim ."
    for person in (1, 2, 3):
        assert facts_of_person(tell([sentence], person)).deeds == ("swim",)


@pytest.mark.parametrize(
    ("sentence", "link"),
    [
        ("[/EN#1/people A man] in [/EN#3/clothing red] pushes [/EN#2/people a boy] .", Link(1, "push.v.01", 2)),
        ("[/EN#1/people A boy] is being chased by [/EN#2/people a girl] .", Link(2, "chase.v.01", 1)),
        ("[/EN#1/people A woman] holding up [/EN#2/people a baby] .", Link(1, "hold.v.02", 2)),
        ("[/EN#1/people A man] talks to [/EN#2/people a boy] .", Link(1, "talk.v.02", 2)),
        ("[/EN#1/people A man] tackles [/EN#2/people a player] .", Link(1, "", 2)),
        ("[/EN#1/people A man] pushes [/EN#3/other a cart] with [/EN#2/people a boy] .", None),
        ("[/EN#1/people A man] runs as [/EN#3/animals a dog] chases [/EN#2/people a boy] .", None),
        ("[/EN#1/people A man] hugs [/EN#2/people two boys] .", None),
        ("[/EN#1/people A man] hugs [/EN#0/people someone] .", None),
        ("[/EN#1/people A man] hugs [/EN#1/people himself] .", None),
    ],
)
def test_links(sentence, link):
    assert find_links([sentence, sentence]) == (() if link is None else (link,))


def test_joined_people_do_it_both():
    sentence = "[/EN#1/people A man] and [/EN#2/people a woman] watch [/EN#3/people a boy] ."
    assert find_links([sentence]) == (Link(1, "look.v.01", 3), Link(2, "look.v.01", 3))


def test_every_sense_is_one_of_the_335():
    from smot_vlm.language.people_links import _FORMS
    from smot_vlm.verbs import VERBS

    assert set(_FORMS) - {""} <= {verb.label for verb in VERBS}


def caption(sentences, person: int) -> str:
    return caption_of_person(sentences, person, facts_of_person(tell(sentences, person)))


def test_the_clause_that_tells_most_with_the_name_that_says_the_kind():
    assert caption(STAIRS, 18) == "A little girl in a pink dress is climbing up a set of stairs."


def test_clothes_of_another_sentence_follow_the_name():
    sentences = (
        "[/EN#1/people A girl] in [/EN#2/clothing a red hat] and [/EN#3/clothing blue jeans] .",
        "[/EN#1/people A girl] is riding [/EN#4/other a bike] and holding [/EN#5/other a flag] on [/EN#6/scene a street] .",
    )
    assert (
        caption(sentences, 1) == "A girl in a red hat and blue jeans is riding a bike and holding a flag on a street."
    )


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("[/EN#1/people A man] walks while [/EN#2/people a woman] sits .", "A man walks."),
        ("[/EN#1/people A man] walks with [/EN#2/people a boy] in [/EN#3/scene a park] .", "A man walks with a boy."),
        ("[/EN#1/people A man] is holding [/EN#2/people a baby] .", "A man is holding a baby."),
        ("[/EN#2/people A boy] and [/EN#1/people a man] run .", "A boy and a man run."),
        ("[/EN#1/people A man] 's dog runs .", "A man."),
        ("[/EN#1/people Men] run .", ""),
    ],
)
def test_a_sentence_of_one_person(sentence, words):
    assert caption([sentence], 1) == words


def test_a_printed_sentence():
    assert sentence_of(" a man , in  red , does n't walk . ") == "A man, in red, doesn't walk."
    assert sentence_of("Stop !") == "Stop!"
    assert sentence_of(" . ") == ""
