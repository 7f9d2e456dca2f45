"""The interaction head (paper section 4): for each ordered pair, MLP(CA(T_j, T_k)) -> a logit for each verb sense."""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention, attention_pool

# Probability of any verb before training, as focal loss wants it.
PRIOR = 0.01


class InteractionHead(nn.Module):
    """Directed: the logits of (j, k) are for "j acts on k". Query tokens of the subject read the object's tokens.

    verbs: number of senses. chunk: pairs in one pass, which bounds the memory.
    """

    def __init__(
        self, dim: int = 256, heads: int = 8, feedforward: int = 1024, *, verbs: int = 335, chunk: int = 64
    ) -> None:
        super().__init__()
        self.pair = CrossAttention(dim, heads, feedforward)
        self.pool_score = nn.Linear(dim, 1)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim))
        self.classify = nn.Linear(dim, verbs)
        nn.init.constant_(self.classify.bias, -math.log((1 - PRIOR) / PRIOR))
        self.chunk = chunk

    def forward(
        self,
        tracks: Float[Tensor, "tracks tokens dim"],
        mask: Bool[Tensor, "tracks tokens"],
        pairs: Int[Tensor, "pairs 2"],
    ) -> Float[Tensor, "pairs verbs"]:
        """pairs: rows (subject, object) into `tracks`. mask: true where a token is real."""
        logits = [self._logits(tracks, mask, chunk) for chunk in pairs.split(self.chunk)]
        return torch.cat(logits)

    def _logits(self, tracks: Tensor, mask: Tensor, pairs: Tensor) -> Tensor:
        subject, target = pairs.unbind(dim=1)
        tokens = self.pair(tracks[subject], tracks[target], mask[target])
        pooled = attention_pool(tokens, self.pool_score(tokens).squeeze(-1), mask[subject])
        return self.classify(self.mlp(pooled))
