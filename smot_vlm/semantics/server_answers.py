"""What a server's answers about people and pairs are to contain, as JSON schemas, and how they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smot_vlm.semantics.json_answers import plain_words, read_object, read_sentence
from smot_vlm.semantics.verb_shortlist import NOTHING, VerbWords
from smot_vlm.verbs import Verb

# How sure a model says it is -> a probability; nobody calibrated it.
SURENESS = {"low": 0.25, "medium": 0.6, "high": 0.9}
MOST_VERBS = 4
_NUMBER = {"type": "integer", "description": "number of a picture, the first is 1"}
_SPAN = {"first_picture": _NUMBER, "last_picture": _NUMBER}
# Tokens of an answer around its caption.
STRUCTURE_TOKENS = 320


@dataclass(frozen=True)
class Span:
    """From one picture to another.

    Attributes:
        first: counted from 1.
        last: not before `first`.
    """

    first: int
    last: int


@dataclass(frozen=True)
class PersonAnswer:
    """What was said of a person.

    Attributes:
        caption: one sentence.
        actions: what they do and in which pictures, in order of time; none where the server cannot be asked for a form.
    """

    caption: str
    actions: tuple[tuple[str, Span], ...] = ()


@dataclass(frozen=True)
class SeenVerb:
    """What the first person of a pair does to the second.

    Attributes:
        verb: the sense.
        probability: see SURENESS.
        span: pictures that show it.
    """

    verb: Verb
    probability: float
    span: Span


def person_schema() -> dict[str, Any]:
    """The form of an answer about a person: what is seen first, the sentence last, so that it rests on what was seen.

    Returns:
        A JSON schema.
    """
    action = {"action": _text("a verb phrase"), **_SPAN}
    return _form(
        {
            "appearance": _text("clothes with colours, hair, what they carry"),
            "actions": {"type": "array", "items": _form(action), "description": "in order of time"},
            "caption": _text("one sentence of 20 to 45 words"),
        }
    )


def pair_schema(offered: Sequence[Verb]) -> dict[str, Any]:
    """The form of an answer about what one person does to another.

    Args:
        offered: the senses to choose from; nothing can be chosen too.

    Returns:
        A JSON schema.
    """
    verb = {
        "verb": {"type": "string", "enum": [*(sense.label for sense in offered), NOTHING]},
        **_SPAN,
        "sureness": {"type": "string", "enum": list(SURENESS)},
    }
    return _form({"interactions": {"type": "array", "items": _form(verb)}})


def example_of(schema: Mapping[str, Any]) -> Any:
    """A value of a schema in words, which shows a model the form that it does not see.

    Args:
        schema: of this module.

    Returns:
        As JSON takes it.
    """
    if schema["type"] == "object":
        return {name: example_of(inner) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [example_of(schema["items"])]
    if "enum" in schema:
        return " | ".join(schema["enum"])
    return 1 if schema["type"] == "integer" else schema.get("description", "")


def read_person(text: str, pictures: int) -> PersonAnswer | None:
    """Read an answer about a person.

    Args:
        text: JSON, or a sentence where the server has no forms.
        pictures: how many were shown.

    Returns:
        The answer; None where there is no caption in it.
    """
    content = read_object(text)
    if content is None:
        sentence = read_sentence(text)
        return PersonAnswer(sentence) if sentence else None
    caption = _words(content.get("caption"))
    if not caption:
        return None
    entries = [(_words(entry.get("action")), _read_span(entry, pictures)) for entry in _objects(content, "actions")]
    actions = tuple((words, span) for words, span in entries if words and span)
    return PersonAnswer(caption, actions)


def read_caption(text: str) -> str | None:
    """Read an answer that is one text.

    Args:
        text: plain words, or JSON with a caption, which some models write without being asked.

    Returns:
        The text on one line; None where there is none.
    """
    person = read_person(text, 0)
    return person.caption if person else None


def read_pair(text: str, words: VerbWords, offered: Sequence[Verb], pictures: int) -> tuple[SeenVerb, ...] | None:
    """Read an answer about a pair. A verb without a picture that shows it is not reported.

    Args:
        text: JSON, or words where the server has no forms.
        words: knows the senses' words.
        offered: the senses to choose from.
        pictures: how many were shown.

    Returns:
        At most MOST_VERBS, each once; None where it is no answer to the question.
    """
    content = read_object(text)
    if content is None:
        verbs = words.chosen(read_sentence(text), offered)
        whole = Span(1, max(pictures, 1))
        return (
            None if verbs is None else tuple(SeenVerb(verb, SURENESS["medium"], whole) for verb in verbs[:MOST_VERBS])
        )
    if not isinstance(content.get("interactions"), list):
        return None
    seen: dict[str, SeenVerb] = {}
    for entry in _objects(content, "interactions"):
        span = _read_span(entry, pictures)
        for verb in (words.chosen(_words(entry.get("verb")), offered) or ())[:1]:
            if span is not None:
                probability = SURENESS.get(_words(entry.get("sureness")).lower(), SURENESS["medium"])
                seen.setdefault(verb.label, SeenVerb(verb, probability, span))
    return tuple(seen.values())[:MOST_VERBS]


def _form(properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object with exactly these keys, as strict servers want it."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _objects(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = content.get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _words(value: Any) -> str:
    return plain_words(value) if isinstance(value, str) else ""


def _read_span(entry: Mapping[str, Any], pictures: int) -> Span | None:
    ends = [entry.get(key) for key in ("first_picture", "last_picture")]
    numbers = [end for end in ends if isinstance(end, int) and not isinstance(end, bool) and 1 <= end <= pictures]
    return Span(min(numbers), max(numbers)) if len(numbers) == 2 else None
