"""The likeliest token after each token: prompts are read after their prefilled prefixes, and finished rows are dropped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from smot_vlm.semantics.connectives import Connectives
from smot_vlm.semantics.prefix_cache import (
    PreallocatedCache,
    Prefixes,
    given_cache,
    pad_left,
    position_ids,
    step_mask,
)
from smot_vlm.semantics.word_progress import WordSteps

# In place of a token where logits are not numbers.
NO_NUMBER = -1


@dataclass(frozen=True, eq=False)
class PromptRow:
    """The prompt of one caption.

    Attributes:
        prefix: token ids up to the soft tokens.
        rest: embeddings from the soft tokens on.
    """

    prefix: tuple[int, ...]
    rest: Float[Tensor, "_ hidden"]


@dataclass(frozen=True, eq=False)
class ReadPrompts:
    """A batch of prompts that were read.

    Attributes:
        cache: their keys and values, of its own.
        mask: true where a token is real.
        padded: whether some may not be.
        logits: of the first word of each caption.
    """

    cache: PreallocatedCache
    mask: Bool[Tensor, "rows tokens"]
    padded: bool
    logits: Float[Tensor, "rows vocabulary"]


def read_prompts(language_model: PreTrainedModel, prefixes: Prefixes, rows: Sequence[PromptRow]) -> ReadPrompts:
    """Read the prompts of a batch, all but their prefixes.

    Args:
        language_model: in evaluation mode.
        prefixes: those of the rows, and perhaps others.
        rows: the prompts.

    Returns:
        What the first word is chosen from, and the next ones are written behind.
    """
    cache, mask = prefixes.expand([row.prefix for row in rows])
    inputs, real = pad_left([row.rest for row in rows])
    mask = torch.cat([mask, real], dim=1)
    places = position_ids(mask)[:, -inputs.shape[1] :]
    logits = _next_logits(language_model, {"inputs_embeds": inputs}, cache, mask.long(), places)
    # Prefixes of other batches count too: all were padded together.
    padded = len({len(ids) for ids in prefixes.ids}) > 1 or len({len(row.rest) for row in rows}) > 1
    return ReadPrompts(cache, mask, padded, logits)


def greedy(
    language_model: PreTrainedModel,
    prompts: ReadPrompts,
    max_new_tokens: int,
    end: int,
    connectives: Connectives,
    steps: WordSteps,
) -> list[list[int]]:
    """The likeliest token after each token; a row that has ended is computed no more.

    The host waits for the device once a word, for the words themselves, and once more where rows end.

    Args:
        language_model: in evaluation mode.
        prompts: a batch; its cache grows.
        max_new_tokens: most tokens of a caption.
        end: token that ends a caption.
        connectives: words that count as one.
        steps: told of each word.

    Returns:
        The token ids of each caption, without `end`.

    Raises:
        ValueError: logits are not finite.
    """
    cache, mask, logits = prompts.cache, prompts.mask, prompts.logits
    captions: list[list[int]] = [[] for _ in logits]
    active = list(range(len(logits)))
    likeliest = connectives.on(logits.device)
    for step in range(max_new_tokens):
        tokens = chosen(likeliest, logits)
        words = tokens.tolist()
        steps.step()
        check_numbers(words)
        unfinished = [place for place, word in enumerate(words) if word != end]
        for place in unfinished:
            captions[active[place]].append(words[place])
        if not unfinished or step + 1 == max_new_tokens:
            break
        if len(unfinished) < len(active):
            kept = torch.tensor(unfinished, device=mask.device)
            active = [active[place] for place in unfinished]
            tokens, mask = tokens[kept], mask[kept]
            cache.batch_select_indices(kept)
        mask = functional.pad(mask, (0, 1), value=True)
        seen = step_mask(language_model, mask, padded=prompts.padded)
        logits = _next_logits(language_model, {"input_ids": tokens[:, None]}, cache, seen, position_ids(mask)[:, -1:])
    steps.end_batch()
    return captions


def chosen(likeliest: Callable[[Tensor], Tensor], logits: Float[Tensor, "rows vocabulary"]) -> Int[Tensor, "rows"]:
    """The next word of each row.

    Args:
        likeliest: see `Connectives.on`.
        logits: of the next token.

    Returns:
        Token ids; `NO_NUMBER` where logits are not numbers.
    """
    return likeliest(logits).masked_fill(logits.amax(dim=-1).isnan(), NO_NUMBER)


def check_numbers(words: Sequence[int]) -> None:
    """The words of a step must come from logits that are numbers.

    Args:
        words: token ids, `NO_NUMBER` where they do not.

    Raises:
        ValueError: some do not.
    """
    if NO_NUMBER in words:
        raise ValueError(
            "the language model gives numbers that are not finite; its values may be too large for fp16: give bf16 or "
            "float32"
        )


def _next_logits(
    language_model: PreTrainedModel,
    step_inputs: dict[str, Tensor],
    cache: PreallocatedCache,
    mask: Tensor | None,
    places: Int[Tensor, "rows columns"],
) -> Float[Tensor, "rows vocabulary"]:
    output = language_model(
        **step_inputs,
        attention_mask=mask,
        position_ids=places,
        use_cache=True,
        **given_cache(language_model, cache),
        logits_to_keep=1,
    )
    logits: Tensor = output.logits[:, -1]
    return logits
