"""From fused visual tokens to soft tokens: a learned-query resampler and a linear map into the language model's space.

This is the `Linear` of the paper's Dec(Linear(T_j)), with a fixed number of tokens however long the trajectory is.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention


class SoftTokens(nn.Module):
    """`count` learned queries read the visual tokens; each becomes one input embedding of width `hidden`.

    scale: standard deviation of the language model's own embeddings, so that soft tokens start out as loud as words.
    """

    def __init__(self, dim: int, hidden: int, *, count: int = 16, heads: int = 8, scale: float = 0.02) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(count, dim) * dim**-0.5)
        self.read = CrossAttention(dim, heads, 4 * dim)
        self.project = nn.Linear(dim, hidden)
        self.norm = nn.LayerNorm(hidden)
        nn.init.constant_(self.norm.weight, scale)

    def forward(
        self, tokens: Float[Tensor, "batch tokens dim"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch count hidden"]:
        """mask: true where a token is real."""
        queries = self.queries.expand(len(tokens), -1, -1)
        return self.norm(self.project(self.read(queries, tokens, mask)))
