"""Key-value caches of a causal language model: prefilled prompt prefixes, and preallocated memory."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from peft import PeftModel
from torch import Tensor
from torch.nn import functional
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

# Memory is reserved for so many new tokens at once.
SPARE_TOKENS = 64


@dataclass(frozen=True, eq=False)
class Prefixes:
    """Different prompt prefixes, prefilled.

    Attributes:
        ids: token ids of each.
        layers: keys and values of each layer.
        mask: true where a token is real.
    """

    ids: Sequence[tuple[int, ...]]
    layers: Sequence[tuple[Float[Tensor, "prefixes heads tokens width"], Float[Tensor, "prefixes heads tokens width"]]]
    mask: Bool[Tensor, "prefixes tokens"]

    def expand(self, chosen: Sequence[tuple[int, ...]]) -> tuple["PreallocatedCache", Bool[Tensor, "rows tokens"]]:
        """A cache for a batch of rows.

        Args:
            chosen: the prefix of each row.

        Returns:
            A cache of its own, and its mask.
        """
        places = {ids: place for place, ids in enumerate(self.ids)}
        rows = torch.tensor([places[ids] for ids in chosen], device=self.mask.device)
        cache = PreallocatedCache()
        for index, (keys, values) in enumerate(self.layers):
            cache.update(keys[rows], values[rows], index)
        return cache, self.mask[rows]


def prefill_prefixes(language_model: PreTrainedModel, prefixes: Sequence[tuple[int, ...]]) -> Prefixes:
    """Read each prefix once, for generation.

    Args:
        language_model: in evaluation mode.
        prefixes: token ids, each different; some may be empty.

    Returns:
        The keys and values of all.
    """
    embed: Any = language_model.get_input_embeddings()
    device = embed.weight.device
    inputs, mask = pad_left([embed(torch.tensor(ids, dtype=torch.long, device=device)) for ids in prefixes])
    cache = DynamicCache(config=language_model.config)
    if mask.shape[1]:
        # The body without its output layer: no token is predicted here.
        language_model.base_model(
            inputs_embeds=inputs,
            attention_mask=mask.long(),
            position_ids=position_ids(mask),
            use_cache=True,
            **given_cache(language_model.base_model, cache),
        )
    # Where all prefixes are empty, nothing was read and no layer holds anything.
    layers = [(layer.keys, layer.values) for layer in cache.layers if layer.is_initialized]  # type: ignore[union-attr]
    return Prefixes(prefixes, layers, mask)  # type: ignore[arg-type]


def given_cache(language_model: Any, cache: Cache) -> dict[str, Cache]:
    """A cache as a keyword of a model's forward pass, which newer versions of transformers call otherwise.

    Args:
        language_model: with or without an adapter.
        cache: to go on from.

    Returns:
        One keyword.
    """
    base: Any = language_model.get_base_model() if isinstance(language_model, PeftModel) else language_model
    return {_cache_name(type(base).forward): cache}


@functools.cache
def _cache_name(forward: Callable[..., Any]) -> str:
    """What the forward pass of a class of models calls its cache."""
    return "cache" if "cache" in inspect.signature(forward).parameters else "past_key_values"


class PreallocatedLayer(DynamicLayer):
    """Keys and values in memory with room to spare: a new token is written behind the others, which are not copied."""

    keys: Tensor
    values: Tensor

    def update(self, key_states: Tensor, value_states: Tensor, *_args: Any, **_kwargs: Any) -> tuple[Tensor, Tensor]:
        """Append tokens.

        Args:
            key_states: (rows, heads, new tokens, width).
            value_states: (rows, heads, new tokens, width).
            *_args: of other kinds of cache.
            **_kwargs: of other kinds of cache.

        Returns:
            All keys and values so far.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
            self._all_keys, self._all_values = self.keys, self.values
        start, stop = self.keys.shape[2], self.keys.shape[2] + key_states.shape[2]
        if stop > self._all_keys.shape[2]:
            self._all_keys = _reserve(self.keys, stop + SPARE_TOKENS)
            self._all_values = _reserve(self.values, stop + SPARE_TOKENS)
        self._all_keys[:, :, start:stop] = key_states
        self._all_values[:, :, start:stop] = value_states
        self.keys, self.values = self._all_keys[:, :, :stop], self._all_values[:, :, :stop]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows of the batch.

        Args:
            indices: of the rows, in their new order.
        """
        super().batch_select_indices(indices)
        self._all_keys, self._all_values = self.keys, self.values


class PreallocatedCache(Cache):
    """A cache of PreallocatedLayers, made as the layers are met."""

    def __init__(self) -> None:
        super().__init__(layer_class_to_replicate=PreallocatedLayer)


def _reserve(states: Float[Tensor, "rows heads tokens width"], tokens: int) -> Float[Tensor, "rows heads _ width"]:
    rows, heads, count, width = states.shape
    spacious = states.new_empty(rows, heads, tokens, width)
    spacious[:, :, :count] = states
    return spacious


def caches_every_token(language_model: PreTrainedModel) -> bool:
    """Whether every layer does; sliding windows or recurrent states would count the padding between a row's parts.

    Args:
        language_model: a causal one.

    Returns:
        True where prefixes can be prefilled, and rows packed.
    """
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=language_model.config).layers)


def step_mask(
    language_model: PreTrainedModel, mask: Bool[Tensor, "rows tokens"], *, padded: bool
) -> Bool[Tensor, "rows 1 1 tokens"] | Int[Tensor, "rows tokens"] | None:
    """The attention mask of a step that reads one token a row.

    Ready for torch's attention where the model takes it so; from token by token, transformers would find out at each step
    whether there is padding, for which the host waits for the device.

    Args:
        language_model: a causal one.
        mask: true where a token is real.
        padded: whether some are not.

    Returns:
        The mask as a keyword of the forward pass.
    """
    if language_model.config._attn_implementation != "sdpa" or not language_model._supports_attention_backend:
        return mask.long()
    return mask[:, None, None] if padded else None


def position_ids(mask: Bool[Tensor, "rows tokens"]) -> Int[Tensor, "rows tokens"]:
    """The position of each real token in its row, from 0.

    Args:
        mask: true where a token is real.

    Returns:
        0 for padding before the first real token.
    """
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)


def pad_left(
    rows: Sequence[Float[Tensor, "_ hidden"]],
) -> tuple[Float[Tensor, "batch tokens hidden"], Bool[Tensor, "batch tokens"]]:
    """Pad rows of different length on the left.

    Args:
        rows: at least one.

    Returns:
        One batch, and its mask, true where a token is real.
    """
    length = max(len(row) for row in rows)
    padded = torch.stack([functional.pad(row, (0, 0, length - len(row), 0)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows], device=padded.device)
    return padded, torch.arange(length, device=padded.device) >= length - lengths[:, None]
