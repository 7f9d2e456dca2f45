"""The reader that finds facts in a caption's words.

It knows the wordings of `lexicon` and nothing else: it finds exactly what a caption says, in any text, and never fails.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from smot_vlm.synthetic.facts import CaptionFacts, Deed, Looks, PartnerFact, event_label, relation_of
from smot_vlm.synthetic.language import lexicon


def read_facts(caption: str) -> CaptionFacts:
    """The facts that a caption says, for any text; unknown words are passed over."""
    reading = _Reading()
    for match in _PATTERN.finditer(re.sub(r"\s+", " ", str(caption)).lower()):
        reading.take(match)
    return reading.facts()


@dataclass
class _Mention:
    kind: str = ""
    top: str = ""
    bottom: str = ""
    accessories: list[str] = field(default_factory=list)

    def looks(self) -> Looks:
        """As the record that facts hold."""
        return Looks(self.kind, self.top, self.bottom)


@dataclass
class _Reading:
    """Walks over the known phrases of a caption: people, what they wear, what they do, to whom."""

    me: _Mention = field(default_factory=_Mention)
    current: _Mention | None = None  # whom clothes belong to
    subject: _Mention | None = None  # who acts
    before: _Mention | None = None  # who was mentioned before the subject
    pending: tuple[_Mention, str, str] | None = None  # a verb that waits for its partner
    mentioned: list[_Mention] = field(default_factory=list)
    deeds: list[tuple[_Mention, str]] = field(default_factory=list)
    links: list[tuple[_Mention, str, str, _Mention | None]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    scene: str = ""
    count: int = 0

    def take(self, match: re.Match[str]) -> None:
        """Go on by one known phrase."""
        text = match.group(0)
        if match.lastgroup == "person":
            self._person(text.startswith("the "), _KIND_OF[match.group("kind")])
        elif match.lastgroup == "cloth":
            self._cloth(_COLOUR_OF[match.group("colour")], match.group("garment"))
        elif match.lastgroup == "pronoun":
            self._end_verb()
            self.subject = self.current = self.me
        elif match.lastgroup == "count":
            self.count = self.count or _NUMBER_OF[match.group("number")]
        else:
            self._phrase(*_PHRASE_OF[text])

    def facts(self) -> CaptionFacts:
        """What was said, at the end of the text."""
        self._end_verb()
        me = self.me
        partners = []
        for actor, verb, role, partner in self.links:
            if actor is me:
                partners.append(PartnerFact(verb, role, partner.looks() if partner else Looks("")))
            elif role == "mutual" and partner is me:
                partners.append(PartnerFact(verb, role, actor.looks()))
        relations = [
            relation_of(b.looks(), verb, a.looks()) if role == "object" else relation_of(a.looks(), verb, b.looks())
            for a, verb, role, b in self.links
            if b is not None
        ]
        return CaptionFacts(
            kind=me.kind,
            top=me.top,
            bottom=me.bottom,
            accessories=tuple(me.accessories),
            actions=tuple(action for actor, action in self.deeds if actor is me),
            partners=tuple(partners),
            events=tuple(self.events),
            scene=self.scene,
            count=self.count,
            relations=tuple(relations),
            deeds=tuple(Deed(actor.looks(), action) for actor, action in self.deeds),
        )

    def _person(self, definite: bool, kind: str) -> None:
        mention = self._known(kind) if definite else None
        if mention is None:
            mention = self.me if not self.me.kind and not self.mentioned else _Mention()
            mention.kind = kind
            self.mentioned.append(mention)
        if self.pending is not None:
            actor, verb, role = self.pending
            self.links.append((actor, verb, role, mention))
            self.pending = None
        else:
            self.before, self.subject = self.subject, mention
        self.current = mention

    def _known(self, kind: str) -> _Mention | None:
        """The last person of this kind who was mentioned, other than who acts."""
        acting = self.pending[0] if self.pending else None
        return next((one for one in reversed(self.mentioned) if one.kind == kind and one is not acting), None)

    def _cloth(self, colour: str, garment: str) -> None:
        who = self.current or self.me
        if garment in _TOP_WORDS:
            who.top = who.top or colour
        else:
            who.bottom = who.bottom or colour

    def _phrase(self, sort: str, value: str, role: str) -> None:
        actor = self.subject or self.me
        if sort == "scene":
            self.scene = self.scene or value
        elif sort == "accessory":
            who = self.current or self.me
            if value not in who.accessories:
                who.accessories.append(value)
        elif sort == "action":
            self._end_verb()
            self.deeds.append((actor, value))
            if actor is self.me:
                self.events.append(value)
        elif sort == "plural":
            self._end_verb()
            self.links.append((self.before or self.me, value, "mutual", actor))
        else:
            self._end_verb()
            self.pending = (actor, value, role)
            if actor is self.me:
                self.events.append(event_label(value, role))

    def _end_verb(self) -> None:
        """A verb whose partner was never mentioned still counts as said."""
        if self.pending is not None:
            self.links.append((*self.pending, None))
            self.pending = None


def _invert(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words}


def _phrases() -> dict[str, tuple[str, str, str]]:
    """Every phrase of the lexicon with what it stands for: (sort, value, role)."""
    table: dict[str, tuple[str, str, str]] = {}
    for scene, words in lexicon.SCENES.items():
        table |= dict.fromkeys(words, ("scene", scene, ""))
    for accessory, words in lexicon.ACCESSORIES.items():
        table |= dict.fromkeys(words, ("accessory", accessory, ""))
    for action, phrases in lexicon.ACTIONS.items():
        table |= {form: ("action", action, "") for phrase in phrases for form in (phrase.finite, phrase.gerund)}
    for verb, words_of in lexicon.VERBS.items():
        for role in ("mutual",) if words_of.mutual else ("subject", "object"):
            for phrase in words_of.told_by(role):
                table |= dict.fromkeys((phrase.finite, phrase.gerund), ("verb", verb, role))
        table |= dict.fromkeys(words_of.plural, ("plural", verb, "mutual"))
    return table


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_KIND_OF = _invert(lexicon.KINDS)
_COLOUR_OF = _invert(lexicon.COLOURS)
_NUMBER_OF = {word: number for number, word in lexicon.NUMBERS.items()}
_TOP_WORDS = frozenset(word for words in lexicon.TOPS.values() for word in words)
_BOTTOM_WORDS = frozenset(word for words in lexicon.BOTTOMS.values() for word in words)
_PHRASE_OF = _phrases()
_PATTERN = re.compile(
    r"\b(?:"
    rf"(?P<phrase>{_any_of(_PHRASE_OF)})"
    rf"|(?P<person>(?:(?:an?|the other|the|another|one) )?(?P<kind>{_any_of(_KIND_OF)}))"
    rf"|(?P<cloth>(?P<colour>{_any_of(_COLOUR_OF)}) (?P<garment>{_any_of(_TOP_WORDS | _BOTTOM_WORDS)}))"
    rf"|(?P<count>(?P<number>{_any_of(_NUMBER_OF)}) (?:people|person))"
    r"|(?P<pronoun>he|she)"
    r")\b"
)
