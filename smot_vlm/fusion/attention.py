"""The paper's two attention blocks, CA and SA (section 4), as small modules. Norm after the sum, as in the paper's code."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """SA: multi-head self-attention, add, norm.

    Args:
        dim: width of the tokens.
        heads: of the attention.
    """

    def __init__(self, dim: int = 256, heads: int = 8) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm = nn.LayerNorm(dim)

    def forward(
        self, tokens: Float[Tensor, "batch tokens dim"], mask: Bool[Tensor, "batch tokens"] | None = None
    ) -> Float[Tensor, "batch tokens dim"]:
        """Attend.

        Args:
            tokens: query, key and value.
            mask: true where a token is real; a row without any gives finite numbers without meaning.

        Returns:
            Tokens of the same shape.
        """
        attended, _ = self.attention(tokens, tokens, tokens, key_padding_mask=_padding(mask), need_weights=False)
        result: Tensor = self.norm(tokens + attended)
        return result


class CrossAttention(nn.Module):
    """CA: cross-attention, add, norm, feed-forward (ReLU), add, norm.

    Args:
        dim: width of the tokens.
        heads: of the attention.
        feedforward: width of the feed-forward layer.
    """

    def __init__(self, dim: int = 256, heads: int = 8, feedforward: int = 1024) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.attention_norm = nn.LayerNorm(dim)
        self.feedforward = nn.Sequential(nn.Linear(dim, feedforward), nn.ReLU(), nn.Linear(feedforward, dim))
        self.feedforward_norm = nn.LayerNorm(dim)

    def forward(
        self,
        query: Float[Tensor, "batch queries dim"],
        memory: Float[Tensor, "batch tokens dim"],
        mask: Bool[Tensor, "batch tokens"] | None = None,
        bias: Float[Tensor, "batch heads queries tokens"] | None = None,
    ) -> Float[Tensor, "batch queries dim"]:
        """Attend.

        Args:
            query: the first argument of CA.
            memory: key and value, the second.
            mask: true where a token of `memory` is real.
            bias: added to the attention's scores.

        Returns:
            Tokens of the shape of `query`.
        """
        own, others = self._projections()
        keys, values = self._keys_and_values(memory, others)
        return self._read(query, own, keys, values, _scores(mask, bias, query.dtype))

    def in_turn(
        self,
        queries: Float[Tensor, "rows queries dim"],
        memories: Float[Tensor, "memories tokens dim"],
        mask: Bool[Tensor, "memories tokens"],
        counts: Sequence[int],
    ) -> Float[Tensor, "rows queries dim"]:
        """Query <- CA(query, memory) for each memory in order. Rows go side by side, and every memory is projected at once.

        Args:
            queries: of each row.
            memories: those of the first row, then those of the second, and so on.
            mask: true where a token of a memory is real.
            counts: memories of each row; one without any stays as it is.

        Returns:
            Tokens of the shape of `queries`.
        """
        rows = sorted(range(len(counts)), key=lambda row: -counts[row])  # whoever is done stands at the end
        going = [sum(count > turn for count in counts) for turn in range(max(counts, default=0))]
        if not going:
            return queries
        starts = np.cumsum([0, *counts])
        order = [int(starts[row]) + turn for turn, several in enumerate(going) for row in rows[:several]]
        places = torch.tensor([*order, *rows, *np.argsort(rows).tolist()]).to(queries.device)
        chosen, forth, back = places.split([len(order), len(rows), len(rows)])
        own, others = self._projections()
        keys, values = self._keys_and_values(memories.index_select(0, chosen), others)
        scores = _scores(mask.index_select(0, chosen), None, queries.dtype)
        assert scores is not None, "there is a mask"
        now, done = queries.index_select(0, forth), []
        for turn in zip(keys.split(going), values.split(going), scores.split(going), strict=True):
            now, ended = now.split([len(turn[0]), len(now) - len(turn[0])])
            done.append(ended)
            now = self._read(now, own, *turn)
        return torch.cat([now, *done[::-1]]).index_select(0, back)

    def _projections(self) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Weight and bias for queries, and for keys with values."""
        dim = self.attention.embed_dim
        weights = self.attention.in_proj_weight.split([dim, 2 * dim])
        biases = self.attention.in_proj_bias.split([dim, 2 * dim])
        return (weights[0], biases[0]), (weights[1], biases[1])

    def _keys_and_values(self, memory: Tensor, projection: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Both (batch, heads, tokens, width)."""
        both = functional.linear(memory, *projection).unflatten(-1, (2, self.attention.num_heads, -1))
        keys, values = both.permute(2, 0, 3, 1, 4).contiguous().unbind()
        return keys, values

    def _read(
        self, query: Tensor, own: tuple[Tensor, Tensor], keys: Tensor, values: Tensor, scores: Tensor | None
    ) -> Tensor:
        heads = functional.linear(query, *own).unflatten(-1, (self.attention.num_heads, -1)).transpose(1, 2)
        attended = functional.scaled_dot_product_attention(heads, keys, values, attn_mask=scores)
        query = self.attention_norm(query + self.attention.out_proj(attended.transpose(1, 2).flatten(2)))
        result: Tensor = self.feedforward_norm(query + self.feedforward(query))
        return result


def _scores(
    mask: Bool[Tensor, "batch tokens"] | None,
    bias: Float[Tensor, "batch heads queries tokens"] | None,
    dtype: torch.dtype,
) -> Float[Tensor, "batch _ _ tokens"] | None:
    """What is added to the attention's scores: the bias, and minus infinity where a token is to be ignored."""
    padding = _padding(mask)
    if padding is None:
        return bias
    if bias is None:
        bias = torch.zeros_like(padding, dtype=dtype)[:, None, None]
    return bias.masked_fill(padding[:, None, None], -torch.inf)


def _padding(mask: Tensor | None) -> Tensor | None:
    """Torch's key_padding_mask: true where a token is to be ignored; never a whole row, whose softmax has no value."""
    if mask is None:
        return None
    return ~mask & mask.any(dim=1, keepdim=True)
