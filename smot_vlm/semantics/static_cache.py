"""A key-value cache of fixed size: each token is written at a place that a tensor holds, so that steps can be compiled.

Transformers' own static layers count their tokens layer by layer, which are two small kernels more for each, and word; here all
layers share one place. Columns that hold no token are the mask's business.
"""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor
from transformers.cache_utils import Cache, StaticLayer


class PlacedLayer(StaticLayer):
    """Keys and values in memory that stays where it is.

    Args:
        keys: of the prompts, for their shapes and type.
        values: of the prompts.
        rows: of the batch.
        capacity: tokens of a row.
        place: where the next token is written; shared by all layers.
    """

    keys: Tensor
    values: Tensor

    def __init__(
        self,
        keys: Float[Tensor, "_ heads tokens width"],
        values: Float[Tensor, "_ heads tokens _width"],
        rows: int,
        capacity: int,
        place: Int[Tensor, "1"],
    ) -> None:
        super().__init__(max_cache_len=capacity)
        self.keys = keys.new_zeros(rows, keys.shape[1], capacity, keys.shape[3])
        self.values = values.new_zeros(rows, values.shape[1], capacity, values.shape[3])
        self.place = place
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_args: Any, **_kwargs: Any) -> tuple[Tensor, Tensor]:
        """Write one token a row at the place.

        Args:
            key_states: (rows, heads, 1, width).
            value_states: (rows, heads, 1, width).
            *_args: of other kinds of cache.
            **_kwargs: of other kinds of cache.

        Returns:
            All keys and values, columns without a token too.
        """
        self.keys.index_copy_(2, self.place, key_states.to(self.keys.dtype))
        self.values.index_copy_(2, self.place, value_states.to(self.values.dtype))
        return self.keys, self.values

    def get_seq_length(self) -> int:
        """Every column may be seen, as far as the order of tokens goes; the mask says which.

        Returns:
            The capacity.
        """
        return self.max_cache_len

    def fill(self, keys: Float[Tensor, "_ heads tokens width"], values: Float[Tensor, "_ heads tokens _width"]) -> None:
        """Begin anew, with the tokens of prompts in the first columns.

        Args:
            keys: of at most as many rows as the layer has.
            values: of the same.
        """
        for memory, states in ((self.keys, keys), (self.values, values)):
            rows, _, tokens, _ = states.shape
            memory.zero_()  # what stands behind is masked, but a NaN would not be
            memory[:rows, :, :tokens] = states


def placed_cache(layers: Sequence[tuple[Tensor, Tensor]], rows: int, capacity: int, place: Int[Tensor, "1"]) -> Cache:
    """A cache of fixed size.

    Args:
        layers: keys and values of each layer, for their shapes and type.
        rows: of the batch.
        capacity: tokens of a row.
        place: where the next token is written.

    Returns:
        A cache of PlacedLayers, empty.
    """
    return Cache(layers=[PlacedLayer(keys, values, rows, capacity, place) for keys, values in layers])


def memory_of(cache: Cache) -> list[Tensor]:
    """The tensors that hold a cache of fixed size.

    Args:
        cache: of PlacedLayers.

    Returns:
        Keys and values of each layer.
    """
    return [memory for layer in cache.layers for memory in (layer.keys, layer.values)]  # type: ignore[union-attr,misc]
