"""What a question's words for a deed may mean among the deeds that an index holds."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from smot_vlm.language.caption_lexicon import ACTIONS, VERBS
from smot_vlm.language.known_words import third_person
from smot_vlm.language.phrase import Phrase
from smot_vlm.search.words import stems_of
from smot_vlm.verbs import find

Embed = Callable[[Sequence[str]], Float[np.ndarray, "texts dim"]]

_SOMEBODY = "someone"
# A deed whose phrases are so much less like the question's than the likeliest one's is not meant at all.
_MARGIN = 0.2
# Below this likeness nothing that is known is meant.
_LEAST = 0.35


class DeedMeanings:
    """Compares words for deeds with the phrases of known ones, by meaning, or by words where nothing embeds.

    Args:
        embed: makes unit vectors; None: by words.
    """

    def __init__(self, embed: Embed | None) -> None:
        self._embed = embed
        self._vectors: dict[str, Float[np.ndarray, dim]] = {}

    def weights(
        self, deed: str, labels: Sequence[str], *, is_passive: bool = False, has_whom: bool = False
    ) -> Float[np.ndarray, "labels"]:
        """How well each label fits a question's words.

        Args:
            deed: such as "takes a picture of".
            labels: of deeds, those of two people with their role.
            is_passive: the words tell what is done to the one whose deed is asked for.
            has_whom: the deed is one of two people.

        Returns:
            0 to 1; all 0 where none is like it.
        """
        phrases = [phrases_of(_other_side(label) if is_passive else label) for label in labels]
        if has_whom:
            phrases = [some if ":" in label else () for some, label in zip(phrases, labels, strict=True)]
        likeness = self._likeness(self._sentence(deed, has_whom), phrases)
        best = float(likeness.max(initial=0.0))
        if best < _LEAST:
            return np.zeros(len(labels))
        return np.clip(1 - (best - likeness) / _MARGIN, 0, 1)

    def _sentence(self, deed: str, has_whom: bool) -> str:
        return f"{_SOMEBODY} {deed}{f' {_SOMEBODY}' if has_whom else ''}"

    def _likeness(self, sentence: str, phrases: Sequence[Sequence[str]]) -> Float[np.ndarray, "labels"]:
        if self._embed is None:
            return np.array([max((_shared(sentence, text) for text in some), default=0.0) for some in phrases])
        texts = dict.fromkeys(text for some in phrases for text in some)
        fresh = [text for text in texts if text not in self._vectors]
        asked, *vectors = self._embed([sentence, *fresh])
        self._vectors |= dict(zip(fresh, vectors, strict=True))
        return np.array([max((float(self._vectors[text] @ asked) for text in some), default=0.0) for some in phrases])


def phrases_of(label: str) -> tuple[str, ...]:
    """Sentences that tell a deed of somebody.

    Args:
        label: of the deed, with its role where two people take part.

    Returns:
        Such as "someone pushes someone"; none for the other side of a verb that has no phrase for it.
    """
    name, _, role = label.partition(":")
    if not role:
        told = ACTIONS.get(name)
        return tuple(f"{_SOMEBODY} {text}" for text in ([one.finite for one in told] if told else [_plain(name)]))
    if name in VERBS:
        # What is told in the passive is compared in the active voice, since the two are told apart badly by meaning.
        return tuple(_told(phrase) for phrase in VERBS[name].from_side(role) if not phrase.finite.endswith(" by"))
    return () if role == "object" else tuple(f"{_SOMEBODY} {text} {_SOMEBODY}" for text in _lemmas(name))


def _told(phrase: Phrase) -> str:
    return f"{_SOMEBODY} {phrase.finite} {_SOMEBODY} {phrase.tail}".strip()


def _plain(label: str) -> str:
    return third_person(label.replace("_", " "))


def _lemmas(label: str) -> list[str]:
    try:
        return [third_person(sense.lemma) for sense in find(label)]
    except ValueError:
        return [label]


def _other_side(label: str) -> str:
    name, _, role = label.partition(":")
    return f"{name}:{ {'subject': 'object', 'object': 'subject'}.get(role, role) }" if role else label


def _shared(sentence: str, text: str) -> float:
    """The share of common word stems."""
    one, other = stems_of(sentence) - {_SOMEBODY}, stems_of(text) - {_SOMEBODY}
    return len(one & other) / max(1, min(len(one), len(other)))
