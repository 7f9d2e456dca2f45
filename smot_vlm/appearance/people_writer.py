"""Captions of real people, written from what is told of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from smot_vlm.language import people_phrases as phrases
from smot_vlm.language.wording import capitalized, with_article

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
    partners: tuple[str, ...] = ()

    def mention(self) -> str:
        """The person in few words: "a woman in a red jacket"."""
        clothes = f" in {self.clothes.split(' and ')[0]}" if self.clothes else ""
        return f"{with_article(self.noun)}{clothes}"


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
    return f"{capitalized(with_article(person.noun))}{looks}{things}{told}."


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
    opening = f"{capitalized(_counted(people))}{f' {place}' if place else ''}"
    sentences = [opening, *relations]
    if not relations:
        doing = [person for person in people if person.deeds][:3]
        sentences += [f"{person.mention()} {person.deeds[0]}" for person in doing]
    return " ".join(f"{capitalized(sentence)}." for sentence in sentences)


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
    return with_article(noun) if count == 1 else f"{number} {plural}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
