"""Makes a network's answers probabilities, and sets from which probability on an answer is told.

Both by people that were not trained on, and of whom a source says something; each source counts by its weight.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from smot_vlm.appearance.answers import Calibration, probabilities_of
from smot_vlm.appearance.losses import targets_of
from smot_vlm.appearance.vocabulary import GENUINE, PAIRS, QUESTIONS, YES_NO_QUESTIONS
from smot_vlm.training.people.seeing import SeenSource

# Temperatures that are tried.
TEMPERATURES = np.exp2(np.linspace(-3, 3, 61))
# Answers of which a share of right ones is taken; a question with fewer is not answered.
FEWEST_ANSWERS = 20
# Below and above every probability.
LEAST, NEVER = 1e-4, 2.0


def calibrate(
    sources: Sequence[SeenSource],
    precision: float,
    pair_threshold: float = 0.5,
    lowest: Mapping[str, float] = MappingProxyType({}),
) -> Calibration:
    """Calibrate each question by itself.

    Args:
        sources: what the network says of people that it was not trained on.
        precision: share of right answers among those that are told.
        pair_threshold: probability from which on the deed of a pair is told.
        lowest: question -> a threshold that is not gone below, where sources that know the answer are unlike others; or
            "QUESTION.VALUE" -> the threshold of one value.

    Returns:
        Temperatures of the highest likelihood, and the lowest thresholds from which on at least `precision` of the
        answers are right in every source that knows enough of them; NEVER where no threshold gives that.
    """
    temperatures, thresholds = {}, {}
    for question in QUESTIONS:
        table = _Table(sources, question)
        temperatures[question] = table.temperature()
        alone = [_Table([source], question).answers(temperatures[question]) for source in sources]
        # A source that is easy must not pay for one that is hard.
        known = [answers for answers in alone if len(answers[0]) >= FEWEST_ANSWERS]
        thresholds[question] = max((lowest_threshold(*answers, precision) for answers in known), default=NEVER)
    # These have layers of their own, fitted and calibrated apart.
    apart = (PAIRS, GENUINE)
    temperatures |= dict.fromkeys(apart, 1.0)
    thresholds = {question: max(value, lowest.get(question, LEAST)) for question, value in thresholds.items()}
    own = {name: value for name, value in lowest.items() if name not in thresholds}
    return Calibration(temperatures, thresholds | own | {PAIRS: pair_threshold, GENUINE: 0.5})


def told_figures(sources: Sequence[SeenSource], calibration: Calibration) -> dict[str, float]:
    """How often a question is answered, and how often that is right, source by source.

    Args:
        sources: what the network says of people that it was not trained on.
        calibration: which answers are told.

    Returns:
        "SOURCE QUESTION told" and "SOURCE QUESTION right when told", of questions with enough answers that can be judged.
        Of a question of yes and no, told are the values that are there.
    """
    found = {}
    for source in sources:
        for question in QUESTIONS:
            probabilities, right, _ = _Table([source], question).answers(calibration.temperatures[question])
            told = probabilities >= calibration.thresholds[question]
            if len(told) >= FEWEST_ANSWERS:
                found[f"{source.name} {question} told"] = float(told.mean())
            if told.sum() >= FEWEST_ANSWERS:
                found[f"{source.name} {question} right when told"] = float(right[told].mean())
    return found


def lowest_threshold(probabilities: np.ndarray, right: np.ndarray, weights: np.ndarray, precision: float) -> float:
    """The lowest probability from which on enough answers are right.

    Args:
        probabilities: (answers,).
        right: bool (answers,).
        weights: (answers,) of each in the share of right ones.
        precision: that share.

    Returns:
        The threshold, rounded down to four digits; NEVER where there is none, by at least FEWEST_ANSWERS.
    """
    order = np.argsort(-probabilities, kind="stable")
    ordered, counted = probabilities[order], weights[order]
    shares = np.cumsum(counted * right[order]) / np.maximum(np.cumsum(counted), 1e-12)
    # A threshold lets through all answers of the same probability, or none of them.
    ends = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, bool)
    good = np.flatnonzero(ends & (shares >= precision) & (np.arange(len(ordered)) + 1 >= FEWEST_ANSWERS))
    if len(good) and good[-1] == len(ordered) - 1:
        return LEAST  # even the least likely answer may be told
    return max(float(np.floor(ordered[good[-1]] * 1e4) / 1e4), LEAST) if len(good) else NEVER


class _Table:
    """Logits and truth of one question, of all people of whom something is said."""

    def __init__(self, sources: Sequence[SeenSource], question: str) -> None:
        self.question = question
        logits, said, judged, weights = [], [], [], []
        for source in sources:
            targets = targets_of(source.facts)
            told = targets.said[question].numpy()
            # Of yes and no each value counts that is known either way, where a source says both.
            known = told.any(axis=1)
            cells = np.ones_like(told)
            if question in YES_NO_QUESTIONS:
                denied = targets.denied[question].numpy()
                known, cells = denied.any(axis=1), told | denied
            logits.append(np.asarray(source.logits[question], np.float64)[known])
            said.append(told[known])
            judged.append(cells[known])
            weights.append(np.full(int(known.sum()), source.weight / max(int(known.sum()), 1)))
        self.logits, self.said, self.judged = np.concatenate(logits), np.concatenate(said), np.concatenate(judged)
        self.weights = np.concatenate(weights)

    def temperature(self) -> float:
        """That of the highest likelihood; 1 where too little is known."""
        if len(self.weights) < FEWEST_ANSWERS:
            return 1.0
        return float(min(TEMPERATURES, key=self._surprise))

    def answers(self, temperature: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probability, truth and weight of each answer: of one value a person, or of every value that is judged."""
        found = probabilities_of(self.question, self.logits, temperature)
        if self.question in YES_NO_QUESTIONS:
            weights = np.broadcast_to(self.weights[:, None], found.shape)
            return found[self.judged], self.said[self.judged], weights[self.judged]
        best, rows = found.argmax(axis=1), np.arange(len(found))
        return found[rows, best], self.said[rows, best], self.weights

    def _surprise(self, temperature: float) -> float:
        """Mean of -log P(one of what is said)."""
        found = probabilities_of(self.question, self.logits, temperature).clip(1e-12, 1)
        if self.question in YES_NO_QUESTIONS:
            true = np.where(self.said, found, 1 - found).clip(1e-12)
            return float((-np.log(true) * self.judged * self.weights[:, None]).sum())
        return float((-np.log((found * self.said).sum(axis=1).clip(1e-12)) * self.weights).sum())
