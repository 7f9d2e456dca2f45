"""From facts to captions: varied sentences over the wordings of `lexicon`, in the manner of BenSMOT."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.synthetic.body.people import Person, pick
from smot_vlm.synthetic.facts import Deed, Looks, Relation
from smot_vlm.synthetic.language import lexicon
from smot_vlm.synthetic.story.actions import NoRoom
from smot_vlm.synthetic.story.events import Event

FEWEST_WORDS, MOST_WORDS = 20, 45
_ATTEMPTS = 30
_THEN = ("then ", "afterwards ", "after that ", "next ")
_WHILES = (" for a while", " for some time", " for several seconds", " for a few moments")
_SUDDEN = ("fall",)  # does not go on for a while
_OPENINGS = ("In the video, ", "In this clip, ", "As the camera watches, ")
_CLOSINGS = (" while the camera keeps recording", " in front of the camera", " as the clip goes on")
SAME_MOMENT = 1.0  # seconds between two events that begin "at the same time"

Rng = np.random.Generator


@dataclass(frozen=True)
class Headlines:
    """What a video's caption tells: relations with the seconds at which they begin, in order of time; deeds, person
    by person.
    """

    relations: tuple[tuple[float, Relation], ...]
    deeds: tuple[Deed, ...]


def instance_caption(rng: Rng, person: Person, events: Sequence[Event], people: Sequence[Person]) -> str:
    """One person's caption: looks, then what is done and with whom, in order of time; 20 to 45 words.

    Raises:
        NoRoom: the facts do not fit into so many words.
    """
    for attempt in range(_ATTEMPTS):
        text = _instance(rng, person, events, people, brief=attempt > _ATTEMPTS // 3)
        if FEWEST_WORDS <= count_words(text) <= MOST_WORDS:
            return text
    raise NoRoom


def count_words(text: str) -> int:
    """Words between blanks."""
    return len(text.split())


def video_caption(rng: Rng, scene: str, headlines: Headlines, people: Sequence[Person]) -> str:
    """The video's caption: place, number of people, who does what to whom, who does what alone."""
    mention = _Mentions(rng, people)
    count = len(people)
    place = pick(rng, lexicon.SCENES[scene])
    number = f"{lexicon.NUMBERS[count]} {'person' if count == 1 else 'people'}"
    opening = pick(
        rng,
        (
            f"{_upper(place)}, {number} can be seen.",
            f"{_upper(number)} {'is' if count == 1 else 'are'} {place}.",
            f"The video shows {number} {place}.",
        ),
    )
    text, before = "", 0.0
    for start, relation in headlines.relations:
        clause = _relation_clause(rng, relation, mention)
        if not text:
            text = _upper(clause)
        elif start - before < SAME_MOMENT:
            text += f"{pick(rng, (', while ', '; at the same time, '))}{clause}"
        else:
            text += f"{pick(rng, (', then ', ', and then ', '; after that, '))}{clause}"
        before = start
    sentences = [opening] + ([f"{text}."] if text else [])
    for who in dict.fromkeys(deed.who for deed in headlines.deeds):
        doing = [pick(rng, lexicon.ACTIONS[deed.action]).finite for deed in headlines.deeds if deed.who == who]
        clause = f"{mention(who)} {_in_order(rng, doing, True, True)}"
        sentences.append(f"{pick(rng, ('Besides, ', 'In addition, ')) if text else ''}{clause}.")
    return " ".join(_upper(sentence) for sentence in sentences)


class _Mentions:
    """Names people by their looks; somebody who was named and is the only one of a kind is then "the woman"."""

    def __init__(self, rng: Rng, people: Sequence[Person]):
        self.rng = rng
        self.people = {(person.kind, person.top): person for person in people}
        self.named: set[tuple[str, str]] = set()

    def __call__(self, looks: Looks) -> str:
        key = (looks.kind, looks.top)
        if key in self.named and sum(kind == looks.kind for kind, _ in self.people) == 1:
            return f"the {lexicon.KINDS[looks.kind][0]}"
        self.named.add(key)
        return _clothed(self.rng, self.people[key], bottom=False)


def _relation_clause(rng: Rng, edge: Relation, mention: _Mentions) -> str:
    words = lexicon.VERBS[edge.verb]
    if words.mutual and rng.random() < 0.5:
        return f"{mention(edge.subject)} and {mention(edge.object)} {pick(rng, words.plural)}"
    if not words.mutual and rng.random() < 0.25:
        phrase = pick(rng, words.object)
        subject, object_ = edge.object, edge.subject
    else:
        phrase = pick(rng, words.subject)
        subject, object_ = edge.subject, edge.object
    first = mention(subject)
    tail = f" {phrase.tail}" if phrase.tail else ""
    return f"{first} {phrase.finite} {mention(object_)}{tail}"


