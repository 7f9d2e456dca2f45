"""From fused visual tokens to soft tokens: a learned-query resampler and a linear map into the language model's space.

This is the `Linear` of the paper's Dec(Linear(T_j)), with a fixed number of tokens however long the trajectory is.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention
from smot_vlm.semantics.decoder import TASKS, CaptionRequest, pad_tokens


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


def soft_tokens_of_each_task(dim: int, words: Float[Tensor, "vocabulary hidden"], *, count: int) -> nn.ModuleDict:
    """A resampler for each task, into the space of a language model's input embeddings `words` and as loud as they are."""
    hidden, scale = words.shape[1], words.detach().float().std().item()
    return nn.ModuleDict({task: SoftTokens(dim, hidden, count=count, scale=scale) for task in TASKS})


def soft_rows(resamplers: nn.ModuleDict, requests: Sequence[CaptionRequest]) -> list[Float[Tensor, "count hidden"]]:
    """The soft tokens of each request, by the resampler of its task."""
    rows: dict[int, Tensor] = {}
    for task in TASKS:
        chosen = [index for index, request in enumerate(requests) if request.task == task]
        if chosen:
            tokens, mask = pad_tokens([requests[index].tokens for index in chosen])
            rows |= dict(zip(chosen, resamplers[task](tokens, mask), strict=True))
    return [rows[index] for index in range(len(requests))]
