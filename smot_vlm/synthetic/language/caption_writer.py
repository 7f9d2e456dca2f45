"""From a story to captions: varied sentences over the phrases of `caption_lexicon`, in the manner of BenSMOT."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.language import caption_lexicon as lexicon
from smot_vlm.language.fact_records import Action, Appearance, Relation
from smot_vlm.language.wording import capitalized, with_article
from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.story.events import DoesNotFit, Event

FEWEST_WORDS, MOST_WORDS = 20, 45
_ATTEMPTS = 30
_THEN = ("then ", "afterwards ", "after that ", "next ")
_WHILES = (" for a while", " for some time", " for several seconds", " for a few moments")
_SUDDEN = ("fall",)  # does not go on for a while
_OPENINGS = ("In the video, ", "In this clip, ", "As the camera watches, ")
_CLOSINGS = (" while the camera keeps recording", " in front of the camera", " as the clip goes on")
SAME_TIME = 1.0  # seconds between two events that begin "at the same time"

Rng = np.random.Generator


@dataclass(frozen=True)
class Highlights:
    """What a video's caption states.

    Attributes:
        relations: with the seconds at which they begin, in order of time.
        person_actions: what is done alone, person by person.
    """

    relations: tuple[tuple[float, Relation], ...]
    person_actions: tuple[Action, ...]


def instance_caption(rng: Rng, person: Person, events: Sequence[Event], people: Sequence[Person]) -> str:
    """One person's caption: appearance, then what is done and with whom, in order of time; 20 to 45 words.

    Args:
        rng: draws the phrases.
        person: whom it is about.
        events: what they do, in order of time.
        people: everybody, for mentions of partners.

    Returns:
        One or two sentences.

    Raises:
        DoesNotFit: the facts do not fit into so many words.
    """
    for attempt in range(_ATTEMPTS):
        text = _instance(rng, person, events, people, brief=attempt > _ATTEMPTS // 3)
        if FEWEST_WORDS <= count_words(text) <= MOST_WORDS:
            return text
    raise DoesNotFit


def count_words(text: str) -> int:
    """Words between blanks.

    Args:
        text: any.

    Returns:
        How many there are.
    """
    return len(text.split())


def video_caption(rng: Rng, scene: str, highlights: Highlights, people: Sequence[Person]) -> str:
    """The video's caption: place, number of people, who does what to whom, who does what alone.

    Args:
        rng: draws the phrases.
        scene: the place.
        highlights: what it states.
        people: everybody.

    Returns:
        One or more sentences.
    """
    mention = _Mentions(rng, people)
    count = len(people)
    place = pick(rng, lexicon.SCENES[scene])
    number = f"{lexicon.NUMBERS[count]} {'person' if count == 1 else 'people'}"
    opening = pick(
        rng,
        (
            f"{capitalized(place)}, {number} can be seen.",
            f"{capitalized(number)} {'is' if count == 1 else 'are'} {place}.",
            f"The video shows {number} {place}.",
        ),
    )
    text, before = "", 0.0
    for start, relation in highlights.relations:
        clause = _relation_clause(rng, relation, mention)
        if not text:
            text = capitalized(clause)
        elif start - before < SAME_TIME:
            text += f"{pick(rng, (', while ', '; at the same time, '))}{clause}"
        else:
            text += f"{pick(rng, (', then ', ', and then ', '; after that, '))}{clause}"
        before = start
    sentences = [opening] + ([f"{text}."] if text else [])
    for person in dict.fromkeys(action.person for action in highlights.person_actions):
        actions = [action.action for action in highlights.person_actions if action.person == person]
        doing = [pick(rng, lexicon.ACTIONS[action]).finite for action in actions]
        clause = f"{mention(person)} {_in_order(rng, doing, True, True)}"
        sentences.append(f"{pick(rng, ('Besides, ', 'In addition, ')) if text else ''}{clause}.")
    return " ".join(capitalized(sentence) for sentence in sentences)


class _Mentions:
    """Names people by their appearance; somebody who was named and is the only one of a kind is then "the woman"."""

    def __init__(self, rng: Rng, people: Sequence[Person]):
        self.rng = rng
        self.people = {(one.kind, one.top): one for one in people}
        self.named: set[tuple[str, str]] = set()

    def __call__(self, person: Appearance) -> str:
        key = (person.kind, person.top)
        if key in self.named and sum(kind == person.kind for kind, _ in self.people) == 1:
            return f"the {lexicon.KINDS[person.kind][0]}"
        self.named.add(key)
        return _clothed(self.rng, self.people[key], bottom=False)


def _relation_clause(rng: Rng, edge: Relation, mention: _Mentions) -> str:
    words = lexicon.VERBS[edge.verb]
    if words.mutual and rng.random() < 0.5:
        return f"{mention(edge.subject)} and {mention(edge.object)} {pick(rng, words.plural)}"
    if not words.mutual and rng.random() < 0.25:
        phrase = pick(rng, words.object)
        subject, target = edge.object, edge.subject
    else:
        phrase = pick(rng, words.subject)
        subject, target = edge.subject, edge.object
    first = mention(subject)
    tail = f" {phrase.tail}" if phrase.tail else ""
    return f"{first} {phrase.finite} {mention(target)}{tail}"


def _instance(rng: Rng, person: Person, events: Sequence[Event], people: Sequence[Person], brief: bool) -> str:
    who = _subject(rng, person, brief)
    pronoun = lexicon.PRONOUNS[person.kind]
    form = "gerund" if rng.random() < 0.2 else "finite"
    parts = _event_phrases(rng, person, events, people, brief, form)
    if form == "gerund":
        text = f"{who} is seen {_in_order(rng, parts, True, True)}"
    elif len(parts) >= 3 and rng.random() < 0.3:
        cut = int(rng.integers(1, len(parts)))
        after = pick(rng, ("Afterwards", "Then", "After that"))
        start, rest = _in_order(rng, parts[:cut], True, False), _in_order(rng, parts[cut:], False, True)
        text = f"{who} {start}. {after}, {pronoun} {rest}"
    else:
        text = f"{who} {_in_order(rng, parts, True, True)}"
    if _wants_more(rng, text, brief):
        text += pick(rng, _CLOSINGS)
    if _wants_more(rng, text, brief) and not text.startswith("wearing"):
        text = pick(rng, _OPENINGS) + text
    return f"{capitalized(text)}."


def _wants_more(rng: Rng, text: str, brief: bool) -> bool:
    """Too short, or by chance."""
    words = count_words(text)
    return words < FEWEST_WORDS or (not brief and words < 36 and rng.random() < 0.15)


def _subject(rng: Rng, person: Person, brief: bool) -> str:
    """A person's appearance in full."""
    kind = pick(rng, lexicon.KINDS[person.kind][:1] if brief else lexicon.KINDS[person.kind])
    top, bottom = _garment(rng, person, True), _garment(rng, person, False)
    accessories = [with_article(pick(rng, lexicon.ACCESSORIES[name])) for name in person.accessories]
    wearing = pick(rng, ("in", "wearing", "dressed in", "who wears"))
    if brief or rng.random() < 0.7:
        extra = f" with {' and '.join(accessories)}" if accessories else ""
        return f"a {kind} {wearing} {top} and {bottom}{extra}"
    worn = [top, bottom, *accessories]
    return f"wearing {', '.join(worn[:-1])} and {worn[-1]}, a {kind}"


