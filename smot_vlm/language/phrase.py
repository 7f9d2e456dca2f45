"""Phrases of verbs and their forms: what the caption writer puts into a sentence and the fact reader finds there."""

import re
from dataclasses import dataclass

# The -ing form of first words, or of whole phrases, that follow no rule.
_IRREGULAR = {
    "is": "being",
    "quarrels": "quarrelling",
    "keeps clapping": "clapping again and again",
    "tumbles down and lies there": "tumbling down and lying there",
}


@dataclass(frozen=True)
class Phrase:
    """One phrase for an action or an interaction.

    Attributes:
        finite: third person ("leads").
        gerund: -ing form ("leading").
        tail: what follows the partner's mention ("by the hand").
    """

    finite: str
    gerund: str
    tail: str = ""


@dataclass(frozen=True)
class VerbPhrases:
    """Phrases for an interaction, from its subject's and from its object's side.

    Attributes:
        subject: with the subject as the grammatical subject; of both sides where the interaction is mutual.
        object: with the object as the grammatical subject; none where the interaction is mutual.
        plural: of mutual interactions only ("two people shake hands").
    """

    subject: tuple[Phrase, ...]
    object: tuple[Phrase, ...] = ()
    plural: tuple[str, ...] = ()

    @property
    def mutual(self) -> bool:
        """Whether both do the same."""
        return bool(self.plural)

    @property
    def sides(self) -> tuple[str, ...]:
        """The roles of the two: "mutual", or "subject" and "object"."""
        return ("mutual",) if self.mutual else ("subject", "object")

    def from_side(self, role: str) -> tuple[Phrase, ...]:
        """The phrases that have one of the two as their grammatical subject.

        Args:
            role: "subject", "object" or "mutual".

        Returns:
            One or more phrases.
        """
        return self.object if role == "object" else self.subject


def phrases(*texts: str) -> tuple[Phrase, ...]:
    """Phrases with all their forms.

    Args:
        texts: in the third person, "..." in the partner's place where something follows ("leads ... by the hand").

    Returns:
        One phrase for each.
    """
    parts = (text.partition(" ... ") for text in texts)
    return tuple(Phrase(finite, _gerund(finite), tail) for finite, _, tail in parts)


def _gerund(finite: str) -> str:
    """The -ing form: "walks to the left" becomes "walking to the left"."""
    if finite in _IRREGULAR:
        return _IRREGULAR[finite]
    word, blank, rest = finite.partition(" ")
    if word in _IRREGULAR:
        return f"{_IRREGULAR[word]}{blank}{rest}"
    stem = re.sub(r"(?<=[sx])es$|(?<=[sc]h)es$|s$", "", re.sub(r"ies$", "ys", word))
    if re.fullmatch(r"[^aeiou]*[aeiou][bdgmnpt]", stem):  # one short syllable: run, hug, clap
        stem += stem[-1]
    return f"{re.sub(r'(?<=[^e])e$', '', stem)}ing{blank}{rest}"
