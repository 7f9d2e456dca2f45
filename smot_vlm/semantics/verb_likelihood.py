"""Verbs without training: the likelihood of each sense's words under a vision-language model that sees two people.

No free text is parsed. The score of an answer is its mean log-likelihood a token (its end token counted), so that long
answers are not punished for their length. For one ordered pair there are two passes over the same question, which with
its pictures is prefilled once:

1. the words themselves ("talk", "let go of") of all 335 senses, each once: the likeliest senses stay;
2. the glosses of those senses (16 by default), which distinguish senses of one word, and a gloss for doing nothing.

The second scores go through a softmax with a temperature: p = softmax(score / temperature). With a temperature of 0.25
a gloss counts as if it were four independent tokens. Doing nothing is worded as a gloss, because one short word would
win over any gloss. So the probabilities of a pair add up to less than 1. They are not calibrated: no label was ever
seen. Senses that are not in the second pass have probability 0.

The cost is bounded: for each pair one reading of the question and ceil(words / batch) + ceil(glosses / batch) short
passes, and only the pairs of `candidate_pairs` are scored.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from smot_vlm.semantics.answers import AnswerScorer, Question
from smot_vlm.verbs import Verb

NOTHING_GLOSS = "be in the same place as another person without doing anything to them"


class VerbLikelihood:
    """Scores the senses of an ordered pair by the likelihood of their words as an answer; see the module.

    Args:
        answers: scores answers to a question.
        question: asked about the pair's pictures.
        verbs: the senses.
        shortlist: senses whose glosses are scored.
        temperature: nats a token by which an answer must be likelier to count e times as much.

    Raises:
        ValueError: shortlist below 1 or temperature not above 0.
    """

    def __init__(
        self,
        answers: AnswerScorer,
        question: str,
        verbs: Sequence[Verb],
        *,
        shortlist: int = 16,
        temperature: float = 0.25,
    ) -> None:
        if shortlist < 1:
            raise ValueError(f"shortlist is {shortlist}; give at least 1")
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature}; it takes a number above 0")
        self._answers = answers
        self._question = question
        self._verbs = tuple(verbs)
        self._shortlist = min(shortlist, len(self._verbs))
        self._temperature = temperature
        self._words = sorted({verb.lemma for verb in self._verbs})

    @property
    def count(self) -> int:
        """Number of senses."""
        return len(self._verbs)

    def in_other_words(self, phrases: Sequence[str]) -> "VerbLikelihood":
        """The same question with other answers.

        Args:
            phrases: such as "hand over an object", in place of the senses.

        Returns:
            Scores the phrases.
        """
        verbs = [Verb(row, phrase, phrase, "verb", phrase, ()) for row, phrase in enumerate(phrases)]
        return VerbLikelihood(
            self._answers, self._question, verbs, shortlist=max(1, len(verbs)), temperature=self._temperature
        )

    def probabilities(self, pairs: Sequence[Sequence[np.ndarray]]) -> Float[Tensor, "pairs verbs"]:
        """Score ordered pairs.

        Args:
            pairs: the marked pictures of each; without any all probabilities are 0.

        Returns:
            In [0, 1], on the CPU.
        """
        rows = [self._pair(images) if images else torch.zeros(len(self._verbs)) for images in pairs]
        return torch.stack(rows) if rows else torch.zeros(0, len(self._verbs))

    def _pair(self, images: Sequence[np.ndarray]) -> Float[Tensor, "verbs"]:
        question = self._answers.read(self._question, images)
        likeliest = self._likeliest(question)
        glosses = [self._verbs[row].gloss for row in likeliest]
        scores = self._answers.score(question, [*glosses, NOTHING_GLOSS])
        probabilities = torch.zeros(len(self._verbs))
        probabilities[likeliest] = (scores / self._temperature).softmax(dim=0)[:-1].cpu()
        return probabilities

    def _likeliest(self, question: Question) -> list[int]:
        """Positions of the senses whose word is likeliest, best first; senses of one word in their own order."""
        scores = dict(zip(self._words, self._answers.score(question, self._words).tolist(), strict=True))
        order = sorted(range(len(self._verbs)), key=lambda row: -scores[self._verbs[row].lemma])
        return order[: self._shortlist]
