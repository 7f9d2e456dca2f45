"""Log-likelihoods of several answers to one question about pictures, by a vision-language model.

The question with its pictures is prefilled once, and its key-value cache serves every answer.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.losses import IGNORED
from smot_vlm.semantics.prefix_cache import given_cache
from smot_vlm.semantics.vision_language import VisionLanguage


@dataclass(frozen=True, eq=False)
class Question:
    """A question after prefilling.

    Attributes:
        cache: transformers' keys and values of it.
        first: log-probabilities of the next token.
        offsets: state of the model's parts that count positions in several dimensions (Qwen-VL).
        sees: which pictures the words after it see, see `PictureInputs.last_sees`.
    """

    cache: Any
    first: Float[Tensor, "vocabulary"]
    offsets: tuple[Any, ...] = ()
    sees: dict[str, Tensor] = field(default_factory=dict)


@runtime_checkable
class AnswerScorer(Protocol):
    """Scores answers to a question about pictures."""

    def read(self, prompt: str, images: Sequence[np.ndarray]) -> Question:
        """Prefill a question.

        Args:
            prompt: the question.
            images: RGB uint8 (height, width, 3).

        Returns:
            What `score` goes on from.
        """
        ...

    def score(self, question: Question, answers: Sequence[str]) -> Float[Tensor, "answers"]:
        """Score answers.

        Args:
            question: of `read`.
            answers: texts.

        Returns:
            Mean log-likelihood a token of each answer with its end token, in nats.
        """
        ...


class VisionLanguageAnswers:
    """An AnswerScorer on the model of a `vision-language` decoder, without soft tokens.

    Args:
        decoder: whose model is used.
        max_batch: answers in one pass; each has a copy of the question's keys and values.
    """

    def __init__(self, decoder: VisionLanguage, *, max_batch: int = 32) -> None:
        self._decoder = decoder
        self._max_batch = max_batch

    @torch.inference_mode()
    def read(self, prompt: str, images: Sequence[np.ndarray]) -> Question:
        """One forward pass."""
        decoder = self._decoder
        request = CaptionRequest("instance", torch.zeros(0, 0, device=decoder.device), prompt, tuple(images))
        inputs = decoder.inputs([request])
        decoder.cost.count(inputs.real_tokens, 0)
        output = decoder.language_model(**inputs.tensors, use_cache=True, logits_to_keep=1)
        offsets = tuple(part.rope_deltas for part in self._position_counters())
        cache = output["cache"] if "cache" in output else output["past_key_values"]
        return Question(cache, output.logits[0, -1].float().log_softmax(dim=0), offsets, inputs.last_sees)

    @torch.inference_mode()
    def score(self, question: Question, answers: Sequence[str]) -> Float[Tensor, "answers"]:
        """One forward pass for each `max_batch` answers, sorted by length."""
        end = self._decoder.tokenizer.eos_token_id
        tokens = [[*self._decoder.processor.ids(answer), end] for answer in answers]
        self._decoder.cost.count(sum(map(len, tokens)), 0, calls=0)
        scores = torch.zeros(len(answers), device=question.first.device)
        order = sorted(range(len(answers)), key=lambda row: len(tokens[row]))
        for start in range(0, len(order), self._max_batch):
            rows = order[start : start + self._max_batch]
            scores[rows] = self._score_batch(question, [tokens[row] for row in rows])
        return scores

    def _score_batch(self, question: Question, tokens: Sequence[list[int]]) -> Float[Tensor, "batch"]:
        device = question.first.device
        rows = [torch.tensor(row, device=device) for row in tokens]
        answers = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=IGNORED)
        real = answers != IGNORED
        cache = copy.deepcopy(question.cache)
        # As for beams, which every kind of layer can do: recurrent ones, of hybrid models, cannot repeat their rows.
        cache.reorder_cache(torch.zeros(len(rows), dtype=torch.long, device=device))
        for part, offset in zip(self._position_counters(), question.offsets, strict=True):
            part.rope_deltas = offset
        columns = answers.shape[1] - 1
        sees = {name: seen.expand(len(rows), columns, *seen.shape[2:]) for name, seen in question.sees.items()}
        # No mask: the question has no padding, and causal attention hides the padding after an answer.
        logits = self._decoder.language_model(
            input_ids=answers[:, :-1].where(real[:, :-1], self._decoder.tokenizer.pad_token_id),
            use_cache=True,
            **sees,
            **given_cache(self._decoder.language_model, cache),
        ).logits
        later = functional.cross_entropy(
            logits.float().transpose(1, 2), answers[:, 1:], ignore_index=IGNORED, reduction="none"
        )
        return (question.first[answers[:, 0]] - later.sum(dim=1)) / real.sum(dim=1)

    def _position_counters(self) -> list[Any]:
        """Parts of the model that keep, from call to call, the offset of its positions after pictures."""
        return [part for part in self._decoder.language_model.modules() if hasattr(part, "rope_deltas")]
