"""What is told of a person: the answers of the appearance network that are sure enough, as parts of sentences."""

from smot_vlm.appearance.answers import PersonAnswers
from smot_vlm.appearance.motion import Motion
from smot_vlm.appearance.people_writer import Person
from smot_vlm.appearance.vocabulary import YES_NO_QUESTIONS
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language import people_phrases as phrases
from smot_vlm.language.wording import with_article
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
# A second thing or place is told from this probability on, where it is right as often as not.
_SECOND_THING = 0.2
_ATTRIBUTE_NAMES = {
    "kinds": "kind",
    "upper": "upper_colour",
    "upper_garments": "upper_garment",
    "lower": "lower_colour",
    "lower_garments": "lower_garment",
}
# Things that can be held, thrown, carried, and what the object of a deed may be.
_HANDLED = tuple(thing for thing in lexicon.THINGS if thing not in phrases.NOT_HANDLED)
_FITTING = {
    "ride": phrases.RIDDEN,
    "climb": phrases.CLIMBED,
    "eat": phrases.EATEN,
    "read": phrases.READ,
    **dict.fromkeys(phrases.HANDLING, _HANDLED),
}


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
    second = _second_thing(answers, thing)
    place = next((told for told in (thing, second) if told in phrases.PLACES), "")
    deeds = [_told_deed(first, motion, thing, second)] if first else []
    deeds += [_told_deed(deed, motion, thing if deed in phrases.HANDLING else "") for deed in others]
    return Person(_noun(answers), _clothes(answers), tuple(attributes[:MOST_ATTRIBUTES]), tuple(deeds), thing, place)


def is_sure(answers: PersonAnswers, motion: Motion) -> bool:
    """Whether every answer that is told is one of the sure ones, second deeds and things among them.

    Args:
        answers: of the appearance network.
        motion: across the picture.
    """
    apart = (*YES_NO_QUESTIONS, "things", "deeds")
    one_of = [question for question in answers.probabilities if question not in apart]
    told = [answers.best(question) for question in one_of if answers.told(question)]
    told += answers.present("attributes")
    thing = answers.told("things")
    of = dict(zip(lexicon.THINGS, answers.probabilities["things"].tolist(), strict=True))
    likely = [answer.probability for answer in told]
    likely += [of[named] for named in (thing, _second_thing(answers, thing)) if named]
    likely += [deed.score for deed in doing_of(answers, motion)]
    return all(probability >= SURE for probability in likely)


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


def doing_of(answers: PersonAnswers, motion: Motion) -> tuple[Attribute, ...]:
    """What a person does alone, as far as it is told.

    Args:
        answers: of the appearance network.
        motion: across the picture; a walk or run that it shows is one of the sure answers.

    Returns:
        "does" with deeds of the lexicon, at most two.
    """
    of = dict(zip(lexicon.DEEDS, answers.probabilities["deeds"].tolist(), strict=True))
    shown = _LEAVING if motion.state == "moves" else ()
    return tuple(
        Attribute("does", deed, max(of[deed], SURE) if deed in shown else of[deed])
        for deed in _deeds(answers, motion, answers.told("things"))
    )


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
    return with_article(f"{colour} {plain}") if noun != plain else f"{colour} {plain}"


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
    second = answers.told("deeds", [deed for deed in others if deed not in phrases.HANDLING or thing in _HANDLED])
    return [first, second] if second else [first]


def _second_thing(answers: PersonAnswers, first: str) -> str:
    """What else a person is with, or where, where one is told and the other is likely enough."""
    if not first:
        return ""
    second = answers.best("things", [thing for thing in lexicon.THINGS if thing != first])
    return second.value if second.probability >= max(_SECOND_THING, answers.calibration.thresholds["things"]) else ""


def _told_deed(deed: str, motion: Motion, thing: str, second: str = "") -> str:
    """A deed in the third person, with what the person is with, what else or where, and where to."""
    told = _with_thing(deed, *phrases.DEED_PHRASES[deed], thing)
    if second:
        told = f"{told} {phrases.THING_PHRASES[second][1]}"
    return f"{told} {motion.direction}" if motion.direction and deed in _MOVING else told


def _with_thing(deed: str, alone: str, together: str, thing: str) -> str:
    if not thing:
        return alone
    noun, place = phrases.THING_PHRASES[thing]
    fits = deed not in _FITTING or thing in _FITTING[deed]
    return together.format(thing=noun, place=place) if fits else f"{alone} {place}"
