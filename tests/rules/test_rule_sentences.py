"""Rules as sentences and in files: what is written is read again, what cannot be read is told in one line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_cases import VOCABULARY

from smot_vlm.language.known_words import PEOPLE_WORDS
from smot_vlm.rules.help_text import EXAMPLE
from smot_vlm.rules.parts import Clothes, Hours, Rule, Who, Zone
from smot_vlm.rules.rule_file import read_rule_file
from smot_vlm.rules.sentence import WORDS, read_sentence, write_sentence
from smot_vlm.rules.vocabulary import Vocabulary, check_rules
from smot_vlm.rules.zone_option import read_zone

WORN = st.builds(Clothes, st.sampled_from(["", *WORDS.colours]), st.sampled_from([*WORDS.garments])) | st.builds(
    Clothes, st.sampled_from([*WORDS.colours])
)
PEOPLE = st.builds(
    Who,
    st.sampled_from(["", *WORDS.kinds]),
    st.lists(WORN, max_size=2).map(tuple),
    st.lists(st.sampled_from([*WORDS.has]), max_size=2).map(tuple),
)
HOURS = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1])
PARTS = st.fixed_dictionaries(
    {
        "who": PEOPLE,
        "deed": st.sampled_from(["pushes", "push.v.01", "shakes hands with", "talks to", "waves one hand in the air"]),
        "whom": st.none() | PEOPLE,
        "zone": st.sampled_from(["", "door", "Zone_2", "for-1s"]),
        "seconds": st.floats(0, 86400, allow_nan=False),
        "hours": st.none() | HOURS.map(lambda pair: Hours(*pair)),
    }
)


@given(PARTS, st.booleans())
def test_a_rule_that_is_written_is_read_as_itself(parts, outside):
    rule = Rule(**parts, outside=outside and bool(parts["zone"]))
    assert read_sentence(write_sentence(rule)) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("anyone pushes anyone for 1s", Rule(deed="pushes", whom=Who(), seconds=1)),
        ("Person in red runs", Rule(Who(clothes=(Clothes("red"),)), "runs")),
        (
            "a man in a red shirt and blue jeans with a straw hat talks to the woman in the zone Door for 2 minutes",
            Rule(
                Who("man", (Clothes("red", "shirt"), Clothes("blue", "jeans")), ("straw hat",)),
                "talks to",
                Who("woman"),
                "Door",
                seconds=120,
            ),
        ),
        (
            "someone between 22:00 and 6:00 outside of zone yard",
            Rule(zone="yard", outside=True, hours=Hours(22 * 60, 6 * 60)),
        ),
        ("child with hat and with bag", Rule(Who("child", (), ("hat", "bag")))),
    ],
)
def test_sentences_are_read_as_people_write_them(text, rule):
    assert read_sentence(text) == rule


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write a sentence such as"),
        ("anyone", "says only that somebody is there"),
        ("dragons push anyone", "nearest: person"),
        ("man in crimsn runs", "nearest: crimson"),
        ("man with a bakpack runs", "nearest: backpack"),
        ("anyone pushes anyone by the hand", "'by the hand' cannot be read here"),
        ("anyone runs for 3 fortnights", "'fortnights' is no unit of time; give s, min or h"),
        ("anyone runs for 2s for 3s", "two lengths of time"),
        ("anyone runs for 1e9s", "give 0 to 86400"),
        ("anyone runs between 25:00 and 26:00", "give 00:00 to 23:59"),
        ("anyone runs between 22:00 and", "it ends where a second time of day should follow"),
        ("anyone in zone", "write in zone NAME"),
        ("anyone runs in zone a in zone b", "two zones"),
        ("man in", "it ends where a colour or a garment should follow"),
        ("anyone runs\x1b[2J", "write a sentence such as"),
        ("x" * 600, "write a sentence such as"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(text, told):
    with pytest.raises(ValueError, match="rule") as caught:
        read_sentence(text)
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["anyone", "in", "zone", "for", "1", "s", "between", "and", "with", "a", "red"])).map(
        " ".join
    )
)
def test_any_text_is_a_rule_or_one_clear_line(text):
    rule, said = None, ""
    try:
        rule = read_sentence(text)
    except ValueError as error:
        said = str(error)
    if rule is None:
        assert said.startswith("rule ")
        assert said.isprintable()
    else:
        assert read_sentence(write_sentence(rule)) == rule


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("anyone pushs anyone", "'pushs' is not known; nearest: pushes"),
        ("anyone bandages anyone", "'bandages' is one of the 335 verbs, but this model did not learn it; nearest:"),
        ("anyone push.v.02 anyone", "nearest: push.v.01"),
        ("anyone runs anyone", "'runs' is known of what one does alone, not to another"),
        ("anyone runs in zone dor", "no zone dor; nearest: door"),
    ],
)
def test_what_the_model_does_not_know_names_the_nearest(text, told):
    zone = Zone("door", ((0, 0), (1, 0), (1, 1)))
    with pytest.raises(ValueError, match="rule") as caught:
        check_rules([read_sentence(text)], [zone], VOCABULARY)
    assert told in str(caught.value)


def test_words_of_looks_are_those_of_the_model():
    some = replace(PEOPLE_WORDS, colours={"red": ("red",), "teal": ("blue",)})
    with pytest.raises(ValueError, match="this model knows no colour 'turquoise'; nearest: red, teal"):
        check_rules([read_sentence("anyone in turquoise and red")], [], Vocabulary([], some))
    with pytest.raises(ValueError, match="tells nothing of what people look like"):
        check_rules([read_sentence("man in grey")], [], Vocabulary(["push.v.01"], None))


@pytest.mark.parametrize(
    ("text", "verbs", "deeds"),
    [
        ("anyone pushes anyone", {"push.v.01"}, set()),
        ("anyone push anyone", {"push.v.01"}, set()),
        ("anyone shoves anyone", {"push.v.01"}, set()),
        ("anyone talks to anyone", {"talk.v.01"}, set()),
        ("anyone handshake.n.01 anyone", {"handshake.n.01"}, set()),
        ("anyone lets go of anyone", {"let_go_of.v.01"}, set()),
        ("anyone pushes", {"push.v.01"}, {"push"}),
        ("anyone walks", set(), {"walk", "walk_left", "walk_right", "walk_near", "walk_far"}),
    ],
)
def test_a_deed_stands_for_the_verbs_of_the_model(text, verbs, deeds):
    (checked,) = check_rules([read_sentence(text)], [], VOCABULARY)
    assert (checked.verbs, checked.deeds) == (verbs, deeds)


def test_a_rule_is_given_once():
    rule = read_sentence("anyone pushes anyone")
    with pytest.raises(ValueError, match="given twice"):
        check_rules([rule, rule], [], VOCABULARY)
    with pytest.raises(ValueError, match="no rule is given"):
        check_rules([], [], VOCABULARY)


def test_the_example_of_the_help_is_read(tmp_path):
    (tmp_path / "rules.yaml").write_text(EXAMPLE)
    found = read_rule_file(tmp_path / "rules.yaml")
    assert found.zones == (Zone("door", ((0.1, 0.2), (0.4, 0.2), (0.4, 0.9), (0.1, 0.9))),)
    assert found.rules[0] == read_sentence("anyone pushes anyone for 1s")
    runner = read_sentence(
        "man in red shirt with hat runs in zone door for 2s between 22:00 and 06:00", "runner at the door"
    )
    assert found.rules[1] == runner
    assert found.rules[2] == read_sentence("anyone talks to woman in blue")
    assert len(check_rules(found.rules, found.zones, VOCABULARY)) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is None; give keys and values"),
        ("rules: []", "0 rules; give 1 to 1000"),
        ("rules: [{rule: anyone pushes anyone, color: red}]", "unknown key rules[0].color; valid keys: rules[0].name"),
        ("rules: [{does: 3}]", "rules[0].does is 3; it takes str"),
        ("rules: [{does: runs, seconds: -1}]", "rules[0].seconds is -1; it takes float from 0 to 86400"),
        ("rules: [{does: runs, seconds: .nan}]", "rules[0].seconds is nan"),
        ("rules: [{does: runs, between: [22:00, 06:00]}]", "rules[0].between[0] is 1320; it takes str"),
        ("rules: [{does: runs, between: ['22:00']}]", "rules[0]: between holds 1 times; give two"),
        ("rules: [{rule: anyone runs, seconds: 3}]", "rules[0]: a sentence (rule) and parts"),
        ("rules: [{whom: anyone}]", "rules[0]: a rule names another person but no deed"),
        ("rules: [{does: runs, outside: true}]", "rules[0]: a rule is outside of no zone"),
        ("rules: [{does: runs}]\nzones: {door: {points: [[0, 0], [1, 1]]}}", "zone door has 2 points; give 3 to 1000"),
        (
            "rules: [{does: runs}]\nzones: {door: {points: [[0, 0], [1, 1], [2, 0]]}}",
            "point 2,0 is outside of the frame",
        ),
        ("rules: [{does: runs}]\nzones: {door: {points: [[0, 0], [.5, .5], [1, 1]]}}", "zone door has no area"),
        ("rules: [{does: runs}]\nzones: {door: {points: [[0, 0], [1, a], [1, 1]]}}", "points[1][1] is 'a'"),
        ("rules: [{does: runs}]\nzones: {'1 x': {points: [[0, 0], [1, 0], [1, 1]]}}", "a zone's name is '1 x'"),
        ("rules: !!python/object/apply:os.system [echo]", "not YAML"),
        ("a: &a [*a]", "not YAML"),
        ("rules: [" * 2000, "not YAML"),
        ('rules: [{does: runs, name: "a\\nb"}]', "give a line of at most 200 characters"),
    ],
)
def test_a_broken_file_is_told_in_one_line(tmp_path, text, told):
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"rules\.yaml: ") as caught:
        read_rule_file(path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_zones_are_read_from_an_option():
    assert read_zone("door=0.1,0.2 0.4,0.2 0.4,0.9") == Zone("door", ((0.1, 0.2), (0.4, 0.2), (0.4, 0.9)))
    pixels = read_zone("door=10,20 300,20 300,400 px")
    assert pixels == Zone("door", ((10, 20), (300, 20), (300, 400)), pixels=True)
    assert pixels.in_pixels(640, 480)[2] == (300, 400)
    with pytest.raises(ValueError, match="point 300,400 is outside of the frame of 320x240"):
        pixels.in_pixels(320, 240)


@pytest.mark.parametrize(
    "text", ["door", "door=", "door=1", "door=0,0 1,0", "door=0,0 1,0 nan,1", "door=0,0 1,0 9,1", "=0,0 1,0 1,1"]
)
def test_a_broken_zone_is_told(text):
    with pytest.raises(ValueError, match="zone"):
        read_zone(text)
