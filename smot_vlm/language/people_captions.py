"""One sentence about one person of a picture, put together from what people wrote of it; no word is added."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from smot_vlm.formats.entity_marks import Mark, parse_marks, without_marks
from smot_vlm.language.people_facts import PersonFacts, facts_of_phrases, worn_colours
from smot_vlm.language.people_links import find_links
from smot_vlm.language.people_mentions import is_plural, joined, people_marks

# Words that lead on to what was cut off.
_LEADING_ON = frozenset(
    word
    for words in (
        "and or but while as with when where that which who whom by of to in on at for from near behind",
        "before beside besides between among under over next the a an his her their its is are was were has",
        "have being then so than like into onto towards toward against along around across after another",
        "other",
    )
    for word in words.split()
)
# After these a phrase belongs to what stands before it ("walks with a child").
_TAKING = frozenset(
    word
    for words in ("with to behind beside near of by at for from against towards toward between over like",)
    for word in words.split()
)
_BEFORE_MARKS = re.compile(r"\s+([.,;:!?]|'s\b|n't\b|'re\b|'ve\b|'ll\b|'d\b)")
# How a dressed person's clothes follow the phrase.
_DRESSED = re.compile(r"\s*(in|wearing|dressed in)\s")


@dataclass(frozen=True)
class _Clause:
    """One sentence's words of the person: the name, what follows it, whether that names clothes, and in which words."""

    name: str
    words: str
    clothes: bool
    dress: str
    score: tuple[int, bool, int]


def sentence_of(words: str) -> str:
    """A sentence as it is printed: without spaces before marks, with a capital and a full stop.

    Args:
        words: as captions write them, "A man , in red , walks ."

    Returns:
        "A man, in red, walks."; empty where there is no word.
    """
    text = _BEFORE_MARKS.sub(r"\1", " ".join(words.split())).strip(" ,;:-")
    if not re.search(r"\w", text):
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '."', '!"')) else f"{text}."


def caption_of_person(sentences: Iterable[str], person: int, facts: PersonFacts) -> str:
    """Say in one sentence who a person is, what it wears and does.

    The sentence whose words tell most gives the clause. Where it names no clothes, another sentence's "in a red shirt"
    follows the name.

    Args:
        sentences: of one picture, with marks.
        person: number of the person.
        facts: of the person; chooses the name that agrees with them.

    Returns:
        The sentence; empty where no mention is in the singular.
    """
    clauses = [clause for sentence in sentences for clause in _clauses(sentence, person)]
    if not clauses:
        return ""
    best = max(clauses, key=lambda clause: clause.score)
    dress = "" if best.clothes else max((clause.dress for clause in clauses), key=len)
    return sentence_of(f"{_name(best, clauses, facts)} {dress} {best.words}")


def _clauses(sentence: str, person: int) -> list[_Clause]:
    people = people_marks(sentence)
    found = []
    for place, mark in enumerate(people):
        if mark.entity != person or is_plural(mark.words):
            continue
        first, last = joined(sentence, people, place)
        words = _words(sentence, people, last)
        if words.lstrip().startswith("'s"):
            # What follows is of something that the person has.
            words = ""
        clothes = _clothes(sentence, people, place)
        stated = facts_of_phrases([mark.words], clothes, [words])
        count = sum(len(getattr(stated, entry.name)) for entry in fields(stated) if entry.name != "kinds")
        alone = first == last
        # Who shares a deed is named together: the verb agrees with them.
        name = without_marks(sentence[people[first].start : people[last].end])
        dress = _dress(sentence, people, place) if alone else ""
        score = (count, alone, len(words.split()))
        found.append(_Clause(name, words, bool(clothes) or not alone, dress, score))
    return found


def _words(sentence: str, people: Sequence[Mark], place: int) -> str:
    """What follows a mention: up to the next mention of people, with that one where the words before it lead to it."""
    start = people[place].end
    if place + 1 >= len(people):
        return without_marks(sentence[start:])
    following = people[place + 1]
    before = without_marks(sentence[start : following.start])
    end = before.split()[-1:] or [""]
    linked = find_links([sentence[people[place].start : following.end]])
    if linked or end[0].lower() in _TAKING:
        return f"{before}{following.words}"
    return _without_end(before)


def _without_end(words: str) -> str:
    """Take off words at the end that lead on to what was cut."""
    kept = words.split()
    while kept and (kept[-1].lower() in _LEADING_ON or not re.search(r"\w", kept[-1])):
        kept.pop()
    return " ".join(kept)


def _own_part(sentence: str, people: Sequence[Mark], place: int) -> str:
    end = people[place + 1].start if place + 1 < len(people) else len(sentence)
    return sentence[people[place].end : end]


def _clothes(sentence: str, people: Sequence[Mark], place: int) -> list[str]:
    part = _own_part(sentence, people, place)
    worn = [mark.words for mark in parse_marks(part) if "clothing" in mark.types]
    return worn + worn_colours(without_marks(part))


def _dress(sentence: str, people: Sequence[Mark], place: int) -> str:
    """The words right behind the mention that name what is worn: "in a red shirt and blue jeans"."""
    part = _own_part(sentence, people, place)
    if not _DRESSED.match(part):
        return ""
    end = 0
    for mark in parse_marks(part):
        gap = part[end : mark.start]
        if "clothing" not in mark.types or not (
            _DRESSED.fullmatch(gap) if not end else re.fullmatch(r"[\s,]*(and)?\s*", gap)
        ):
            break
        end = mark.end
    return without_marks(part[:end]).strip()


def _name(best: _Clause, clauses: Sequence[_Clause], facts: PersonFacts) -> str:
    """The clause's own name where it says the kind or several share the clause, else the name most used that does."""
    if not best.score[1]:
        return best.name
    agreeing = [clause.name for clause in clauses if facts_of_phrases([clause.name], (), ()).kinds == facts.kinds]
    if best.name in agreeing or not agreeing:
        return best.name
    return Counter(agreeing).most_common(1)[0][0]
