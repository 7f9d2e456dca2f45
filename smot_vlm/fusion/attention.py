"""The paper's two attention blocks, CA and SA (section 4), as small modules. Norm after the sum, as in the paper's code."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


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
        padding = _padding(mask)
        if bias is not None:
            bias = bias.flatten(0, 1)
            padding = None if padding is None else bias.new_zeros(padding.shape).masked_fill(padding, -torch.inf)
        attended, _ = self.attention(
            query, memory, memory, key_padding_mask=padding, attn_mask=bias, need_weights=False
        )
        query = self.attention_norm(query + attended)
        result: Tensor = self.feedforward_norm(query + self.feedforward(query))
        return result


def _padding(mask: Tensor | None) -> Tensor | None:
    """Torch's key_padding_mask: true where a token is to be ignored; never a whole row, whose softmax has no value."""
    if mask is None:
        return None
    return ~mask & mask.any(dim=1, keepdim=True)
