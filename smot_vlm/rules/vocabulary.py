"""What a model can tell, and rules in its terms: an unknown word is an error that names the nearest known ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smot_vlm.formats.documents import shown
from smot_vlm.language import caption_lexicon
from smot_vlm.language.known_words import KnownWords, third_person
from smot_vlm.rules.parts import Clothes, Rule, Who, Zone
from smot_vlm.rules.sentence import nearest, write_sentence
from smot_vlm.verbs import VERBS

# An attribute as a test sees it: its name and value.
NamedValue = tuple[str, str]
_PREPOSITIONS = ("with", "to", "at", "for", "from", "of", "after", "behind", "beside", "around")


@dataclass(frozen=True)
class Looks:
    """What a person must look like.

    Attributes:
        tests: of each, at least one attribute must be there.
    """

    tests: tuple[frozenset[NamedValue], ...] = ()


@dataclass(frozen=True)
class CheckedRule:
    """A rule in the terms of a model.

    Attributes:
        rule: as it was given.
        name: what events call it.
        who: what who acts must look like.
        whom: the same of the other person.
        verbs: labels of deeds between two people, any of which counts.
        deeds: the same of deeds that are done alone.
        zone: where; None for anywhere.
    """

    rule: Rule
    name: str
    who: Looks
    whom: Looks
    verbs: frozenset[str]
    deeds: frozenset[str]
    zone: Zone | None

    @property
    def needs_words(self) -> bool:
        """Whether it asks what people look like or do alone."""
        return bool(self.who.tests or self.whom.tests or self.deeds)


class Vocabulary:
    """The verbs and words of a model.

    Args:
        verbs: labels of the senses, and phrases of the user's own, that it looks for between two people.
        words: what it tells of one person; None for nothing.
    """

    def __init__(self, verbs: Iterable[str], words: KnownWords | None) -> None:
        self.words = words
        self._verbs: dict[str, tuple[str, ...]] = {}
        lemmas = {verb.label: verb.lemma for verb in VERBS}
        for label in dict.fromkeys(verbs):
            phrases = {label.lower()}
            if label in lemmas:
                phrases |= {lemmas[label], third_person(lemmas[label])}
                told = caption_lexicon.VERBS.get(label)
                phrases |= {phrase.finite for phrase in told.subject} if told else set()
            for phrase in phrases:
                self._verbs[phrase] = (*self._verbs.get(phrase, ()), label)

    @property
    def phrases(self) -> tuple[str, ...]:
        """By which deeds between two people are named."""
        return tuple(self._verbs)

    def check(self, rule: Rule, zones: Mapping[str, Zone]) -> CheckedRule:
        """A rule in the terms of the model.

        Args:
            rule: as it was given.
            zones: by name.

        Returns:
            The rule.

        Raises:
            ValueError: a word that the model does not know, with the nearest that it does, or a zone that is not there.
        """
        sentence = write_sentence(rule)
        try:
            verbs, deeds = self._meaning(rule)
            if rule.zone and rule.zone not in zones:
                there = f"nearest: {nearest(rule.zone, zones)}" if zones else "no zone is given"
                raise ValueError(f"no zone {rule.zone}; {there}")
            who, whom = self._looks(rule.who), self._looks(rule.whom or Who())
        except ValueError as error:
            raise ValueError(f"rule {shown(rule.name or sentence)}: {error}") from None
        return CheckedRule(rule, rule.name or sentence, who, whom, verbs, deeds, zones.get(rule.zone))

    def _meaning(self, rule: Rule) -> tuple[frozenset[str], frozenset[str]]:
        if not rule.deed:
            return frozenset(), frozenset()
        verbs = next((self._verbs[form] for form in _forms(rule.deed) if form in self._verbs), ())
        solo = {} if self.words is None else self.words.deeds
        deeds = () if rule.whom is not None else solo.get(rule.deed, ())
        if verbs or deeds:
            return frozenset(verbs), frozenset(deeds)
        known = [*self._verbs, *(solo if rule.whom is None else ())]
        if rule.whom is not None and rule.deed in solo:
            raise ValueError(
                f"{shown(rule.deed)} is known of what one does alone, not to another; nearest: {nearest(rule.deed, known)}"
            )
        other = " is one of the 335 verbs, but this model did not learn it" if _is_sense(rule.deed) else " is not known"
        spoken = [word for word in known if "." not in word] if "." not in rule.deed else known
        raise ValueError(
            f"the deed {shown(rule.deed)}{other}; nearest: {nearest(rule.deed, spoken or known) or 'none'}"
        )

    def _looks(self, who: Who) -> Looks:
        if who.is_anyone:
            return Looks()
        if self.words is None:
            raise ValueError("this model tells nothing of what people look like that a rule could ask; ask for anyone")
        tests: list[frozenset[NamedValue]] = []
        if who.kind:
            kinds = _known(who.kind, self.words.kinds, "person")
            tests.append(frozenset(("kind", kind) for kind in kinds))
        for worn in who.clothes:
            tests += _worn(worn, self.words)
        for thing in who.has:
            values = _known(thing, self.words.has, "thing worn or carried")
            tests.append(frozenset(("has", value) for value in values))
        return Looks(tuple(tests))


def check_rules(rules: Sequence[Rule], zones: Sequence[Zone], vocabulary: Vocabulary) -> list[CheckedRule]:
    """Rules in the terms of a model.

    Args:
        rules: at least one.
        zones: that they may name.
        vocabulary: of the model.

    Returns:
        In the same order.

    Raises:
        ValueError: no rule, two of one name, two zones of one name, or what `Vocabulary.check` refuses.
    """
    if not rules:
        raise ValueError("no rule is given; give one, such as --rule 'anyone pushes anyone for 1s'")
    names = [zone.name for zone in zones]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"zone {twice[0]} is given twice; give each zone a name of its own")
    checked = [vocabulary.check(rule, {zone.name: zone for zone in zones}) for rule in rules]
    told = [rule.name for rule in checked]
    twice = sorted({name for name in told if told.count(name) > 1})
    if twice:
        raise ValueError(f"rule {shown(twice[0])} is given twice; give each rule a name of its own, or leave one out")
    return checked


def _worn(worn: Clothes, words: KnownWords) -> list[frozenset[NamedValue]]:
    colours = _known(worn.colour, words.colours, "colour") if worn.colour else ()
    if not worn.garment:
        return [frozenset((f"{half}_colour", colour) for half in ("upper", "lower") for colour in colours)]
    upper, lower = _known_garment(worn.garment, words)
    half, value = ("upper", upper) if upper else ("lower", lower)
    tests = [frozenset({(f"{half}_garment", value)})]
    return tests + ([frozenset((f"{half}_colour", colour) for colour in colours)] if colours else [])


def _known(word: str, known: Mapping[str, tuple[str, ...]], what: str) -> tuple[str, ...]:
    if word not in known:
        raise ValueError(f"this model knows no {what} {shown(word)}; nearest: {nearest(word, known)}")
    return known[word]


def _known_garment(word: str, words: KnownWords) -> tuple[str, str]:
    if word not in words.garments:
        raise ValueError(f"this model knows no garment {shown(word)}; nearest: {nearest(word, words.garments)}")
    return words.garments[word]


def _forms(deed: str) -> list[str]:
    """The deed as it stands, and without a preposition at its end: a lemma such as talk has none."""
    first, _, last = deed.rpartition(" ")
    return [deed, first] if last in _PREPOSITIONS and first else [deed]


def _is_sense(deed: str) -> bool:
    return any(form in (verb.label, verb.lemma, third_person(verb.lemma)) for verb in VERBS for form in _forms(deed))
