"""The form of a wording: what the caption writer puts into a sentence and the fact reader finds there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """One wording of an action or of a verb: third person and -ing form, and what may follow the partner's mention."""

    finite: str
    gerund: str
    tail: str = ""


@dataclass(frozen=True)
class VerbWords:
    """Wordings of an interaction, told from its subject and from its object.

    Mutual interactions have the same wordings on both sides and a plural form ("two people shake hands").
    """

    subject: tuple[Phrase, ...]
    object: tuple[Phrase, ...] = ()
    plural: tuple[str, ...] = ()

    @property
    def mutual(self) -> bool:
        """Whether both do the same."""
        return bool(self.plural)

    def told_by(self, role: str) -> tuple[Phrase, ...]:
        """The wordings for one role: "subject", "object" or "mutual"."""
        return self.object if role == "object" else self.subject


def phrases(*pairs: tuple[str, ...]) -> tuple[Phrase, ...]:
    """Wordings from tuples of their forms."""
    return tuple(Phrase(*pair) for pair in pairs)
