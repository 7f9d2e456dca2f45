"""Captions of a mirrored image: "left" becomes "right" where it is a direction, and stays where it is a verb.

"Left" is also the past of "leave", and "right" also means "correct" or "exactly". A text in which the meaning is
ambiguous is not mirrored at all: a wrong caption does more harm than one augmented image less.
"""

import re
from enum import Enum, auto

_SUFFIX = r"-?(?:most|wards?|hand(?:ed|er|ers)?|foot(?:ed|er)?|side|back|arm(?:ed)?|wing(?:er)?|leg(?:ged)?|most)"
_WORD = re.compile(
    rf"\b(?P<side>left|right)(?P<suffix>{_SUFFIX})?\b|\b(?P<clock>counter-?|anti-?)?clockwise\b", re.IGNORECASE
)
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[^\sa-z]", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OWNERS = _words("the his her their its our your my this that both each")
_PLACES = _words(
    "far very upper lower top bottom extreme own other back front rear middle center centre mid slightly slight hard sharp "
    "sharply outer inner near nearest hand"
)
_SIDES = _words(
    "hand hands arm arms leg legs foot feet side sides shoulder shoulders eye ear knee elbow wrist cheek hip thumb finger "
    "fingers fist edge corner half part end border lane wing sleeve pocket shoe boot glove heel palm thigh ankle breast "
    "chest forearm temple"
)
_MOVES = re.compile(
    r"(?:turn|look|walk|mov|run|runn|lean|fac|glanc|step|stepp|swing|shift|slid|tilt|head|point|bend|go|veer|drift|roll|"
    r"jump|danc|pan|pann|driv|rid|gaz|star|kick|throw|reach|swerv|dodg|hop|hopp|skat|crawl|rac|spin|rotat|pivot)"
    r"(?:e|s|es|ed|ing)?|went|ran|swung|slid|bent|gone"
)
_CORRECT = _words(
    "moment time way thing place person one size amount order answer choice word words angle angles track direction position spot"
)
_FROM_TO = _words("to on at from in toward towards into")
_AFTER_SIDE = _words(
    ". , ; : ) and or but then while as with when before until who which is are was were in behind beside near next"
)
_EXACTLY = _words(
    "now away after before here there next in beside behind beneath under above below on up at through into from over past by"
)
_HELPERS = _words("has have had having is are was were be been being gets got who that he she they it i we you never")
_LEAVES = _words("the a an his her its their him them it alone behind without early together this that for")

_LINKS = _words("and or to , - / then the his her from")


class _Meaning(Enum):
    DIRECTION = auto()
    OTHER = auto()
    UNKNOWN = auto()


def mirror_words(text: str) -> str | None:
    """Rewrite a text for the mirrored image.

    Args:
        text: a caption.

    Returns:
        The text with directions exchanged; None where a "left" or "right" cannot be distinguished from a verb.
    """
    pieces: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        meaning = _meaning(text, match)
        if meaning is _Meaning.UNKNOWN:
            return None
        pieces.append(text[end : match.start()])
        pieces.append(_mirrored(match) if meaning is _Meaning.DIRECTION else match.group())
        end = match.end()
    return "".join([*pieces, text[end:]])


def _mirrored(match: re.Match[str]) -> str:
    if not match["side"]:
        other = "clockwise" if match["clock"] else "counterclockwise"
        return _same_case(match.group(), other)
    other = "right" if match["side"].lower() == "left" else "left"
    return _same_case(match["side"], other) + (match["suffix"] or "")


def _same_case(model: str, word: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word


def _meaning(text: str, match: re.Match[str]) -> _Meaning:
    """The rules are ordered: the first that knows the surroundings decides."""
    if match["suffix"] or not match["side"]:
        return _Meaning.DIRECTION
    before = [""] * 3 + [token.lower() for token in _TOKEN.findall(text[: match.start()][-60:])]
    after = [token.lower() for token in _TOKEN.findall(text[match.end() :][:60])] + [""] * 4
    side = match["side"].lower()
    for rule in (_by_pair, _by_owner, _by_noun, _by_preposition, _by_movement, _by_other_sense):
        meaning = rule(side, before, after)
        if meaning is not None:
            return meaning
    return _Meaning.UNKNOWN


def _by_pair(side: str, before: list[str], after: list[str]) -> _Meaning | None:
    """Decide "left and right", "right-to-left", "(left)"; but not "the man on the right left the room"."""
    other = "right" if side == "left" else "left"
    if before[-1] == "(" and after[0] == ")":
        return _Meaning.DIRECTION
    if side == "left" and after[0] in _LEAVES:
        return None
    if other in after[:4] and _is_link(after[: after.index(other)]):
        return _Meaning.DIRECTION
    return _Meaning.DIRECTION if other in before[-4:] and _is_link(before[_last(before, other) + 1 :]) else None


def _by_owner(side: str, before: list[str], after: list[str]) -> _Meaning | None:
    """Decide "the left", "her far right"; but not "the right moment"."""
    place = len(before) - 1
    while place > 0 and (before[place] in _PLACES or before[place] == "-"):
        place -= 1
    if before[place] not in _OWNERS and not before[place].endswith("'s"):
        return None
    if side == "right" and after[0] in _CORRECT:
        return _Meaning.UNKNOWN
    # "that left the room", "each left": a sentence goes on after a pronoun.
    pronoun = before[place] in {"this", "that", "both", "each"}
    return _Meaning.UNKNOWN if pronoun and after[0] not in _SIDES else _Meaning.DIRECTION


def _by_noun(side: str, before: list[str], after: list[str]) -> _Meaning | None:
    """Decide "left hand", "top left", "left of the door"."""
    if after[:3] in (["hand", "in", "hand"], ["side", "by", "side"], ["arm", "in", "arm"]):
        return _Meaning.UNKNOWN
    if before[-1] in _HELPERS and after[0] not in _SIDES and side == "left":
        return None
    if before[-1] in _PLACES and after[0] not in _LEAVES:
        return _Meaning.DIRECTION
    if after[0] in _SIDES:
        return _Meaning.DIRECTION
    if after[0] == "of":
        return (
            _Meaning.UNKNOWN if before[-1] in _HELPERS or before[-1] in {"'s", "what's", "all"} else _Meaning.DIRECTION
        )
    return None


def _by_preposition(_side: str, before: list[str], after: list[str]) -> _Meaning | None:
    """Decide "on left", "from right"."""
    if before[-1] in _FROM_TO and (after[0] in _AFTER_SIDE or after[0] == ""):
        return _Meaning.DIRECTION
    return None


def _by_movement(side: str, before: list[str], after: list[str]) -> _Meaning | None:
    """Decide "turns left"; but "walks right past him" and "the man he faced left him" could be either."""
    if _MOVES.fullmatch(before[-1]) is None:
        return None
    doubtful = _LEAVES if side == "left" else _EXACTLY | {"to", "against", "along", "across", "out", "off", "down"}
    return _Meaning.UNKNOWN if after[0] in doubtful else _Meaning.DIRECTION


def _by_other_sense(side: str, before: list[str], after: list[str]) -> _Meaning | None:
    """Decide "all right", "right behind her", "has left", "left the room"."""
    if side == "right":
        return _Meaning.OTHER if before[-1] == "all" or after[0] in _EXACTLY else None
    if after[0] in _LEAVES or before[-1] in _HELPERS:
        return _Meaning.OTHER
    return None


def _is_link(tokens: list[str]) -> bool:
    return bool(tokens) and set(tokens) <= _LINKS


def _last(tokens: list[str], token: str) -> int:
    return len(tokens) - 1 - tokens[::-1].index(token)
