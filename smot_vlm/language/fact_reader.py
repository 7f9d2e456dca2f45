"""The reader that finds facts in a caption.

It knows the phrases of `caption_lexicon` and nothing else: it finds exactly what a caption states, in any text, and never
fails.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from smot_vlm.language import caption_lexicon as lexicon
from smot_vlm.language.fact_records import Action, Appearance, CaptionFacts, Deed, PartnerFact, Relation


def read_facts(caption: str) -> CaptionFacts:
    """The facts that a caption states.

    Args:
        caption: any text; unknown words are passed over.

    Returns:
        Its facts.
    """
    parser = _Parser()
    for match in _PATTERN.finditer(re.sub(r"\s+", " ", str(caption)).lower()):
        parser.take(match)
    return parser.facts()


def read_deeds(caption: str) -> tuple[Deed, ...]:
    """What a caption says is done, and where it says so.

    Args:
        caption: any text, with single blanks.

    Returns:
        In the order of the text; nothing of a text whose lower case is longer or shorter.
    """
    text = str(caption).lower()
    if len(text) != len(caption):
        return ()
    parser = _Parser()
    for match in _PATTERN.finditer(text):
        parser.take(match)
    parser.facts()
    return tuple(
        Deed(
            told.start,
            told.end,
            told.action,
            told.role,
            told.actor.appearance(),
            told.partner.appearance() if told.partner else Appearance(""),
            told.actor is parser.main or (told.role == "mutual" and told.partner is parser.main),
            told.sentence,
        )
        for told in parser.deeds
    )


def start_of_deeds(caption: str) -> int:
    """Where the first action or interaction is told.

    Args:
        caption: any text, with single blanks.

    Returns:
        Its position; the length of the text where there is none.
    """
    for match in _PATTERN.finditer(str(caption).lower()):
        if match.lastgroup == "phrase" and _PHRASE_OF[match.group(0)][0] in ("action", "verb", "plural"):
            return match.start()
    return len(caption)


def event_label(verb: str, role: str) -> str:
    """An interaction's name in `TrackFacts.events`.

    Args:
        verb: its label.
        role: subject, object or mutual.

    Returns:
        Such as "push.v.01:subject".
    """
    return f"{verb}:{role}"


def is_mutual(verb: str) -> bool:
    """Whether both sides of an interaction do the same; of a verb without words it is not known, and false.

    Args:
        verb: its label.
    """
    return verb in lexicon.VERBS and lexicon.VERBS[verb].mutual


def relation_of(subject: Appearance, verb: str, target: Appearance) -> Relation:
    """Who does what to whom, with the two sides of a mutual verb in sorted order.

    Args:
        subject: who acts.
        verb: its label.
        target: on whom.

    Returns:
        The relation.
    """
    if is_mutual(verb) and target < subject:
        subject, target = target, subject
    return Relation(subject, verb, target)


@dataclass
class _Mention:
    kind: str = ""
    top: str = ""
    bottom: str = ""
    accessories: list[str] = field(default_factory=list)

    def appearance(self) -> Appearance:
        """As the record that facts hold."""
        return Appearance(self.kind, self.top, self.bottom)


@dataclass
class _Told:
    """A deed while it is read."""

    start: int
    end: int
    actor: _Mention
    action: str
    role: str = ""
    partner: _Mention | None = None
    sentence: int = 0


@dataclass
class _Parser:
    """Goes over the known phrases of a caption: people, what they wear, what they do, to whom."""

    main: _Mention = field(default_factory=_Mention)  # the first person mentioned, whom the caption is about
    current: _Mention | None = None  # whom clothes belong to
    subject: _Mention | None = None  # who acts
    before: _Mention | None = None  # who was mentioned before the subject
    pending: tuple[_Mention, str, str] | None = None  # a verb that waits for its partner
    mentioned: list[_Mention] = field(default_factory=list)
    actions: list[tuple[_Mention, str]] = field(default_factory=list)
    links: list[tuple[_Mention, str, str, _Mention | None]] = field(default_factory=list)
    deeds: list[_Told] = field(default_factory=list)
    people_at: tuple[int, int] = (0, 0)  # where the last two who act are named
    place: tuple[int, int] = (0, 0)  # of the phrase in hand
    events: list[str] = field(default_factory=list)
    scene: str = ""
    count: int = 0

    def take(self, match: re.Match[str]) -> None:
        """Go on by one known phrase."""
        text = match.group(0)
        self.place = match.span()
        if match.lastgroup == "person":
            self._person(text.startswith("the "), _KIND_OF[match.group("kind")])
        elif match.lastgroup == "cloth":
            self._cloth(_COLOUR_OF[match.group("colour")], match.group("garment"))
        elif match.lastgroup == "pronoun":
            self._end_verb()
            self.subject = self.current = self.main
        elif match.lastgroup == "count":
            self.count = self.count or _NUMBER_OF[match.group("number")]
        else:
            self._phrase(*_PHRASE_OF[text])

    def facts(self) -> CaptionFacts:
        """What was stated, at the end of the text."""
        self._end_verb()
        main = self.main
        partners = []
        for actor, verb, role, partner in self.links:
            if actor is main:
                partners.append(PartnerFact(verb, role, partner.appearance() if partner else Appearance("")))
            elif role == "mutual" and partner is main:
                partners.append(PartnerFact(verb, role, actor.appearance()))
        relations = []
        for actor, verb, role, partner in self.links:
            if partner is not None:
                subject, target = (partner, actor) if role == "object" else (actor, partner)
                relations.append(relation_of(subject.appearance(), verb, target.appearance()))
        return CaptionFacts(
            kind=main.kind,
            top=main.top,
            bottom=main.bottom,
            accessories=tuple(main.accessories),
            actions=tuple(action for actor, action in self.actions if actor is main),
            partners=tuple(partners),
            events=tuple(self.events),
            scene=self.scene,
            count=self.count,
            relations=tuple(relations),
            person_actions=tuple(Action(actor.appearance(), action) for actor, action in self.actions),
        )

    def _person(self, definite: bool, kind: str) -> None:
        mention = self._known(kind) if definite else None
        if mention is None:
            mention = self.main if not self.main.kind and not self.mentioned else _Mention()
            mention.kind = kind
            self.mentioned.append(mention)
        if self.pending is not None:
            self.links.append((*self.pending, mention))
            self.deeds[-1].partner = mention
            self.deeds[-1].end = self.place[1]
            self.pending = None
        else:
            self.before, self.subject = self.subject, mention
            self.people_at = (self.people_at[1], self.place[0])
        self.current = mention

    def _known(self, kind: str) -> _Mention | None:
        """The last person of this kind who was mentioned, other than who acts."""
        acting = self.pending[0] if self.pending else None
        return next((one for one in reversed(self.mentioned) if one.kind == kind and one is not acting), None)

    def _cloth(self, colour: str, garment: str) -> None:
        person = self.current or self.main
        if self.deeds and self.deeds[-1].partner is person and self.subject is not person:
            self.deeds[-1].end = self.place[1]
        if garment in _TOP_WORDS:
            person.top = person.top or colour
        else:
            person.bottom = person.bottom or colour

    def _phrase(self, category: str, value: str, role: str) -> None:
        actor = self.subject or self.main
        if category == "scene":
            self.scene = self.scene or value
            return
        if category == "accessory":
            person = self.current or self.main
            if value not in person.accessories:
                person.accessories.append(value)
            return
        self._end_verb()
        if category == "action":
            self.actions.append((actor, value))
            self._tell(self.people_at[1], actor, value)
        elif category == "plural":
            self.links.append((self.before or self.main, value, "mutual", actor))
            self._tell(self.people_at[0], self.before or self.main, value, "mutual", actor)
            return
        else:
            self.pending = (actor, value, role)
            self._tell(self.people_at[1], actor, value, role)
        if actor is self.main:
            self.events.append(event_label(value, role) if role else value)

    def _tell(
        self, named_at: int, actor: _Mention, action: str, role: str = "", partner: _Mention | None = None
    ) -> None:
        """A deed begins with its own phrase, and its sentence with who does it, if that is newly named."""
        start, end = self.place
        is_new = named_at >= (self.deeds[-1].end if self.deeds else 0)
        self.deeds.append(_Told(start, end, actor, action, role, partner, sentence=named_at if is_new else start))

    def _end_verb(self) -> None:
        """A verb whose partner was never mentioned still counts as stated."""
        if self.pending is not None:
            self.links.append((*self.pending, None))
            self.pending = None


def _invert(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words}


def _phrases() -> dict[str, tuple[str, str, str]]:
    """Every phrase of the lexicon with what it stands for: (category, value, role)."""
    table: dict[str, tuple[str, str, str]] = {}
    for scene, words in lexicon.SCENES.items():
        table |= dict.fromkeys(words, ("scene", scene, ""))
    for accessory, words in lexicon.ACCESSORIES.items():
        table |= dict.fromkeys(words, ("accessory", accessory, ""))
    for action, phrases in lexicon.ACTIONS.items():
        table |= {form: ("action", action, "") for phrase in phrases for form in (phrase.finite, phrase.gerund)}
    for verb, verb_phrases in lexicon.VERBS.items():
        for role in ("mutual",) if verb_phrases.mutual else ("subject", "object"):
            for phrase in verb_phrases.from_side(role):
                table |= dict.fromkeys((phrase.finite, phrase.gerund), ("verb", verb, role))
        table |= dict.fromkeys(verb_phrases.plural, ("plural", verb, "mutual"))
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
