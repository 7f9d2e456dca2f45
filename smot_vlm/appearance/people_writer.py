"""Captions of real people, written from what the appearance network is sure enough of."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from smot_vlm.appearance.answers import PersonAnswers
from smot_vlm.appearance.motion import Motion
from smot_vlm.appearance.vocabulary import YES_NO_QUESTIONS
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language import people_phrases as phrases
from smot_vlm.structures import Attribute

# Deeds of somebody who does not leave the place, and of somebody who does.
_STAYING = ("stand", "sit", "kneel", "lie", "pose", "lean")
_LEAVING = ("walk", "run")
_MOVING = ("walk", "run", "ride", "ski", "snowboard", "surf", "skateboard", "skate")
# Heights a second from which somebody who walks by the picture runs by the motion.
_RUNNING = 1.6
MOST_ATTRIBUTES = 2
# An answer of this probability is stated; a less likely one makes its sentence doubtful.
SURE = 0.7
_ATTRIBUTE_NAMES = {
    "kinds": "kind",
    "upper": "upper_colour",
    "upper_garments": "upper_garment",
    "lower": "lower_colour",
    "lower_garments": "lower_garment",
}
# In a person's caption, and in a video's.
MOST_PARTNERS, MOST_SENTENCES = 2, 6


@dataclass(frozen=True)
class Person:
    """What is told of one person.

    Attributes:
        noun: "woman", "child", "person" ...
        clothes: "a red jacket and blue jeans", or "".
        attributes: "a backpack" ...
        deeds: in the third person: "walks to the right", "holds a camera".
        thing: what the person is with, or "".
        place: where the person is, or "": one of PLACES.
        partners: what is done with others: "hugs a man" ...
    """

    noun: str
    clothes: str = ""
    attributes: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    thing: str = ""
    place: str = ""
    partners: tuple[str, ...] = field(default=())

    def mention(self) -> str:
        """The person in few words: "a woman in a red jacket"."""
        clothes = f" in {self.clothes.split(' and ')[0]}" if self.clothes else ""
        return f"{_article(self.noun)}{clothes}"


def person_of(answers: PersonAnswers, motion: Motion) -> Person:
    """What is told of a person.

    Args:
        answers: of the appearance network.
        motion: across the picture.

    Returns:
        Without partners.
    """
    thing = answers.told("things")
    attributes = [phrases.ATTRIBUTE_NOUNS[answer.value] for answer in answers.present("attributes")]
    first, *others = _deeds(answers, motion, thing) or [""]
    # Where somebody is is told once.
    place = answers.told("things", phrases.PLACES)
    deeds = [_told_deed(first, motion, thing, place)] if first else []
    deeds += [_told_deed(deed, motion, thing if deed in phrases.HANDLING else "") for deed in others]
    return Person(_noun(answers), _clothes(answers), tuple(attributes[:MOST_ATTRIBUTES]), tuple(deeds), thing, place)


def is_sure(answers: PersonAnswers) -> bool:
    """Whether every answer that is told is one of the sure ones.

    Args:
        answers: of the appearance network.
    """
    one_of = [question for question in answers.probabilities if question not in YES_NO_QUESTIONS]
    told = [answers.best(question) for question in one_of if answers.told(question)]
    return all(answer.probability >= SURE for answer in (*told, *answers.present("attributes")))


def attributes_of(answers: PersonAnswers) -> tuple[Attribute, ...]:
    """What a person is, wears and has, as far as it is told.

    Args:
        answers: of the appearance network.

    Returns:
        Kind, colours and garments of both parts of the body, and what the person has.
    """
    told = [
        Attribute(name, answer.value, answer.probability)
        for question, name in _ATTRIBUTE_NAMES.items()
        if answers.told(question)
        for answer in [answers.best(question)]
    ]
    return (*told, *(Attribute("has", answer.value, answer.probability) for answer in answers.present("attributes")))


def tell_person(person: Person) -> str:
    """The caption of a person.

    Args:
        person: what is told.

    Returns:
        One sentence.
    """
    looks = f" in {person.clothes}" if person.clothes else ""
    things = f" with {_listed(person.attributes)}" if person.attributes else ""
    deeds = [*person.deeds, *person.partners]
    told = f" {_listed(deeds)}" if deeds else ""
    return f"{_upper(_article(person.noun))}{looks}{things}{told}."


def with_partners(
    people: Sequence[Person], relations: Sequence[tuple[int, str, int]]
) -> tuple[list[Person], list[str]]:
    """Interactions as parts of captions, and as sentences.

    Args:
        people: what is told of each.
        relations: (subject, verb, object) by rows of `people`, likeliest first; verbs are keys of VERB_PHRASES.

    Returns:
        The people with their first partners, and a sentence for each interaction; one that goes both ways has one.
    """
    told = list(people)
    sentences, pairs = [], set()
    for subject, verb, target in relations:
        words = f"{phrases.VERB_PHRASES[verb]} {people[target].mention()}"
        if len(told[subject].partners) < MOST_PARTNERS:
            told[subject] = replace(told[subject], partners=(*told[subject].partners, words))
        pair = (verb, *(sorted((subject, target)) if verb in phrases.MUTUAL_VERBS else (subject, target)))
        if pair not in pairs:
            sentences.append(f"{people[subject].mention()} {words}")
        pairs.add(pair)
    return told, sentences[:MOST_SENTENCES]


def tell_video(people: Sequence[Person], relations: Sequence[str] = ()) -> str:
    """The caption of a video with these people.

    Args:
        people: everybody in it.
        relations: sentences about pairs.

    Returns:
        A sentence on who is there and where, one for each relation, and what most of the others do.
    """
    if not people:
        return ""
    place = _place(people)
    opening = f"{_upper(_counted(people))}{f' {place}' if place else ''}"
    sentences = [opening, *relations]
    if not relations:
        doing = [person for person in people if person.deeds][:3]
        sentences += [f"{person.mention()} {person.deeds[0]}" for person in doing]
    return " ".join(f"{_upper(sentence)}." for sentence in sentences)


def _noun(answers: PersonAnswers) -> str:
    kind = answers.told("kinds")
    if kind:
        return phrases.KIND_NOUNS[kind]
    of = dict(zip(lexicon.KINDS, answers.probabilities["kinds"].tolist(), strict=True))
    least = answers.calibration.thresholds["kinds"]
    if of["man"] + of["woman"] >= max(least, 0.7):
        return phrases.ADULT
    if of["boy"] + of["girl"] >= max(least, 0.7):
        return phrases.CHILD
    return phrases.PERSON


def _clothes(answers: PersonAnswers) -> str:
    garment = answers.told("upper_garments")
    above = _coloured(answers.told("upper"), garment, phrases.UPPER_NOUNS)
    if garment in phrases.WHOLE_BODY:
        return above
    below = answers.told("lower_garments")
    if below in phrases.WHOLE_BODY:
        below = ""
    parts = [above, _coloured(answers.told("lower"), below, phrases.LOWER_NOUNS)]
    return " and ".join(part for part in parts if part)


def _coloured(colour: str, garment: str, nouns: dict[str, str]) -> str:
    """What is told of a part of the body: `a red jacket`, `a jacket`, `a red top` or nothing."""
    if garment not in nouns or not (colour or garment):
        return ""
    noun = nouns[garment]
    if not colour:
        return noun
    plain = noun.removeprefix("a ")
    return _article(f"{colour} {plain}") if noun != plain else f"{colour} {plain}"


def _deeds(answers: PersonAnswers, motion: Motion, thing: str) -> list[str]:
    """The deeds that are told; motion that contradicts a deed takes it away.

    One of them may be a posture or movement and one something else: people stand and hold a camera.
    """
    ruled_out = {"moves": _STAYING, "stays": _LEAVING}.get(motion.state, ())
    allowed = [deed for deed in lexicon.DEEDS if deed not in ruled_out]
    first = answers.told("deeds", allowed)
    if not first and motion.state == "moves":
        first = "run" if motion.speed >= _RUNNING else "walk"
    if not first:
        return []
    others = [deed for deed in allowed if (deed in lexicon.MOVEMENTS) != (first in lexicon.MOVEMENTS)]
    second = answers.told("deeds", [deed for deed in others if deed not in phrases.HANDLING or thing in _handled()])
    return [first, second] if second else [first]


def _handled() -> tuple[str, ...]:
    """Things that can be held, thrown, carried ..."""
    return tuple(thing for thing in lexicon.THINGS if thing not in phrases.NOT_HANDLED)


def _told_deed(deed: str, motion: Motion, thing: str, place: str = "") -> str:
    """A deed in the third person, with what the person is with, where, and where to."""
    told = _with_thing(deed, *phrases.DEED_PHRASES[deed], thing)
    if place and place != thing:
        told = f"{told} {phrases.THING_PHRASES[place][1]}"
    return f"{told} {motion.direction}" if motion.direction and deed in _MOVING else told


def _with_thing(deed: str, alone: str, together: str, thing: str) -> str:
    fitting = {
        "ride": phrases.RIDDEN,
        "climb": phrases.CLIMBED,
        "eat": phrases.EATEN,
        "read": phrases.READ,
        **dict.fromkeys(phrases.HANDLING, _handled()),
    }
    if not thing or (deed in fitting and thing not in fitting[deed]):
        return alone if not thing or deed not in fitting else f"{alone} {phrases.THING_PHRASES[thing][1]}"
    noun, place = phrases.THING_PHRASES[thing]
    return together.format(thing=noun, place=place)


def _place(people: Sequence[Person]) -> str:
    places = [person.place for person in people if person.place]
    if not places:
        return ""
    likeliest = max(sorted(set(places)), key=places.count)
    return phrases.THING_PHRASES[likeliest][1] if places.count(likeliest) * 3 >= len(people) else ""


def _counted(people: Sequence[Person]) -> str:
    nouns = [person.noun for person in people]
    groups = [_number(nouns.count(noun), noun) for noun in dict.fromkeys(sorted(nouns, key=lambda n: -nouns.count(n)))]
    return _listed(groups)


def _number(count: int, noun: str) -> str:
    plural = {"man": "men", "woman": "women", "child": "children", "person": "people"}.get(noun, f"{noun}s")
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    number = words[count] if count < len(words) else str(count)
    return _article(noun) if count == 1 else f"{number} {plural}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
