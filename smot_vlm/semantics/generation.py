"""Batched generation with a causal language model.

Shared prompt prefixes are prefilled once, and finished sequences are dropped from the batch. A row is the prompt up to
the soft tokens, as token ids, which most rows share, and the rest as embeddings.
"""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel

from smot_vlm.semantics.connectives import NO_CONNECTIVES, Connectives
from smot_vlm.semantics.greedy import PromptRow, greedy, read_prompts
from smot_vlm.semantics.prefix_cache import caches_every_token, pad_left, prefill_prefixes
from smot_vlm.semantics.static_generation import StaticSteps
from smot_vlm.semantics.word_progress import WordSteps


@dataclass(frozen=True)
class Decoding:
    """How tokens are chosen; greedy by default.

    Attributes:
        num_beams: above 1: beam search.
        temperature: above 0: sampling, the higher the more random; 0: greedy.
        top_p: sample from the likeliest tokens that together have this probability.
        seed: of the samples, for each call.
        connectives: words that go on in the same way ("then", "afterwards"), of which greedy decoding adds up the
            probabilities, see `Connectives`; only decoder "lora-lm" can.
        compile: write greedy words from compiled steps, see static_generation.py; only decoder "lora-lm" can.

    Raises:
        ValueError: a number out of range, beams and a temperature together, or connectives or `compile` with either.
    """

    num_beams: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    connectives: tuple[str, ...] = ()
    compile: bool = False

    def __post_init__(self) -> None:
        if self.num_beams < 1:
            raise ValueError(f"num_beams is {self.num_beams}; give 1 or more")
        if self.temperature < 0:
            raise ValueError(f"temperature is {self.temperature}; give 0 (greedy) or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; give a number above 0, at most 1")
        if self.num_beams > 1 and self.temperature > 0:
            raise ValueError(f"num_beams {self.num_beams} and temperature {self.temperature}; give one of the two")
        if self.connectives and not self.is_greedy:
            raise ValueError(
                "connectives go with greedy decoding; set num_beams to 1 and temperature to 0, or give none"
            )
        if self.compile and not self.is_greedy:
            raise ValueError(
                "compile goes with greedy decoding; set num_beams to 1 and temperature to 0, or compile to false"
            )

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.num_beams == 1 and self.temperature == 0


GREEDY = Decoding()


def generate_ids(
    language_model: PreTrainedModel,
    rows: Sequence[PromptRow],
    decoding: Decoding,
    *,
    max_new_tokens: int,
    max_batch: int,
    end: int,
    pad: int,
    connectives: Connectives = NO_CONNECTIVES,
    static: StaticSteps | None = None,
) -> list[list[int]]:
    """Generate a caption for each prompt.

    Args:
        language_model: in evaluation mode.
        rows: the prompts.
        decoding: how tokens are chosen.
        max_new_tokens: most tokens of a caption.
        max_batch: most rows at once. The prefixes of all rows are prefilled once, whatever it is.
        end: token that ends a caption.
        pad: token for padding.
        connectives: those of `decoding`, as tokens.
        static: compiled steps of the model; None: no step is compiled.

    Returns:
        The token ids of each caption, without `end`.

    Raises:
        ValueError: connectives, and a model that does not cache every token.
    """
    if decoding.is_greedy and caches_every_token(language_model):
        prefixes = prefill_prefixes(language_model, sorted({row.prefix for row in rows}))
        batches = [rows[start : start + max_batch] for start in range(0, len(rows), max_batch)]
        steps = WordSteps(len(batches), max_new_tokens)
        write = static.write if static else functools.partial(greedy, language_model)
        return [
            ids
            for batch in batches
            for ids in write(read_prompts(language_model, prefixes, batch), max_new_tokens, end, connectives, steps)
        ]
    if decoding.connectives:
        raise ValueError("this language model's cache does not allow connectives; give none")
    return transformers_ids(
        language_model, rows, decoding, max_new_tokens=max_new_tokens, max_batch=max_batch, end=end, pad=pad
    )


def transformers_ids(
    language_model: PreTrainedModel,
    rows: Sequence[PromptRow],
    decoding: Decoding,
    *,
    max_new_tokens: int,
    max_batch: int,
    end: int,
    pad: int,
) -> list[list[int]]:
    """`generate_ids` by transformers' own generation, every prompt read whole: for beams, samples and comparison.

    Args:
        language_model: in evaluation mode.
        rows: the prompts.
        decoding: how tokens are chosen.
        max_new_tokens: most tokens of a caption.
        max_batch: most rows at once.
        end: token that ends a caption.
        pad: token for padding.

    Returns:
        The token ids of each caption, without `end`.
    """
    options = _transformers_config(decoding, max_new_tokens, end, pad)
    generated: list[list[int]] = []
    starts = range(0, len(rows), max_batch)
    steps = WordSteps(len(starts), 1)
    with seeded(decoding):
        for start in starts:
            generated += _transformers_batch(language_model, rows[start : start + max_batch], options, end)
            steps.step()
            steps.end_batch()
    return generated


def sampling_options(decoding: Decoding) -> dict[str, Any]:
    """How tokens are chosen, as keywords of transformers' own generation.

    Args:
        decoding: how tokens are chosen.

    Returns:
        Keywords; what does not apply is None.
    """
    sampled = decoding.temperature > 0
    return {
        "num_beams": decoding.num_beams,
        "do_sample": sampled,
        "temperature": decoding.temperature if sampled else None,
        "top_p": decoding.top_p if sampled else None,
        "top_k": 0 if sampled else None,
    }


@contextmanager
def seeded(decoding: Decoding) -> Iterator[None]:
    """Inside the block samples follow the decoding's seed; the global generator is left as it was.

    Args:
        decoding: how tokens are chosen.

    Yields:
        Nothing.
    """
    sampled = decoding.temperature > 0
    with torch.random.fork_rng(enabled=sampled):
        if sampled:
            torch.manual_seed(decoding.seed)
        yield


def _transformers_batch(
    language_model: PreTrainedModel, rows: Sequence[PromptRow], options: GenerationConfig, end: int
) -> list[list[int]]:
    embed: Any = language_model.get_input_embeddings()
    inputs, mask = pad_left(
        [
            torch.cat([embed(torch.tensor(row.prefix, dtype=torch.long, device=row.rest.device)), row.rest])
            for row in rows
        ]
    )
    generated = language_model.generate(  # type: ignore[operator]
        inputs_embeds=inputs, attention_mask=mask.long(), generation_config=options
    )
    return [ids[: ids.index(end)] if end in ids else ids for ids in generated.tolist()]


def _transformers_config(decoding: Decoding, max_new_tokens: int, end: int, pad: int) -> GenerationConfig:
    """Nothing is left to the model's own generation config."""
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        repetition_penalty=1.0,
        eos_token_id=end,
        pad_token_id=pad,
        **sampling_options(decoding),
    )
