"""How well a network answers: figures of each source, of the people of whom the source says something."""

from collections.abc import Mapping, Sequence

import numpy as np

from smot_vlm.appearance.answers import probabilities_of
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.language import people_lexicon as lexicon
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.training.people.seeing import SeenSource

# A figure of fewer people is left out.
FEWEST = 20
# Figure -> the question whose likeliest value must be among those that are said.
_TOP_1 = {
    "upper colour": "upper",
    "lower colour": "lower",
    "upper garment": "upper_garments",
    "lower garment": "lower_garments",
    "thing": "things",
    "deed": "deeds",
}
_MALE, _FEMALE = {"man", "boy"}, {"woman", "girl"}


def figures(sources: Sequence[SeenSource]) -> dict[str, float]:
    """Measure a network.

    Args:
        sources: what it says of each source's people.

    Returns:
        "SOURCE NAME" -> value in 0 to 1. "kind": of four, where exactly one is said; "movement": of nine, where exactly
        one is said; "worn colour": the likeliest of both parts of the body together is said of some clothing; "sex AUC"
        and "hat AUC" ...: areas under the ROC curve, where both answers are known; the others: the likeliest value is
        among those said.
    """
    found: dict[str, float] = {}
    for source in sources:
        found |= {f"{source.name} {name}": value for name, value in _figures(source.facts, source.logits).items()}
    return found


def score(found: Mapping[str, float]) -> float:
    """One number by which states of a training are compared.

    Args:
        found: of `figures`.

    Returns:
        Their mean; 0 where there is none.
    """
    return float(np.mean(list(found.values()))) if found else 0.0


def roc_area(scores: np.ndarray, truth: np.ndarray) -> float:
    """The area under the ROC curve: how often a true one scores above a false one, ties counting half.

    Args:
        scores: (n,).
        truth: bool (n,), both answers among them.

    Returns:
        In 0 to 1.
    """
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    true, false = int(truth.sum()), int((~truth).sum())
    return float((ranks[truth].sum() - true * (true + 1) / 2) / (true * false))


def _figures(facts: Sequence[PersonFacts], logits: dict[str, np.ndarray]) -> dict[str, float]:
    kinds = [person.kinds if len(person.kinds) == 1 else () for person in facts]
    moves = [tuple(deed for deed in person.deeds if deed in lexicon.MOVEMENTS) for person in facts]
    movements = logits["deeds"][:, : len(lexicon.MOVEMENTS)]
    worn = sum(probabilities_of(part, logits[part], 1.0) for part in ("upper", "lower"))
    right = {
        "kind": _right(logits["kinds"], kinds, lexicon.KINDS),
        "movement": _right(movements, [deed if len(deed) == 1 else () for deed in moves], lexicon.MOVEMENTS),
        "worn colour": _right(np.asarray(worn), [person.worn for person in facts], lexicon.COLOURS),
        **{
            name: _right(logits[question], [getattr(person, question) for person in facts], QUESTIONS[question])
            for name, question in _TOP_1.items()
        },
    }
    found = {name: float(np.mean(values)) for name, values in right.items() if len(values) >= FEWEST}
    return found | _areas(facts, logits)


def _right(logits: np.ndarray, said: Sequence[Sequence[str]], values: Sequence[str]) -> list[bool]:
    """For everybody of whom something is said, whether the likeliest value is among it."""
    return [values[row] in told for row, told in zip(logits.argmax(axis=1).tolist(), said, strict=True) if told]


def _areas(facts: Sequence[PersonFacts], logits: dict[str, np.ndarray]) -> dict[str, float]:
    kinds = probabilities_of("kinds", logits["kinds"], 1.0)
    male = kinds[:, [kind in _MALE for kind in lexicon.KINDS]].sum(axis=1)
    truth = {"sex AUC": (male, [_sex(person) for person in facts])}
    for column, name in enumerate(lexicon.ATTRIBUTES):
        known = [True if name in person.has else False if name in person.lacks else None for person in facts]
        truth[f"{name} AUC"] = (logits["attributes"][:, column], known)
    areas = {}
    for name, (scores, answers) in truth.items():
        rows = [row for row, answer in enumerate(answers) if answer is not None]
        true = np.array([answers[row] for row in rows], dtype=bool)
        if min(true.sum(), (~true).sum()) >= FEWEST:
            areas[name] = roc_area(scores[rows], true)
    return areas


def _sex(person: PersonFacts) -> bool | None:
    """Whether a person is male, where that is said."""
    kinds = set(person.kinds)
    return True if kinds and kinds <= _MALE else False if kinds and kinds <= _FEMALE else None
