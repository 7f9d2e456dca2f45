"""Addresses of servers, JSON in answers, and the verbs that words mean."""

import json

import jsonschema
import pytest

from smot_vlm.semantics.json_answers import read_object, read_sentence, whole_sentences
from smot_vlm.semantics.server_address import ServerAddress, read_address
from smot_vlm.semantics.server_answers import (
    MOST_VERBS,
    Span,
    example_of,
    pair_schema,
    person_schema,
    read_caption,
    read_pair,
    read_person,
)
from smot_vlm.semantics.verb_shortlist import FREQUENT, VerbWords, inflections
from smot_vlm.verbs import VERBS, Verb, verb

WORDS = VerbWords(VERBS)


@pytest.mark.parametrize(
    ("text", "url", "model"),
    [
        ("openai:http://localhost:8000/v1", "http://localhost:8000/v1", None),
        ("http://localhost:8000/v1/#Qwen/Qwen3-VL-8B", "http://localhost:8000/v1", "Qwen/Qwen3-VL-8B"),
        ("openai:http://127.0.0.1:11434#qwen3-vl:8b", "http://127.0.0.1:11434/v1", "qwen3-vl:8b"),
        ("https://example.org/api/v1", "https://example.org/api/v1", None),
        ("openai:http://[::1]:8000/v1", "http://[::1]:8000/v1", None),
    ],
)
def test_addresses(text, url, model):
    assert read_address(text) == ServerAddress(url, model)


def test_a_role_may_name_another_model_of_the_same_server():
    main = ServerAddress("http://localhost:8000/v1", "eyes")
    assert read_address("#words", main) == ServerAddress(main.url, "words")
    assert read_address("", main) == ServerAddress(main.url, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no server; give openai:http"),
        ("openai:", "set OPENAI_BASE_URL"),
        ("openai:localhost:8000", "no address of a server"),
        ("ftp://localhost/v1", "no address"),
        ("http://localhost:99999/v1", "no address"),
        ("http:///v1", "no address"),
        ("http://local host/v1", "no address"),
        ("http://a\nb/v1", "no address"),
        ("http://[::1/v1", "no address"),
        ("http://localhost:8000/v1?key=1", "no address"),
        ("http://me:secret@localhost/v1", "give a key in OPENAI_API_KEY"),
    ],
)
def test_wrong_addresses_are_told_in_one_line(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        read_address(text)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/v1", True),
        ("http://LOCALHOST:1/v1", True),
        ("http://127.0.0.2/v1", True),
        ("http://[::1]/v1", True),
        ("http://gpu.localhost/v1", True),
        ("http://192.168.0.2/v1", False),
        ("https://api.openai.com/v1", False),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
    ],
)
def test_what_this_machine_is(url, here):
    assert read_address(url).is_this_machine is here


@pytest.mark.parametrize(
    "text",
    [
        '{"caption": "a {man}"}',
        'Sure! {"caption": "a {man}"} Anything else?',
        '```json\n{"caption": "a {man}"}\n```',
        '```\n{"caption": "a {man}",}\n```',
        '{"caption": "a {man}"}\n{"caption": "two"}',
    ],
)
def test_objects_are_found(text):
    assert read_object(text) == {"caption": "a {man}"}


@pytest.mark.parametrize("text", ["", "no", '{"caption": "a', "[1, 2]", "{" * 100_000, '{"a": NaN', "null", "}{"])
def test_what_is_no_object(text):
    assert read_object(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A man walks.", "A man walks."),
        ('"A man\nwalks."', "A man walks."),
        ("**Caption:** A man walks.", "A man walks."),
        ("Here is the caption:\n\nA man walks.\n\nI hope this helps!", "A man walks."),
        ("- A man walks.", "A man walks."),
        ('{"caption": "A man', ""),
        ("   \n ", ""),
    ],
)
def test_sentences_are_freed_of_what_is_around_them(text, sentence):
    assert read_sentence(text) == sentence


def test_marks_and_steering_characters_do_not_reach_another_prompt():
    said = "A <|image_pad|>man</s> <image> walks\x1b[2J.\u202e <|im_end|>"
    assert read_person(json.dumps({"caption": said}), 1).caption == read_sentence(said) == "A man walks [2J."
    assert read_sentence("3 < 4 and 5 > 2") == "3 < 4 and 5 > 2"


def test_a_cut_text_ends_with_a_whole_sentence():
    assert whole_sentences("He sits. He reads. Then he") == "He sits. He reads."
    assert whole_sentences("he is 1.5 m tall and") == "he is 1.5 m tall and"
    assert whole_sentences('{"caption": "One. Two') == '{"caption": "One. Two'


def test_the_examples_shown_have_the_form_asked_for():
    for schema in (person_schema(), pair_schema(VERBS[:3])):
        jsonschema.Draft202012Validator.check_schema(schema)
        example = example_of(schema)
        if "interactions" in example:
            example["interactions"][0] |= {"verb": "none", "sureness": "low"}
        jsonschema.validate(example, schema)


def test_strict_servers_get_closed_objects_with_every_key_required():
    def objects(schema):
        if schema.get("type") == "object":
            yield schema
            for inner in schema["properties"].values():
                yield from objects(inner)
        if "items" in schema:
            yield from objects(schema["items"])

    found = [*objects(person_schema()), *objects(pair_schema(VERBS[:2]))]
    assert len(found) == 4
    assert all(entry["required"] == list(entry["properties"]) for entry in found)
    assert not any(entry["additionalProperties"] for entry in found)


