"""people_facts.json: what is written is read again, and what is wrong is named."""

import json

import pytest

from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_facts_file import (
    PEOPLE_FACTS_FILE,
    SCHEMA,
    VOCABULARIES,
    PeopleFacts,
    format_people_facts,
    read_people_facts,
)

FACTS = PeopleFacts({3: PersonFacts(kinds=("boy", "girl"), has=("hat",), lacks=("bag",)), 10: PersonFacts()}, True)


def test_written_facts_are_read_again(tmp_path):
    (tmp_path / PEOPLE_FACTS_FILE).write_text(format_people_facts(FACTS))
    assert read_people_facts(tmp_path) == FACTS
    content = json.loads((tmp_path / PEOPLE_FACTS_FILE).read_text())
    assert content == {
        "schema": SCHEMA,
        "all_interactions": True,
        "people": {"3": {"kinds": ["boy", "girl"], "has": ["hat"], "lacks": ["bag"]}, "10": {}},
    }


def test_every_value_of_every_vocabulary_can_be_written(tmp_path):
    for name, values in VOCABULARIES.items():
        facts = PeopleFacts({1: PersonFacts(**{name: values})})
        (tmp_path / PEOPLE_FACTS_FILE).write_text(format_people_facts(facts))
        assert read_people_facts(tmp_path) == facts
    assert set(VOCABULARIES) == set(vars(PersonFacts()))


def test_without_a_file_nothing_is_known(tmp_path):
    assert read_people_facts(tmp_path) is None


def test_some_people_alone():
    assert FACTS.only({10, 11}) == PeopleFacts({10: PersonFacts()}, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"people": {}}, "schema is None"),
        ({"schema": "other", "people": {}}, "schema is 'other'"),
        ([], "schema is None"),
        ({"schema": SCHEMA}, "people is missing"),
        ({"schema": SCHEMA, "people": {"0": {}}}, "people has the key '0'"),
        ({"schema": SCHEMA, "people": {"01": {}}}, "people has the key '01'"),
        ({"schema": SCHEMA, "people": {"1": {"kind": []}}}, "unknown key people.1.kind"),
        ({"schema": SCHEMA, "people": {"1": {"kinds": "man"}}}, "people.1.kinds is 'man'"),
        (
            {"schema": SCHEMA, "people": {"1": {"kinds": ["robot"]}}},
            "people.1.kinds holds 'robot'; it takes man, woman",
        ),
        ({"schema": SCHEMA, "people": {"1": {"kinds": ["man", "man"]}}}, "people.1.kinds holds a value twice"),
        ({"schema": SCHEMA, "people": {"1": {"has": ["hat"], "lacks": ["hat"]}}}, "'hat' stands in has and in lacks"),
        ({"schema": SCHEMA, "people": {}, "all_interactions": 1}, "all_interactions is 1; it takes bool"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(tmp_path, content, message):
    path = tmp_path / PEOPLE_FACTS_FILE
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"people_facts\.json: ") as caught:
        read_people_facts(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_facts_are_not_written():
    with pytest.raises(ValueError, match="holds 'robot'"):
        format_people_facts(PeopleFacts({1: PersonFacts(kinds=("robot",))}))
    with pytest.raises(ValueError, match="people has the key '0'"):
        format_people_facts(PeopleFacts({0: PersonFacts()}))
