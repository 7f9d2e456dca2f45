"""What the appearance network says of one person, over all looks at that person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from smot_vlm.appearance.vocabulary import ANSWER_VALUES, GENUINE, PAIRS, QUESTIONS, YES_NO_QUESTIONS

# What is calibrated.
CALIBRATED = (*QUESTIONS, PAIRS, GENUINE)
_VALUES = {f"{question}.{value}" for question in YES_NO_QUESTIONS for value in QUESTIONS[question]}


class Answer(NamedTuple):
    """One answer.

    Attributes:
        value: of the question.
        probability: that it is true.
    """

    value: str
    probability: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """How logits become probabilities, and from which probability on an answer is told.

    Attributes:
        temperatures: question, PAIRS or GENUINE -> what logits are divided by.
        thresholds: question, PAIRS or GENUINE -> lowest probability of an answer that is told; "QUESTION.VALUE" for a
            value of yes and no that has one of its own.
    """

    temperatures: Mapping[str, float]
    thresholds: Mapping[str, float]

    def __post_init__(self) -> None:
        for name, table in (("temperatures", self.temperatures), ("thresholds", self.thresholds)):
            if set(table) - (_VALUES if name == "thresholds" else set()) != set(CALIBRATED):
                raise ValueError(f"{name} are given for {', '.join(sorted(table))}; give {', '.join(CALIBRATED)}")
            if not all(0 < value < 1e3 for value in table.values()):
                raise ValueError(f"{name} hold a number that is not above 0; give numbers above 0")

    @classmethod
    def neutral(cls) -> "Calibration":
        """Logits as they are; an answer is told where it is likelier than not."""
        return cls(dict.fromkeys(CALIBRATED, 1.0), dict.fromkeys(CALIBRATED, 0.5))


@dataclass(frozen=True, eq=False)
class PersonAnswers:
    """Answers about one person.

    Attributes:
        probabilities: question -> float64 (values,); of questions of yes and no each value by itself, else they sum to 1.
        calibration: says which of them are told.
    """

    probabilities: Mapping[str, np.ndarray]
    calibration: Calibration

    def best(self, question: str, allowed: Sequence[str] | None = None) -> Answer:
        """The likeliest value.

        Args:
            question: of QUESTIONS.
            allowed: the values that it may be; None: any.
        """
        values, found = QUESTIONS[question], self.probabilities[question]
        rows = range(len(values)) if allowed is None else [values.index(value) for value in allowed]
        row = max(rows, key=lambda row: found[row])
        return Answer(values[row], float(found[row]))

    def told(self, question: str, allowed: Sequence[str] | None = None) -> str:
        """The likeliest value where it is likely enough to be told.

        Args:
            question: of QUESTIONS.
            allowed: the values that it may be; None: any.

        Returns:
            The value, or "".
        """
        answer = self.best(question, allowed)
        return answer.value if answer.probability >= self.calibration.thresholds[question] else ""

    def present(self, question: str) -> list[Answer]:
        """The values of a question of yes and no that are likely enough to be told, likeliest first.

        Args:
            question: of YES_NO_QUESTIONS.
        """
        least = self.calibration.thresholds
        values = zip(QUESTIONS[question], self.probabilities[question].tolist(), strict=True)
        told = [Answer(*pair) for pair in values if pair[1] >= least.get(f"{question}.{pair[0]}", least[question])]
        return sorted(told, key=lambda answer: -answer.probability)


def answers_of(logits: np.ndarray, calibration: Calibration) -> PersonAnswers:
    """The answers about one person, from all looks.

    Args:
        logits: as of `over_looks`.
        calibration: how they become probabilities.

    Returns:
        The answers.
    """
    probabilities = {
        question: probabilities_of(question, values, calibration.temperatures[question])
        for question, values in over_looks(logits).items()
    }
    return PersonAnswers(probabilities, calibration)


def over_looks(logits: np.ndarray) -> dict[str, np.ndarray]:
    """One answer of many looks: the mean of what crops say, and for kinds added to it the mean of what faces say.

    Faces are seen in some looks only. Each counts as sure as it is that there is one, and all together as the surest.

    Args:
        logits: (looks, values) of `PersonAppearance.tokens` behind the embedding.

    Returns:
        Question -> float64 (values,).
    """
    looks = np.asarray(logits, np.float64)
    mean = by_question(looks.mean(axis=0))
    faces = looks[:, ANSWER_VALUES + 1 :]
    if faces.size and faces[:, -1].any():
        said, seen = faces[:, :-1], faces[:, -1]
        mean["kinds"] = mean["kinds"] + seen @ said / seen.sum() * seen.max()
    return mean


def by_question(logits: np.ndarray) -> dict[str, np.ndarray]:
    """Take the logits of all questions apart.

    Args:
        logits: (..., values of all questions and perhaps more), in the order of QUESTIONS.

    Returns:
        Question -> (..., values).
    """
    ends = np.cumsum([len(values) for values in QUESTIONS.values()])
    return dict(zip(QUESTIONS, np.split(logits, ends, axis=-1)[:-1], strict=True))


def probabilities_of(question: str, logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probability of each value of a question.

    Args:
        question: of QUESTIONS.
        logits: (..., values).
        temperature: what they are divided by.

    Returns:
        float64 (..., values); of questions of yes and no each by itself, else they sum to 1.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    if question in YES_NO_QUESTIONS:
        alone: np.ndarray = 1 / (1 + np.exp(-scaled.clip(-60, 60)))
        return alone
    weights = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    together: np.ndarray = weights / weights.sum(axis=-1, keepdims=True)
    return together
