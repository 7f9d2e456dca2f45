"""Facts of questions and of entries: whose colour is meant, and who does it to whom."""

from pathlib import Path

import numpy as np
import pytest
from described import MODEL, person, write
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.search.database import open_database
from smot_vlm.search.deeds import DeedMeanings, phrases_of
from smot_vlm.search.indexing import update
from smot_vlm.search.question_reader import read_question
from smot_vlm.search.searcher import Searcher
from smot_vlm.search.statements import Statement, VideoStatements
from smot_vlm.structures import Attribute, Description, Interaction, Segment, VideoInfo

INFO = VideoInfo("street.mp4", 100, 50, 5.0, 10)


def looks(kind: str, upper: str, **more: str) -> tuple[Attribute, ...]:
    return (Attribute("kind", kind), Attribute("upper_colour", upper), *(Attribute(*one) for one in more.items()))


def meeting(who: str, acts: str, verb: str, whom: str, source: str, caption: str) -> Description:
    """Two people, told in the same words whoever does it: "woman red", "man blue"."""
    tracks = [
        person(number, caption, attributes=looks(*told.split())) for number, told in enumerate((who, whom), start=1)
    ]
    edge = Interaction(*((1, verb, 2) if acts == "first" else (2, verb, 1)))
    return Description(VideoInfo(source, 100, 50, 5.0, 10), tracks, (edge,), "", MODEL)


def told(text: str) -> list[tuple]:
    """Who (kind, upper, lower, has), deed, whether passive, whom; the likeliest value of each."""

    def of(somebody) -> tuple[str, ...]:
        values = {name: max(some, key=some.get) for test in somebody.tests for name, some in test.items() if some}
        return tuple(values.get(name, "") for name in ("kind", "upper_colour", "lower_colour", "has"))

    return [
        (of(one.who), one.deed, one.is_passive, None if one.whom is None else of(one.whom))
        for one in read_question(text)
    ]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("a guy with a rucksack drinks", [(("man", "", "", "backpack"), "drinks", False, None)]),
        ("a lady in a red shirt pushes a boy", [(("woman", "red", "", ""), "pushes", False, ("boy", "", "", ""))]),
        ("a boy is pushed by a woman", [(("boy", "", "", ""), "pushed", True, ("woman", "", "", ""))]),
        ("someone being lifted up", [(("", "", "", ""), "lifted up", True, None)]),
        ("a girl is running", [(("girl", "", "", ""), "is running", False, None)]),
        ("a man leads a girl by the hand", [(("man", "", "", ""), "leads by the hand", False, ("girl", "", "", ""))]),
        ("a man in red and a woman fight", [(("man", "red", "red", ""), "fight", False, ("woman", "", "", ""))]),
        (
            "a woman in white trousers jumps and then reads",
            [(("woman", "", "white", ""), deed, False, None) for deed in ("jumps", "reads")],
        ),
        (
            "a man pushes a boy who falls down",
            [
                (("man", "", "", ""), "pushes", False, ("boy", "", "", "")),
                (("boy", "", "", ""), "falls down", False, None),
            ],
        ),
        ("two men, one in yellow", [(("man", "", "", ""), "", False, ("", "yellow", "yellow", ""))]),
        ("blue jacket", [(("", "blue", "", ""), "", False, None)]),
        ("a man in a red car", [(("man", "", "", ""), "in a red car", False, None)]),
        ("the the of", []),
        ("", []),
    ],
)
def test_a_question_is_read(question, expected):
    assert [one for one in told(question) if any(one[0]) or one[1] not in ("", "of")] == expected


def test_a_place_is_read():
    assert read_question("somebody jumps on a sandy beach")[0].place == {"beach": 1.0}


def test_a_word_of_several_values_stands_for_each():
    tests = read_question("a child with a hat")[0].who.tests
    assert set(tests[0]["kind"]) == {"boy", "girl"}
    assert {"cap", "straw_hat", "beanie", "hat"} <= set(tests[1]["has"])


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    read_question(text)
    read_question(f"a man in {text} and a girl {text} who")