def _clothed(rng: Rng, person: Person, bottom: bool) -> str:
    """A person's appearance in short, for mentions by others."""
    kind = pick(rng, lexicon.KINDS[person.kind][:1])
    clothes = _garment(rng, person, True)
    if bottom:
        clothes += f" and {_garment(rng, person, False)}"
    return f"a {kind} {pick(rng, ('in', 'wearing'))} {clothes}"


def _garment(rng: Rng, person: Person, top: bool) -> str:
    if top:
        return with_article(f"{pick(rng, lexicon.COLOURS[person.top])} {pick(rng, lexicon.TOPS[person.top_style])}")
    words = f"{pick(rng, lexicon.COLOURS[person.bottom])} {pick(rng, lexicon.BOTTOMS[person.bottom_style])}"
    return with_article(words) if person.bottom_style == "skirt" else words


def _event_phrases(
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
    options = lexicon.VERBS[event.label].from_side(event.role)
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


def _in_order(rng: Rng, parts: list[str], opens: bool, closes: bool) -> str:
    """Phrases as a list in order of time. opens, closes: whether nothing comes before, and nothing after."""
    if len(parts) == 1:
        return parts[0]
    text = f"first {parts[0]}" if opens and rng.random() < 0.5 else parts[0]
    for part in parts[1:-1]:
        text += f", {pick(rng, _THEN)}{part}"
    last = pick(rng, (", and finally ", " and then ", ", and in the end ")) if closes else " and then "
    return f"{text}{last}{parts[-1]}"
