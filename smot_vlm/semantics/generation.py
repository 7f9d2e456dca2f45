"""Writing captions with a causal language model: what rows share is read once, and who is done leaves the batch.

A row is the words before the soft tokens, which most rows share, and what follows as embeddings.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional
from transformers import GenerationConfig, PreTrainedModel

from smot_vlm.semantics.shared_cache import (
    Beginnings,
    RoomyCache,
    pad_left,
    positions,
    read_beginnings,
    remembers_every_token,
)


@dataclass(frozen=True)
class Decoding:
    """How words are chosen. Greedy by default: always the likeliest.

    num_beams: more than 1: beam search. temperature: above 0: words are drawn, the higher the wilder; 0: greedy.
    top_p: drawn from the likeliest words that together have this probability. seed: of the draws, for each call.

    Raises:
        ValueError: a number out of range, or beams and a temperature together.
    """

    num_beams: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_beams < 1:
            raise ValueError(f"num_beams is {self.num_beams}; give 1 or more")
        if self.temperature < 0:
            raise ValueError(f"temperature is {self.temperature}; give 0 (greedy) or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; give a number above 0, at most 1")
        if self.num_beams > 1 and self.temperature > 0:
            raise ValueError(f"num_beams {self.num_beams} and temperature {self.temperature}; give one of the two")

    @property
    def is_greedy(self) -> bool:
        return self.num_beams == 1 and self.temperature == 0


GREEDY = Decoding()


@dataclass(frozen=True, eq=False)
class PromptRow:
    """One caption to write. before: token ids up to the soft tokens; rest: embeddings from the soft tokens on."""

    before: tuple[int, ...]
    rest: Float[Tensor, "_ hidden"]


def write(
    language_model: PreTrainedModel,
    rows: Sequence[PromptRow],
    decoding: Decoding,
    *,
    max_new_tokens: int,
    max_batch: int,
    end: int,
    pad: int,
) -> list[list[int]]:
    """The token ids of each row's caption, without the `end` token. The model must be in evaluation mode.

    max_batch: most rows written at once. The beginnings of all rows are read once, whatever max_batch is.
    """
    batches = [rows[start : start + max_batch] for start in range(0, len(rows), max_batch)]
    if decoding.is_greedy and remembers_every_token(language_model):
        beginnings = read_beginnings(language_model, sorted({row.before for row in rows}))
        return [
            ids for batch in batches for ids in _greedy(language_model, beginnings, batch, max_new_tokens, end, pad)
        ]
    return write_plainly(
        language_model, rows, decoding, max_new_tokens=max_new_tokens, max_batch=max_batch, end=end, pad=pad
    )


def write_plainly(
    language_model: PreTrainedModel,
    rows: Sequence[PromptRow],
    decoding: Decoding,
    *,
    max_new_tokens: int,
    max_batch: int,
    end: int,
    pad: int,
) -> list[list[int]]:
    """`write` by transformers' own generation, every row read whole: for beams and draws, and to compare with."""
    options = _generation_config(decoding, max_new_tokens, end, pad)
    written: list[list[int]] = []
    with own_draws(decoding):
        for start in range(0, len(rows), max_batch):
            written += _generate(language_model, rows[start : start + max_batch], options, end)
    return written


def choosing(decoding: Decoding) -> dict[str, Any]:
    """How words are chosen, as keywords of transformers' own generation."""
    drawn = decoding.temperature > 0
    return {
        "num_beams": decoding.num_beams,
        "do_sample": drawn,
        "temperature": decoding.temperature if drawn else None,
        "top_p": decoding.top_p if drawn else None,
        "top_k": 0 if drawn else None,
    }


@contextmanager
def own_draws(decoding: Decoding) -> Iterator[None]:
    """Inside the block draws follow the decoding's seed; the global generator is left as it was."""
    drawn = decoding.temperature > 0
    with torch.random.fork_rng(enabled=drawn):
        if drawn:
            torch.manual_seed(decoding.seed)
        yield


def _greedy(
    language_model: PreTrainedModel,
    beginnings: Beginnings,
    rows: Sequence[PromptRow],
    max_new_tokens: int,
    end: int,
    pad: int,
) -> list[list[int]]:
    """The likeliest word after word, for at most `max_new_tokens` words; a row that has ended is computed no more."""
    cache, mask = beginnings.expand([row.before for row in rows])
    inputs, real = pad_left([row.rest for row in rows])
    mask = torch.cat([mask, real], dim=1)
    reading: dict[str, Tensor] = {"inputs_embeds": inputs}
    captions: list[list[int]] = [[] for _ in rows]
    active = list(range(len(rows)))
    for step in range(max_new_tokens):
        columns = next(iter(reading.values())).shape[1]
        words = _best_words(language_model, reading, cache, mask, positions(mask)[:, -columns:])
        going_on = [place for place, word in enumerate(words.tolist()) if word != end]
        for place in going_on:
            captions[active[place]].append(int(words[place]))
        if not going_on or step + 1 == max_new_tokens:
            break
        if len(going_on) < len(active):
            kept = torch.tensor(going_on, device=mask.device)
            active = [active[place] for place in going_on]
            words, mask = words[kept], mask[kept]
            cache.batch_select_indices(kept)
        mask = functional.pad(mask, (0, 1), value=True)
        reading = {"input_ids": words[:, None]}
    return captions


def _best_words(
    language_model: PreTrainedModel,
    reading: dict[str, Tensor],
    cache: RoomyCache,
    mask: Bool[Tensor, "rows tokens"],
    positions: Int[Tensor, "rows columns"],
) -> Int[Tensor, "rows"]:
    output = language_model(
        **reading,
        attention_mask=mask.long(),
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return output.logits[:, -1].argmax(dim=-1)


def _generate(
    language_model: PreTrainedModel, rows: Sequence[PromptRow], options: GenerationConfig, end: int
) -> list[list[int]]:
    """By transformers' own generation, each row read whole."""
    embed: Any = language_model.get_input_embeddings()
    inputs, mask = pad_left(
        [
            torch.cat([embed(torch.tensor(row.before, dtype=torch.long, device=row.rest.device)), row.rest])
            for row in rows
        ]
    )
    written = language_model.generate(  # type: ignore[operator]
        inputs_embeds=inputs, attention_mask=mask.long(), generation_config=options
    )
    return [ids[: ids.index(end)] if end in ids else ids for ids in written.tolist()]


def _generation_config(decoding: Decoding, max_new_tokens: int, end: int, pad: int) -> GenerationConfig:
    """Nothing is left to what the model's makers set."""
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        repetition_penalty=1.0,
        eos_token_id=end,
        pad_token_id=pad,
        **choosing(decoding),
    )