def test_an_interaction_is_stated_from_both_sides():
    description = meeting("woman red", "first", "push.v.01", "man blue", "a.mp4", "x")
    stated = VideoStatements(description)
    woman = {"kind": "woman", "upper_colour": "red"}
    man = {"kind": "man", "upper_colour": "blue"}
    assert stated.of_pair(1, "push.v.01", 2) == (
        Statement(**woman, action="push.v.01:subject", whom_kind="man", whom_upper_colour="blue"),
        Statement(**man, action="push.v.01:object", whom_kind="woman", whom_upper_colour="red"),
    )
    assert stated.of_person(2) == stated.of_pair(1, "push.v.01", 2)[1:]


def test_what_is_done_alone_comes_from_segments_attributes_and_drawn_captions():
    tracks = (
        person(1, "A person waves.", segments=(Segment("waves", 0, 1, "wave"),)),
        person(2, "A person.", attributes=(Attribute("does", "run"), Attribute("has", "bag"), Attribute("has", "hat"))),
        person(3, "A woman in a red shirt and blue pants with a handbag reads a book."),
        person(4, "", words="withheld", attributes=looks("man", "red")),
    )
    stated = VideoStatements(Description(INFO, tracks, (), "Two people are on a beach.", MODEL))
    assert stated.of_person(1) == (Statement(action="wave", place="beach"),)
    assert stated.of_person(2) == (Statement(has="bag", has_too="hat", action="run", place="beach"),)
    woman = Statement("woman", "red", "blue", "shirt", "trousers", "handbag", action="read", place="beach")
    assert stated.of_person(3) == (woman,)
    assert len(stated.of_everybody()) == 3


def test_deeds_are_told_apart_by_side():
    embed_words = {"someone pushes someone": 0, "someone shoves someone": 0, "someone pushed someone": 0}

    def embed(texts):
        return np.array([np.eye(3)[embed_words.get(text, 1 if "chase" in text else 2)] for text in texts])

    labels = ["push.v.01:subject", "push.v.01:object", "jump"]
    deeds = DeedMeanings(embed)
    assert deeds.weights("pushes", labels, has_whom=True).tolist() == [1, 0, 0]
    assert deeds.weights("pushed", labels, has_whom=True, is_passive=True).tolist() == [0, 1, 0]


def test_without_an_encoder_deeds_share_words():
    labels = ["push.v.01:subject", "read", "jumping_jacks"]
    assert DeedMeanings(None).weights("reading a book", labels).tolist() == [0, 1, 0]
    assert DeedMeanings(None).weights("philosophises", labels).tolist() == [0, 0, 0]


def test_deeds_that_no_lexicon_has_are_told_by_their_lemma():
    assert phrases_of("flee.v.01:subject") == ("someone flees someone",)
    assert phrases_of("flee.v.01:object") == ()
    assert phrases_of("hand over an object:subject") == ("someone hand over an object someone",)
    assert phrases_of("run") == ("someone runs",)


@pytest.fixture
def searcher(tmp_path):
    """Four videos whose captions have the same words; only facts tell them apart."""
    same = "A woman in red and a man in blue, who pushes whom."
    other = "A woman in blue and a man in red, who pushes whom."
    folder = write(
        Path(tmp_path),
        a=meeting("woman red", "first", "push.v.01", "man blue", "a", same),
        b=meeting("woman red", "second", "push.v.01", "man blue", "b", same),
        c=meeting("woman blue", "first", "push.v.01", "man red", "c", other),
        d=meeting("woman blue", "second", "push.v.01", "man red", "d", other),
    )
    with open_database(folder / "search.sqlite") as database:
        update(database, [folder], None, "")
        yield Searcher(database, None)


@pytest.mark.parametrize(
    ("question", "video", "first"),
    [
        ("a woman in red pushes a man in blue", "a", 1),
        ("a man in blue pushes a woman in red", "b", 2),
        ("a woman in blue pushes a man in red", "c", 1),
        ("a man in blue is pushed by a woman in red", "a", 2),
        ("a lady in blue pushed by a guy in red", "d", 1),
    ],
)
def test_whose_colour_and_who_acts_is_told_apart(searcher, question, video, first):
    hits = searcher.ask(question)
    assert hits[0].video.source == video
    assert hits[0].score > next(hit for hit in hits if hit.video.source != video).score + 0.3
    assert first in hits[0].entry.people
