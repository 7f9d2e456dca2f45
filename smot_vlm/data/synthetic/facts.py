"""The facts of a sequence as records and as JSON, and the reader that finds facts in a caption's words.

The reader knows the wordings of `lexicon` and nothing else: it finds exactly what a caption says, in any text, and never fails.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from smot_vlm.data.synthetic import lexicon

SCHEMA = "smot-vlm/synthetic-facts/1"


class Looks(NamedTuple):
    """How a person is described: kind and clothes' colours; "" where nothing is said."""

    kind: str
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True)
class PartnerFact:
    """An interaction seen from one side. role: subject, object or mutual. key: the partner's name in files, "" if unknown."""

    verb: str
    role: str
    looks: Looks
    key: str = ""


@dataclass(frozen=True)
class TrackFacts:
    """All that a person's caption says.

    key: name in the caption and graph files (man0, woman1 ...). actions: what is done alone, in order of time.
    partners: interactions in order of time. events: both in one order; an interaction reads "push.v.01:subject".
    """

    key: str
    id: int
    kind: str
    top: str
    bottom: str
    accessories: tuple[str, ...]
    actions: tuple[str, ...]
    partners: tuple[PartnerFact, ...]
    events: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """Who does what to whom, by their looks. Mutual relations have their two sides in sorted order."""

    subject: Looks
    verb: str
    object: Looks


@dataclass(frozen=True)
class Deed:
    """Who does what alone, by looks."""

    who: Looks
    action: str


@dataclass(frozen=True)
class VideoFacts:
    """All that the video's caption says: place, number of people, who does what (to whom)."""

    scene: str
    count: int
    relations: tuple[Relation, ...]
    deeds: tuple[Deed, ...]


@dataclass(frozen=True)
class SequenceFacts:
    """Everything that is told of one sequence: the content of facts.json."""

    name: str
    seed: int
    split: str
    fps: float
    video: VideoFacts
    tracks: tuple[TrackFacts, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, with the schema's name."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "SequenceFacts":
        """The inverse of `to_dict`.

        Raises:
            ValueError: another schema, or a field that is missing.
        """
        schema = content.get("schema") if isinstance(content, dict) else None
        if schema != SCHEMA:
            raise ValueError(f"schema is {schema!r}; this version reads {SCHEMA!r}")
        try:
            video = content["video"]
            return cls(
                content["name"],
                content["seed"],
                content["split"],
                content["fps"],
                VideoFacts(
                    video["scene"],
                    video["count"],
                    tuple(
                        Relation(Looks(*edge["subject"]), edge["verb"], Looks(*edge["object"]))
                        for edge in video["relations"]
                    ),
                    tuple(Deed(Looks(*deed["who"]), deed["action"]) for deed in video["deeds"]),
                ),
                tuple(_track_from(track) for track in content["tracks"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"a field is missing or of the wrong kind ({error})") from None


@dataclass(frozen=True)
class CaptionFacts:
    """What a caption says. kind, top, bottom, accessories: of the first person mentioned; "" where nothing is said.

    actions, partners, events: of that person, in order of mention. scene "" and count 0 where nothing is said.
    relations, deeds: of everybody.
    """

    kind: str = ""
    top: str = ""
    bottom: str = ""
    accessories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    partners: tuple[PartnerFact, ...] = ()
    events: tuple[str, ...] = ()
    scene: str = ""
    count: int = 0
    relations: tuple[Relation, ...] = ()
    deeds: tuple[Deed, ...] = ()


def event_label(verb: str, role: str) -> str:
    """An interaction's name in `TrackFacts.events`."""
    return f"{verb}:{role}"


def relation_of(subject: Looks, verb: str, object_: Looks) -> Relation:
    """The relation, with the two sides of a mutual verb in sorted order."""
    mutual = verb in lexicon.VERBS and lexicon.VERBS[verb].mutual
    if mutual and object_ < subject:
        subject, object_ = object_, subject
    return Relation(subject, verb, object_)


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
        table |= {word: ("scene", scene, "") for word in words}
    for accessory, words in lexicon.ACCESSORIES.items():
        table |= {word: ("accessory", accessory, "") for word in words}
    for action, phrases in lexicon.ACTIONS.items():
        table |= {form: ("action", action, "") for phrase in phrases for form in (phrase.finite, phrase.gerund)}
    for verb, words_of in lexicon.VERBS.items():
        for role in ("mutual",) if words_of.mutual else ("subject", "object"):
            for phrase in words_of.told_by(role):
                table |= {form: ("verb", verb, role) for form in (phrase.finite, phrase.gerund)}
        table |= {form: ("plural", verb, "mutual") for form in words_of.plural}
    return table


def _any_of(words) -> str:
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
    rf"|(?P<person>(?:(?:an?|the|another|one) )?(?P<kind>{_any_of(_KIND_OF)}))"
    rf"|(?P<cloth>(?P<colour>{_any_of(_COLOUR_OF)}) (?P<garment>{_any_of(_TOP_WORDS | _BOTTOM_WORDS)}))"
    rf"|(?P<count>(?P<number>{_any_of(_NUMBER_OF)}) (?:people|person))"
    r"|(?P<pronoun>he|she)"
    r")\b"
)


def _track_from(content: dict[str, Any]) -> TrackFacts:
    partners = tuple(
        PartnerFact(partner["verb"], partner["role"], Looks(*partner["looks"]), partner["key"])
        for partner in content["partners"]
    )
    return TrackFacts(
        content["key"],
        content["id"],
        content["kind"],
        content["top"],
        content["bottom"],
        tuple(content["accessories"]),
        tuple(content["actions"]),
        partners,
        tuple(content["events"]),
    )