def test_an_answer_about_a_person():
    actions = [
        {"action": "walks", "first_picture": 1, "last_picture": 2},
        {"action": "flies", "first_picture": 2, "last_picture": 9},
        {"action": "", "first_picture": 1, "last_picture": 1},
        {"action": "sits", "first_picture": 3, "last_picture": 2},
        "stands",
    ]
    answer = read_person(json.dumps({"caption": " A man\nwalks. ", "actions": actions}), 3)
    assert answer.caption == "A man walks."
    assert answer.actions == (("walks", Span(1, 2)), ("sits", Span(2, 3)))


@pytest.mark.parametrize("text", ['{"caption": 3}', '{"caption": ""}', '{"words": "a man"}', '{"caption": "a', ""])
def test_what_is_no_answer_about_a_person(text):
    assert read_person(text, 3) is None


def test_a_server_without_forms_may_answer_in_plain_words():
    assert read_person("A man walks.", 3).caption == "A man walks."
    assert read_caption('{"caption": "Two people."}') == "Two people."


def entry(label, first=1, last=1, sureness="high"):
    return {"verb": label, "first_picture": first, "last_picture": last, "sureness": sureness}


def read(entries, offered=("talk.v.01", "look.v.01", "hit.v.03"), pictures=3):
    senses = [verb(label) for label in offered]
    found = read_pair(json.dumps({"interactions": entries}), WORDS, senses, pictures)
    return [(seen.verb.label, seen.probability) for seen in found]


def test_an_answer_about_a_pair():
    assert read([entry("talk.v.01"), entry("look.v.01", 2, 3, "low")]) == [("talk.v.01", 0.9), ("look.v.01", 0.25)]
    assert read([entry("none")]) == []
    assert read([]) == []
    assert read([entry("talk.v.01"), entry("talk.v.01", 1, 1, "low")]) == [("talk.v.01", 0.9)], "each once"
    assert read([entry("talking")]) == [("talk.v.01", 0.9)], "words where a label was asked for"


def test_a_verb_that_was_not_offered_or_that_no_picture_shows_is_not_reported():
    assert read([entry("kiss.v.02")]) == []
    assert read([entry("talk.v.01", 0, 1), entry("look.v.01", 1, 4), entry("hit.v.03", None, 1)]) == []
    assert read([entry("talk.v.01", True, True)]) == []


def test_a_model_that_ticks_everything_is_not_believed_altogether():
    labels = [sense.label for sense in VERBS[:20]]
    assert len(read([entry(label) for label in labels], labels)) == MOST_VERBS


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("talk.v.01", ["talk.v.01"]),
        ("Person 1 is talking to person 2.", ["talk.v.01"]),
        ("look.v.01 and hit.v.03", ["look.v.01", "hit.v.03"]),
        ("none", []),
        ("Person 1 does nothing to person 2.", []),
        ("kisses", []),
    ],
)
def test_plain_words_about_a_pair(text, labels):
    found = read_pair(text, WORDS, [verb(label) for label in ("talk.v.01", "look.v.01", "hit.v.03")], 2)
    assert [seen.verb.label for seen in found] == labels
    assert all(seen.span == Span(1, 2) for seen in found)


@pytest.mark.parametrize("text", ["qwerty uiop", '{"interactions": 3}', '{"verbs": []}'])
def test_what_is_no_answer_about_a_pair(text):
    assert read_pair(text, WORDS, [verb("talk.v.01")], 2) is None


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("talk", "talking"),
        ("hug", "hugged"),
        ("dance", "dancing"),
        ("carry", "carries"),
        ("play", "played"),
        ("watch", "watches"),
        ("tie", "tying"),
        ("pass", "passes"),
        ("see", "seeing"),
    ],
)
def test_forms_of_verbs(word, form):
    assert form in inflections(word)


def test_senses_are_found_by_the_words_of_a_text():
    labels = [sense.label for sense in WORDS.named("He lets go of her, then talks to her")]
    assert "talk.v.01" in labels
    assert "let_go_of.v.01" in [sense.label for sense in WORDS.named("let go of")]
    assert not any(label.startswith("go.") for label in labels)
    assert WORDS.named("") == []


def test_every_sense_is_found_by_its_own_word():
    assert all(sense in WORDS.named(sense.lemma) for sense in VERBS)


def test_what_is_offered_after_first_words():
    offered = WORDS.offered_for("kissing her", 6)
    assert [sense.lemma for sense in offered[:1]] == ["kiss"]
    assert len(offered) == 6
    assert WORDS.offered_for("nothing", 6) == []
    assert [sense.label for sense in WORDS.offered_for("chats with", 99)] == list(FREQUENT)


def test_phrases_are_chosen_as_they_stand():
    phrases = [Verb(row, words, words, "verb", words, ()) for row, words in enumerate(["wave at", "hand over a ball"])]
    words = VerbWords(phrases)
    found = read_pair(json.dumps({"interactions": [entry("Hand over a ball")]}), words, phrases, 1)
    assert [seen.verb.id for seen in found] == [1]
