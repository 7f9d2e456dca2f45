"""Rules as sentences, read and written; `help_text.GRAMMAR` says how they are made."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from smot_vlm.formats.documents import shown
from smot_vlm.language.known_words import ALL_WORDS
from smot_vlm.rules.parts import ANYONE, Clothes, Hours, Rule, Who, read_time_of_day, time_of_day

LONGEST_SENTENCE = 500
# Every word that some model may know; which of them the loaded one knows is checked later.
WORDS = ALL_WORDS
_MOST_WORDS = 3
_ARTICLES = ("a", "an", "the", "another", "some", "other")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
_TIME = re.compile(r"(\d+(?:\.\d*)?(?:e-?\d+)?)([a-z]*)", re.ASCII)


def read_sentence(text: str, name: str = "") -> Rule:
    """Read a rule.

    Args:
        text: a sentence.
        name: what events call the rule; empty for the sentence.

    Returns:
        The rule, its words as they stand.

    Raises:
        ValueError: not of the form above, or a word that no model knows, with the nearest ones.
    """
    if not text.strip() or len(text) > LONGEST_SENTENCE or not text.isprintable():
        raise ValueError(f"rule {shown(text)}; write a sentence such as 'anyone pushes anyone for 1s'")
    try:
        return _Reader(text.split()).rule(name)
    except ValueError as error:
        raise ValueError(f"rule {shown(' '.join(text.split()))}: {error}") from None


def write_sentence(rule: Rule) -> str:
    """The inverse of `read_sentence`, without the name.

    Args:
        rule: any.

    Returns:
        One sentence.
    """
    parts = [write_who(rule.who), rule.deed, write_who(rule.whom) if rule.whom is not None else ""]
    if rule.zone:
        parts.append(f"{'outside' if rule.outside else 'in'} zone {rule.zone}")
    if rule.seconds:
        parts.append(f"for {str(rule.seconds).removesuffix('.0')}s")
    if rule.hours is not None:
        parts.append(f"between {time_of_day(rule.hours.start)} and {time_of_day(rule.hours.end)}")
    return " ".join(part for part in parts if part)


def read_who(text: str) -> Who:
    """Read which people are meant.

    Args:
        text: such as `man in red shirt with hat`.

    Returns:
        Them.

    Raises:
        ValueError: another form, or a word that no model knows.
    """
    reader = _Reader(text.split())
    who = reader.who()
    reader.end()
    return who


def write_who(who: Who) -> str:
    """The inverse of `read_who`.

    Args:
        who: any.

    Returns:
        Without articles.
    """
    told = [who.kind or ANYONE[0]]
    if who.clothes:
        told.append("in " + " and ".join(f"{worn.colour} {worn.garment}".strip() for worn in who.clothes))
    if who.has:
        told.append("with " + " and ".join(who.has))
    return " ".join(told)


def nearest(word: str, known: Collection[str]) -> str:
    """The known words that are most like one.

    Args:
        word: that is not known.
        known: those that are.

    Returns:
        At most three of them.
    """
    return ", ".join(get_close_matches(word, sorted(known), n=3, cutoff=0.0))


class _Reader:
    """Goes over the words of a sentence.

    Args:
        words: as they stand.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._written = list(words)
        self._words = [word.lower() for word in words]
        self._place = 0

    def rule(self, name: str) -> Rule:
        who = self.who()
        deed = self._deed()
        whom = self.who() if deed and self._begins_person(self._place) else None
        zone, outside, seconds, hours = "", False, 0.0, None
        while self._place < len(self._words):
            if self._is_zone(self._place):
                zone, outside = self._zone(zone)
            elif self._is_time(self._place):
                seconds = self._time(seconds)
            elif self._is_hours(self._place):
                hours = self._hours(hours)
            else:
                self.end()
        return Rule(who, deed, whom, zone, outside, seconds, hours, name)

    def end(self) -> None:
        if self._place < len(self._words):
            rest = " ".join(self._words[self._place :])
            raise ValueError(f"{shown(rest)} cannot be read here; write WHO DEED WHOM in zone NAME for TIME")

    def who(self) -> Who:
        self._skip_articles()
        known = (*ANYONE, *WORDS.kinds)
        kind = self._known_at(self._place, known)
        word = self._take("who it is about (anyone, man ...)", kind)
        if not kind:
            raise ValueError(f"{shown(word)} is nobody that a model knows; nearest: {nearest(word, known)}")
        clothes: list[Clothes] = []
        has: list[str] = []
        while True:
            if self._at("else"):
                self._place += 1
            elif (self._at("in") and not self._is_zone(self._place)) or self._at("wearing"):
                self._place += 1
                clothes.append(self._clothes())
                while self._at("and") and self._begins(self._place + 1, (WORDS.colours, WORDS.garments)):
                    self._place += 1
                    clothes.append(self._clothes())
            elif self._at("with") or (self._at("and") and self._at("with", 1)):
                self._place += 2 if self._at("and") else 1
                has.append(self._thing())
                while self._at("and") and not self._at("with", 1):
                    self._place += 1
                    has.append(self._thing())
            else:
                return Who("" if word in ANYONE else word, tuple(clothes), tuple(has))

    def _clothes(self) -> Clothes:
        self._skip_articles()
        word = self._take("a colour or a garment")
        if word in WORDS.colours:
            is_garment = self._place < len(self._words) and self._words[self._place] in WORDS.garments
            return Clothes(word, self._take("a garment") if is_garment else "")
        if word in WORDS.garments:
            return Clothes("", word)
        known = (*WORDS.colours, *WORDS.garments)
        raise ValueError(f"{shown(word)} is no colour or garment that a model knows; nearest: {nearest(word, known)}")

    def _thing(self) -> str:
        self._skip_articles()
        thing = self._known_at(self._place, WORDS.has)
        word = self._take("a thing", thing)
        if thing:
            return thing
        raise ValueError(
            f"{shown(word)} is nothing worn or carried that a model knows; nearest: {nearest(word, WORDS.has)}"
        )

    def _deed(self) -> str:
        start = self._place
        while self._place < len(self._words) and not (
            self._is_zone(self._place)
            or self._is_time(self._place)
            or self._is_hours(self._place)
            or (self._place > start and self._begins_person(self._place))
        ):
            self._place += 1
        return " ".join(self._words[start : self._place])

    def _zone(self, before: str) -> tuple[str, bool]:
        if before:
            raise ValueError("two zones; a rule has one")
        outside = self._at("outside")
        while not self._at("zone"):
            self._place += 1
        self._place += 2
        if self._place > len(self._words):
            raise ValueError("a zone without its name; write in zone NAME")
        return self._written[self._place - 1], outside

    def _time(self, before: float) -> float:
        if before:
            raise ValueError("two lengths of time; a rule has one")
        match = _TIME.fullmatch(self._words[self._place + 1])
        assert match is not None, "it was looked at"
        number, unit = match.groups()
        self._place += 2
        if not unit:
            unit = self._take("a unit of time (s, min, h)")
        if unit not in _UNITS:
            raise ValueError(f"{shown(unit)} is no unit of time; give s, min or h")
        return float(number) * _UNITS[unit]

    def _hours(self, before: Hours | None) -> Hours:
        if before is not None:
            raise ValueError("hours are given twice; a rule has them once")
        self._place += 1
        start = read_time_of_day(self._take("a time of day"))
        if self._take("and and a second time of day") != "and":
            raise ValueError("hours of another form; write between 22:00 and 06:00")
        return Hours(start, read_time_of_day(self._take("a second time of day")))

    def _is_zone(self, place: int) -> bool:
        ahead = self._words[place : place + 3]
        if ahead[:1] == ["outside"]:
            return "zone" in ahead[1:] and ahead[1:] != ["of"] and (ahead[1] == "zone" or ahead[1] == "of")
        return (
            len(ahead) > 1
            and ahead[0] in ("in", "inside", "at")
            and (ahead[1] == "zone" or ahead[1:3] == ["the", "zone"])
        )

    def _is_time(self, place: int) -> bool:
        words = self._words
        return words[place] == "for" and place + 1 < len(words) and _TIME.fullmatch(words[place + 1]) is not None

    def _is_hours(self, place: int) -> bool:
        return self._words[place] == "between"

    def _begins_person(self, place: int) -> bool:
        return self._begins(place, (ANYONE, WORDS.kinds))

    def _begins(self, place: int, known: Sequence[Collection[str] | Mapping[str, object]]) -> bool:
        while place < len(self._words) and self._words[place] in _ARTICLES:
            place += 1
        return any(self._known_at(place, words) for words in known)

    def _known_at(self, place: int, known: Collection[str] | Mapping[str, object]) -> str:
        """The longest known phrase that begins at a word; empty for none."""
        ends = range(min(place + _MOST_WORDS, len(self._words)), place, -1)
        phrases = (" ".join(self._words[place:end]) for end in ends)
        return next((phrase for phrase in phrases if phrase in known), "")

    def _skip_articles(self) -> None:
        while self._place < len(self._words) and self._words[self._place] in _ARTICLES:
            self._place += 1

    def _at(self, word: str, ahead: int = 0) -> bool:
        place = self._place + ahead
        return place < len(self._words) and self._words[place] == word

    def _take(self, what: str, phrase: str = "") -> str:
        """The next word, or a phrase that is known to stand there."""
        if self._place >= len(self._words):
            raise ValueError(f"it ends where {what} should follow")
        taken = phrase or self._words[self._place]
        self._place += len(taken.split())
        return taken