def _instance(rng: Rng, person: Person, events: Sequence[Event], people: Sequence[Person], brief: bool) -> str:
    who = _subject(rng, person, brief)
    pronoun = lexicon.PRONOUNS[person.kind]
    form = "gerund" if rng.random() < 0.2 else "finite"
    deeds = _deeds(rng, person, events, people, brief, form)
    if form == "gerund":
        text = f"{who} is seen {_in_order(rng, deeds, True, True)}"
    elif len(deeds) >= 3 and rng.random() < 0.3:
        cut = int(rng.integers(1, len(deeds)))
        after = pick(rng, ("Afterwards", "Then", "After that"))
        start, rest = _in_order(rng, deeds[:cut], True, False), _in_order(rng, deeds[cut:], False, True)
        text = f"{who} {start}. {after}, {pronoun} {rest}"
    else:
        text = f"{who} {_in_order(rng, deeds, True, True)}"
    if _wants_more(rng, text, brief):
        text += pick(rng, _CLOSINGS)
    if _wants_more(rng, text, brief) and not text.startswith("wearing"):
        text = pick(rng, _OPENINGS) + text
    return f"{_upper(text)}."


def _wants_more(rng: Rng, text: str, brief: bool) -> bool:
    """Too short, or by chance."""
    words = count_words(text)
    return words < FEWEST_WORDS or (not brief and words < 36 and rng.random() < 0.15)


def _subject(rng: Rng, person: Person, brief: bool) -> str:
    """A person's looks in full."""
    kind = pick(rng, lexicon.KINDS[person.kind][:1] if brief else lexicon.KINDS[person.kind])
    top, bottom = _garment(rng, person, True), _garment(rng, person, False)
    accessories = [_article(pick(rng, lexicon.ACCESSORIES[name])) for name in person.accessories]
    wearing = pick(rng, ("in", "wearing", "dressed in", "who wears"))
    if brief or rng.random() < 0.7:
        extra = f" with {' and '.join(accessories)}" if accessories else ""
        return f"a {kind} {wearing} {top} and {bottom}{extra}"
    worn = [top, bottom, *accessories]
    return f"wearing {', '.join(worn[:-1])} and {worn[-1]}, a {kind}"


def _clothed(rng: Rng, person: Person, bottom: bool) -> str:
    """A person's looks in short, for mentions by others."""
    kind = pick(rng, lexicon.KINDS[person.kind][:1])
    clothes = _garment(rng, person, True)
    if bottom:
        clothes += f" and {_garment(rng, person, False)}"
    return f"a {kind} {pick(rng, ('in', 'wearing'))} {clothes}"


def _garment(rng: Rng, person: Person, top: bool) -> str:
    if top:
        return _article(f"{pick(rng, lexicon.COLOURS[person.top])} {pick(rng, lexicon.TOPS[person.top_style])}")
    words = f"{pick(rng, lexicon.COLOURS[person.bottom])} {pick(rng, lexicon.BOTTOMS[person.bottom_style])}"
    return _article(words) if person.bottom_style == "skirt" else words


def _deeds(
    rng: Rng, person: Person, events: Sequence[Event], people: Sequence[Person], brief: bool, form: str
) -> list[str]:
    known: list[int] = []
    result = []
    for event in events:
        if event.partner < 0:
            text = getattr(pick(rng, lexicon.ACTIONS[event.label]), form)
            if event.label not in _SUDDEN and (len(events) <= 2 or (not brief and rng.random() < 0.2)):
                text += pick(rng, _WHILES)
        else:
            text = _encounter(rng, person, event, people, known, brief, form)
        result.append(text)
    return result


def _encounter(
    rng: Rng, person: Person, event: Event, people: Sequence[Person], known: list[int], brief: bool, form: str
) -> str:
    """An interaction with its partner; a partner who was named before is only "the woman" where that is clear."""
    options = lexicon.VERBS[event.label].told_by(event.role)
    phrase = min(options, key=lambda option: count_words(option.finite)) if brief else pick(rng, options)
    partner = people[event.partner]
    clear = sum(people[index].kind == partner.kind for index in known) == 1
    if event.partner in known and clear:
        who = f"the {'other ' if partner.kind == person.kind else ''}{lexicon.KINDS[partner.kind][0]}"
    else:
        who = _clothed(rng, partner, bottom=not brief and rng.random() < 0.15)
        if event.partner not in known:
            known.append(event.partner)
    tail = f" {phrase.tail}" if phrase.tail else ""
    return f"{getattr(phrase, form)} {who}{tail}"


def _in_order(rng: Rng, deeds: list[str], opens: bool, closes: bool) -> str:
    """Deeds as a list in order of time. opens, closes: whether nothing was told before, and nothing comes after."""
    if len(deeds) == 1:
        return deeds[0]
    text = f"first {deeds[0]}" if opens and rng.random() < 0.5 else deeds[0]
    for deed in deeds[1:-1]:
        text += f", {pick(rng, _THEN)}{deed}"
    last = pick(rng, (", and finally ", " and then ", ", and in the end ")) if closes else " and then "
    return f"{text}{last}{deeds[-1]}"


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
