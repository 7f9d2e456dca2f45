"""Answers and people made by hand."""

import numpy as np
import pytest

from smot_vlm.appearance.answers import Calibration, PersonAnswers
from smot_vlm.appearance.vocabulary import QUESTIONS, YES_NO_QUESTIONS


@pytest.fixture
def answering():
    """Makes PersonAnswers in which each named value has its probability, and the rest of a question share what is left."""

    def make(**questions: dict[str, float]) -> PersonAnswers:
        probabilities = {}
        for question, values in QUESTIONS.items():
            given = questions.get(question, {})
            rest = 0.0 if question in YES_NO_QUESTIONS else (1 - sum(given.values())) / max(len(values) - len(given), 1)
            probabilities[question] = np.array([given.get(value, rest) for value in values])
        return PersonAnswers(probabilities, Calibration.neutral())

    return make
