"""From facts to captions: varied sentences over the wordings of `lexicon`, in the manner of BenSMOT."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.data.synthetic import lexicon
from smot_vlm.data.synthetic.actions import NoRoom
from smot_vlm.data.synthetic.events import Event
from smot_vlm.data.synthetic.facts import Deed, Looks, Relation
from smot_vlm.data.synthetic.people import Person, pick

FEWEST_WORDS, MOST_WORDS = 20, 45
_ATTEMPTS = 30
_THEN = ("then ", "afterwards ", "after that ", "next ")
_FILLERS_LONG = (" for a while", " for some time", " for several seconds", " for a few moments")
_OPENINGS = ("In the video, ", "In this clip, ", "As the camera watches, ")
_CLOSINGS = (
    " while the camera keeps recording",
    " in full view of the camera",
    " until the clip comes to its end",
)


def instance_caption(
    rng: np.random.Generator, person: Person, events: Sequence[Event], people: Sequence[Person]
) -> str:
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


def video_caption(
    rng: np.random.Generator,
    scene: str,
    count: int,
    relations: Sequence[Relation],
    deeds: Sequence[Deed],
    people: Sequence[Person],
) -> str:
    """The video's caption: place, number of people, who does what to whom, who does what alone."""
    styles = {(person.kind, person.top): person for person in people}
    named: set[tuple[str, str]] = set()

    def mention(looks: Looks) -> str:
        key = (looks.kind, looks.top)
        alone = sum(kind == looks.kind for kind, _ in styles) == 1
        if key in named and alone:
            return f"the {lexicon.KINDS[looks.kind][0]}"
        named.add(key)
        return _clothed(rng, styles[key], bottom=False)

    place = pick(rng, lexicon.SCENES[scene])
    number = f"{lexicon.NUMBERS[count]} {'person' if count == 1 else 'people'}"
    clauses = [_relation_clause(rng, edge, mention) for edge in relations]
    clauses += [f"{mention(deed.who)} {pick(rng, lexicon.ACTIONS[deed.action]).finite}" for deed in deeds]
    opening = pick(
        rng,
        (
            f"{_upper(place)}, {number} can be seen.",
            f"{_upper(number)} {'is' if count == 1 else 'are'} {place}.",
            f"The video shows {number} {place}.",
        ),
    )
    return f"{opening} {_join_clauses(rng, clauses, len(relations))}"


def _relation_clause(rng, edge: Relation, mention) -> str:
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


def _join_clauses(rng, clauses: list[str], relations: int) -> str:
    if len(clauses) == 1:
        return f"{_upper(clauses[0])}."
    text = _upper(clauses[0])
    for index, clause in enumerate(clauses[1:], start=1):
        if index < relations:
            text += pick(rng, (", then ", ", and then ", "; after that, "))
        else:
            text += pick(rng, (", while ", "; meanwhile, ", ", and "))
        text += clause
    return f"{text}."


def _instance(rng, person: Person, events: Sequence[Event], people: Sequence[Person], brief: bool) -> str:
    who = _subject(rng, person, brief)
    pronoun = lexicon.PRONOUNS[person.kind]
    form = "gerund" if rng.random() < 0.2 else "finite"
    deeds = _deeds(rng, person, events, people, brief, form)
    if form == "gerund":
        text = f"{who} is seen {_in_order(rng, deeds)}"
    elif len(deeds) >= 3 and rng.random() < 0.3:
        cut = int(rng.integers(1, len(deeds)))
        after = pick(rng, ("Afterwards", "Then", "After that"))
        text = f"{who} {_in_order(rng, deeds[:cut])}. {after}, {pronoun} {_in_order(rng, deeds[cut:])}"
    else:
        text = f"{who} {_in_order(rng, deeds)}"
    if count_words(text) < FEWEST_WORDS or (not brief and rng.random() < 0.15 and count_words(text) < 36):
        text += pick(rng, _CLOSINGS)
    if count_words(text) < FEWEST_WORDS or (not brief and rng.random() < 0.15 and count_words(text) < 36):
        text = pick(rng, _OPENINGS) + text
    return f"{_upper(text)}."


def _subject(rng, person: Person, brief: bool) -> str:
    """A person's looks in full."""
    kind = pick(rng, lexicon.KINDS[person.kind][:1] if brief else lexicon.KINDS[person.kind])
    top, bottom = _garment(rng, person, True), _garment(rng, person, False)
    accessories = [_article(pick(rng, lexicon.ACCESSORIES[name])) for name in person.accessories]
    wearing = pick(rng, ("in", "wearing", "dressed in", "who wears"))
    if brief or rng.random() < 0.7:
        extra = f" with {' and '.join(accessories)}" if accessories else ""
        comma = "," if wearing == "who wears" else ""
        return f"a {kind} {wearing} {top} and {bottom}{extra}{comma}"
    if not accessories:
        return f"wearing {top} and {bottom}, a {kind}"
    return f"wearing {top}, {bottom} and {' and '.join(accessories)}, a {kind}"


def _clothed(rng, person: Person, bottom: bool) -> str:
    """A person's looks in short, for mentions by others."""
    kind = pick(rng, lexicon.KINDS[person.kind][:1])
    clothes = _garment(rng, person, True)
    if bottom:
        clothes += f" and {_garment(rng, person, False)}"
    return f"a {kind} {pick(rng, ('in', 'wearing'))} {clothes}"


def _garment(rng, person: Person, top: bool) -> str:
    if top:
        return _article(f"{pick(rng, lexicon.COLOURS[person.top])} {pick(rng, lexicon.TOPS[person.top_style])}")
    words = f"{pick(rng, lexicon.COLOURS[person.bottom])} {pick(rng, lexicon.BOTTOMS[person.bottom_style])}"
    return _article(words) if person.bottom_style == "skirt" else words


def _deeds(rng, person: Person, events: Sequence[Event], people: Sequence[Person], brief: bool, form: str) -> list[str]:
    known: list[int] = []
    result = []
    for event in events:
        if event.partner < 0:
            text = getattr(pick(rng, lexicon.ACTIONS[event.label]), form)
            if len(events) <= 2 or (not brief and rng.random() < 0.2):
                text += pick(rng, _FILLERS_LONG)
        else:
            text = _encounter(rng, event, people, known, brief, form)
        result.append(text)
    return result


def _encounter(rng, event: Event, people: Sequence[Person], known: list[int], brief: bool, form: str) -> str:
    """An interaction with its partner; a partner who was named before is only "the woman" where that is clear."""
    options = lexicon.VERBS[event.label].told_by(event.role)
    phrase = min(options, key=lambda option: count_words(option.finite)) if brief else pick(rng, options)
    partner = people[event.partner]
    clear = sum(people[index].kind == partner.kind for index in known) == 1
    if event.partner in known and clear:
        who = f"the {lexicon.KINDS[partner.kind][0]}"
    else:
        who = _clothed(rng, partner, bottom=not brief and rng.random() < 0.15)
        if event.partner not in known:
            known.append(event.partner)
    tail = f" {phrase.tail}" if phrase.tail else ""
    return f"{getattr(phrase, form)} {who}{tail}"


def _in_order(rng, deeds: list[str]) -> str:
    if len(deeds) == 1:
        return deeds[0]
    text = f"first {deeds[0]}" if rng.random() < 0.5 else deeds[0]
    for deed in deeds[1:-1]:
        text += f", {pick(rng, _THEN)}{deed}"
    last = pick(rng, (", and finally ", " and then ", ", and in the end "))
    return f"{text}{last}{deeds[-1]}"


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
