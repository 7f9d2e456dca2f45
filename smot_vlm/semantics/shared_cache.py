"""What generation remembers: beginnings that rows share, read once, in a cache that does not copy itself at each word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

# Room is taken for so many new tokens at once.
ROOM_TOKENS = 64


@dataclass(frozen=True, eq=False)
class Beginnings:
    """What the language model has read of each different beginning: keys and values a layer, and which are real."""

    ids: Sequence[tuple[int, ...]]
    layers: Sequence[
        tuple[Float[Tensor, "beginnings heads tokens width"], Float[Tensor, "beginnings heads tokens width"]]
    ]
    mask: Bool[Tensor, "beginnings tokens"]

    def expand(self, chosen: Sequence[tuple[int, ...]]) -> tuple["RoomyCache", Bool[Tensor, "rows tokens"]]:
        """A cache of its own for rows that begin with the `chosen` ids, and its mask."""
        places = {ids: place for place, ids in enumerate(self.ids)}
        rows = torch.tensor([places[ids] for ids in chosen], device=self.mask.device)
        cache = RoomyCache()
        for index, (keys, values) in enumerate(self.layers):
            cache.update(keys[rows], values[rows], index)
        return cache, self.mask[rows]


def read_beginnings(language_model: PreTrainedModel, beginnings: Sequence[tuple[int, ...]]) -> Beginnings:
    """Read each of the different `beginnings` (token ids) once."""
    embed: Any = language_model.get_input_embeddings()
    device = embed.weight.device
    inputs, mask = pad_left([embed(torch.tensor(ids, dtype=torch.long, device=device)) for ids in beginnings])
    cache = DynamicCache(config=language_model.config)
    if mask.shape[1]:
        # The body without the layer that scores words: no word is chosen here.
        language_model.base_model(
            inputs_embeds=inputs,
            attention_mask=mask.long(),
            position_ids=positions(mask),
            past_key_values=cache,
            use_cache=True,
        )
    # Where all beginnings are empty, nothing was read and no layer holds anything.
    layers = [(layer.keys, layer.values) for layer in cache.layers if layer.is_initialized]  # type: ignore[union-attr]
    return Beginnings(beginnings, layers, mask)  # type: ignore[arg-type]


def read_once(language_model: Any, beginning: Float[Tensor, "tokens hidden"], rows: int) -> DynamicCache:
    """A cache with `beginning` (embeddings) read once and repeated for `rows` rows, with gradient, for training."""
    cache = DynamicCache(config=language_model.config)
    language_model(inputs_embeds=beginning[None], past_key_values=cache, use_cache=True, logits_to_keep=1)
    cache.batch_repeat_interleave(rows)
    return cache


class RoomyLayer(DynamicLayer):
    """Keys and values in memory with room to spare: a new word is written behind the others, which are not copied."""

    keys: Tensor
    values: Tensor

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """See CacheLayerMixin.update; (rows, heads, new tokens, width)."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
            self._roomy_keys, self._roomy_values = self.keys, self.values
        start, stop = self.keys.shape[2], self.keys.shape[2] + key_states.shape[2]
        if stop > self._roomy_keys.shape[2]:
            self._roomy_keys = _with_room(self.keys, stop + ROOM_TOKENS)
            self._roomy_values = _with_room(self.values, stop + ROOM_TOKENS)
        self._roomy_keys[:, :, start:stop] = key_states
        self._roomy_values[:, :, start:stop] = value_states
        self.keys, self.values = self._roomy_keys[:, :, :stop], self._roomy_values[:, :, :stop]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows."""
        super().batch_select_indices(indices)
        self._roomy_keys, self._roomy_values = self.keys, self.values


class RoomyCache(Cache):
    """A cache of RoomyLayers, made as the layers are met."""

    def __init__(self) -> None:
        super().__init__(layer_class_to_replicate=RoomyLayer)


def _with_room(states: Float[Tensor, "rows heads tokens width"], tokens: int) -> Float[Tensor, "rows heads _ width"]:
    rows, heads, count, width = states.shape
    spacious = states.new_empty(rows, heads, tokens, width)
    spacious[:, :, :count] = states
    return spacious


def remembers_every_token(language_model: PreTrainedModel) -> bool:
    """Whether all layers do; others (sliding windows, states) would count the padding between a row's parts."""
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=language_model.config).layers)


def positions(mask: Bool[Tensor, "rows tokens"]) -> Int[Tensor, "rows tokens"]:
    """The place of each real token in its row, from 0."""
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)


def pad_left(
    rows: Sequence[Float[Tensor, "_ hidden"]],
) -> tuple[Float[Tensor, "batch tokens hidden"], Bool[Tensor, "batch tokens"]]:
    """Rows of different length as one left-padded batch, and its mask (true where a token is real)."""
    length = max(len(row) for row in rows)
    padded = torch.stack([functional.pad(row, (0, 0, length - len(row), 0)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows], device=padded.device)
    return padded, torch.arange(length, device=padded.device) >= length - lengths[:, None]
