"""Fusion by a token-wise MLP, the alternative to CA in the paper's Table 4."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MLPFusion(nn.Module):
    """LayerNorm(old + MLP([old, new])) for each token; the MLP is linear, ReLU, linear.

    Args:
        dim: Width of a token.
        feedforward: Hidden width of the MLP.
    """

    def __init__(self, dim: int = 256, feedforward: int = 1024) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2 * dim, feedforward), nn.ReLU(), nn.Linear(feedforward, dim))
        self.norm = nn.LayerNorm(dim)

    def forward(
        self, old: Float[Tensor, "batch tokens dim"], new: Float[Tensor, "batch tokens dim"]
    ) -> Float[Tensor, "batch tokens dim"]:
        """Fuse `new` into `old`."""
        fused: Tensor = self.norm(old + self.mlp(torch.cat([old, new], dim=-1)))
        return fused
