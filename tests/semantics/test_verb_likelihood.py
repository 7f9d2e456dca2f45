"""Two passes over the verbs, on answers whose likelihood is written down."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from smot_vlm.semantics.answers import Question
from smot_vlm.semantics.verb_likelihood import NOTHING_GLOSS, VerbLikelihood
from smot_vlm.verbs import NUM_VERBS, VERBS, Verb

IMAGE = np.zeros((4, 4, 3), dtype=np.uint8)
TALK = Verb(0, "talk.v.01", "talk", "verb", "speak with them", ())
SPEAK = Verb(1, "talk.v.02", "talk", "verb", "give a speech", ())
HUG = Verb(2, "hug.v.01", "hug", "verb", "hold them close", ())
KICK = Verb(3, "kick.v.01", "kick", "verb", "hit them with a foot", ())
SMALL = (TALK, SPEAK, HUG, KICK)


class WrittenDown:
    """Answers with given scores. `asked` remembers what was weighed, a list a pass."""

    def __init__(self, scores: dict[str, float]) -> None:
        self.scores = scores
        self.asked: list[list[str]] = []
        self.read_count = 0

    def read(self, prompt: str, images: Sequence[np.ndarray]) -> Question:
        self.read_count += 1
        assert prompt == "What?"
        return Question(None, torch.zeros(1))

    def score(self, question: Question, answers: Sequence[str]) -> torch.Tensor:
        self.asked.append(list(answers))
        return torch.tensor([self.scores[answer] for answer in answers])


SCORES = {
    "talk": -1.0,
    "hug": -2.0,
    "kick": -3.0,
    "speak with them": -1.0,
    "give a speech": -1.5,
    "hold them close": -1.25,
    "hit them with a foot": -0.1,
    NOTHING_GLOSS: -1.0,
}


def test_the_words_choose_and_the_glosses_decide():
    answers = WrittenDown(SCORES)
    found = VerbLikelihood(answers, "What?", SMALL, shortlist=3, temperature=0.5).probabilities([[IMAGE]])
    assert answers.asked == [
        ["hug", "kick", "talk"],
        ["speak with them", "give a speech", "hold them close", NOTHING_GLOSS],
    ]
    assert answers.read_count == 1, "one reading for both passes"
    weights = np.exp(np.array([-1.0, -1.5, -1.25, -1.0]) / 0.5)
    assert found[0, :3].tolist() == pytest.approx((weights / weights.sum())[:3].tolist())
    assert found[0, 3] == 0, "kick was not on the list, however likely its gloss"


def test_nothing_takes_its_share():
    quiet = WrittenDown({**SCORES, NOTHING_GLOSS: 3.0})
    assert VerbLikelihood(quiet, "What?", SMALL, shortlist=4).probabilities([[IMAGE]]).sum() < 1e-4
    loud = WrittenDown({**SCORES, NOTHING_GLOSS: -50.0})
    assert VerbLikelihood(loud, "What?", SMALL, shortlist=4).probabilities([[IMAGE]]).sum() == pytest.approx(1.0)


def test_a_lower_temperature_is_surer():
    best = [
        VerbLikelihood(WrittenDown(SCORES), "What?", SMALL, shortlist=4, temperature=value).probabilities([[IMAGE]])
        for value in (1.0, 0.1)
    ]
    assert best[0].argmax() == best[1].argmax() == 3
    assert best[1].max() > best[0].max()


def test_a_pair_without_pictures_is_not_asked_about():
    answers = WrittenDown(SCORES)
    found = VerbLikelihood(answers, "What?", SMALL).probabilities([[], [IMAGE], []])
    assert answers.read_count == 1
    assert found.shape == (3, 4)
    assert found[0].sum() == found[2].sum() == 0
    assert VerbLikelihood(answers, "What?", SMALL).probabilities([]).shape == (0, 4)


def test_all_senses_cost_each_word_once():
    everything = {verb.lemma: -float(verb.id) for verb in VERBS} | {verb.gloss: -1.0 for verb in VERBS}
    answers = WrittenDown(everything | {NOTHING_GLOSS: -1.0})
    made = VerbLikelihood(answers, "What?", VERBS)
    found = made.probabilities([[IMAGE]])
    assert made.count == found.shape[1] == NUM_VERBS
    assert len(answers.asked[0]) == len({verb.lemma for verb in VERBS})
    assert len(answers.asked[1]) == 16 + 1
    assert (found > 0).sum() == 16


@pytest.mark.parametrize(("options", "said"), [({"shortlist": 0}, "shortlist is 0"), ({"temperature": 0.0}, "above 0")])
def test_senseless_settings_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        VerbLikelihood(WrittenDown({}), "What?", SMALL, **options)
