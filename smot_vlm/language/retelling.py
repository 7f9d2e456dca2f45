"""Facts as sentences, always in the first phrase of the lexicon: for captions that must be told anew."""

import re
from collections.abc import Sequence

from smot_vlm.language.caption_lexicon import ACTIONS, KINDS, NUMBERS, SCENES, VERBS
from smot_vlm.language.fact_records import Action, Appearance, CaptionFacts, Relation
from smot_vlm.language.wording import capitalized, with_article

# The number of people in a video's caption, and the verb that follows it.
_COUNT = re.compile(rf"\b(?:{'|'.join(NUMBERS.values())}) (?:people|person)\b(?: (?:is|are)\b)?", re.IGNORECASE)
# What may stand between a person's appearance and the first deed.
_BEFORE_DEEDS = re.compile(r"(?:\s+(?:first|is seen|being seen|is|who|then|and|,))*[\s,]*$", re.IGNORECASE)


def tell_person(opening: str, facts: CaptionFacts, events: Sequence[str]) -> str:
    """A person's caption with some of its deeds.

    Args:
        opening: what precedes the deeds in the caption: the person's appearance.
        facts: of the whole caption.
        events: of `facts.events`, those to tell, in order.

    Returns:
        One sentence.
    """
    head = _BEFORE_DEEDS.sub("", opening) or capitalized(_mention(Appearance(facts.kind, facts.top)))
    waiting = [(f"{partner.verb}:{partner.role}", partner.appearance) for partner in facts.partners]
    deeds = []
    for event in events:
        partner = next((entry for entry in waiting if entry[0] == event), None)
        if partner is not None:
            waiting.remove(partner)
        deeds.append(_deed(event, partner[1] if partner else Appearance("")))
    return f"{head} {_in_order(deeds)}." if deeds else f"{head}."


def deed_words(event: str) -> str:
    """The first phrase of the lexicon for an event, without its partner.

    Args:
        event: as in `CaptionFacts.events`.

    Returns:
        Such as "pushes".
    """
    verb, colon, role = event.partition(":")
    if not colon:
        return ACTIONS[event][0].finite
    phrase = VERBS[verb].from_side(role)[0]
    return f"{phrase.finite} {phrase.tail}".strip()


def tell_video(scene: str, people: int, relations: Sequence[Relation], actions: Sequence[Action]) -> str:
    """A video's caption.

    Args:
        scene: a key of SCENES; another one is not told.
        people: how many there are.
        relations: who does what to whom.
        actions: who does what alone.

    Returns:
        A sentence for the place and the number of people, and one for each relation and action.
    """
    place = SCENES[scene][0] if scene in SCENES else "in the video"
    sentences = [f"{_number(people)} {place}"]
    sentences += [_relation(relation) for relation in relations]
    sentences += [f"{_mention(action.person)} {_deed(action.action, Appearance(''))}" for action in actions]
    return " ".join(f"{capitalized(sentence)}." for sentence in sentences)


def count_corrected(caption: str, people: int) -> str:
    """A video's caption with another number of people.

    Args:
        caption: whose first number is replaced.
        people: how many there are.
    """

    def replace(match: re.Match[str]) -> str:
        told = match.group(0)
        words = _number(people) if told.endswith(("is", "are")) else _number(people).rsplit(" ", 1)[0]
        return capitalized(words) if told[0].isupper() else words

    return _COUNT.sub(replace, caption, count=1)


def _number(people: int) -> str:
    return f"{NUMBERS.get(people, str(people))} {'person is' if people == 1 else 'people are'}"


def _relation(relation: Relation) -> str:
    words, subject, target = VERBS[relation.verb], _mention(relation.subject), _mention(relation.object)
    if words.mutual:
        return f"{subject} and {target} {words.plural[0]}"
    phrase = words.subject[0]
    return f"{subject} {phrase.finite} {target}{f' {phrase.tail}' if phrase.tail else ''}"


def _deed(event: str, partner: Appearance) -> str:
    """An action, or an interaction with its partner."""
    verb, colon, role = event.partition(":")
    if not colon:
        return ACTIONS[event][0].finite
    phrase = VERBS[verb].from_side(role)[0]
    return f"{phrase.finite} {_mention(partner)}{f' {phrase.tail}' if phrase.tail else ''}"


def _mention(person: Appearance) -> str:
    if not person.kind:
        return "somebody"
    clothes = f" in {with_article(person.top)} top" if person.top else ""
    return f"{with_article(KINDS[person.kind][0])}{clothes}"


def _in_order(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', then '.join(parts[:-1])}, and finally {parts[-1]}"
