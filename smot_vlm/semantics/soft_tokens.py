"""From fused visual tokens to soft tokens: a learned-query resampler and a linear map into the language model's space.

This is the `Linear` of the paper's Dec(Linear(T_j)), with a fixed number of tokens however long the trajectory is.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention, SelfAttention
from smot_vlm.semantics.decoder import TASKS, CaptionRequest, Task, pad_tokens


class SoftTokens(nn.Module):
    """`count` learned queries of a task read the visual tokens; each becomes one input embedding of width `hidden`.

    They read, agree among themselves (so that each knows what the others say, and their order can be a sentence's),
    and read again. Tasks differ in their queries alone: how things look as words is the same for people and scenes.
    scale: standard deviation of the language model's own embeddings, so that soft tokens start out as loud as words.
    """

    def __init__(self, dim: int, hidden: int, *, count: int = 16, heads: int = 8, scale: float = 0.02) -> None:
        super().__init__()
        self.queries = nn.ParameterDict({task: torch.randn(count, dim) * dim**-0.5 for task in TASKS})
        self.read = CrossAttention(dim, heads, 2 * dim)
        self.agree = SelfAttention(dim, heads)
        self.read_again = CrossAttention(dim, heads, 2 * dim)
        self.project = nn.Linear(dim, hidden)
        self.norm = nn.LayerNorm(hidden)
        nn.init.constant_(self.norm.weight, scale)

    def forward(
        self, task: Task, tokens: Float[Tensor, "batch tokens dim"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch count hidden"]:
        """mask: true where a token is real."""
        queries = self.queries[task].expand(len(tokens), -1, -1)
        queries = self.agree(self.read(queries, tokens, mask))
        return self.speak(self.read_again(queries, tokens, mask))

    def speak(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch hidden"]:
        """Tokens of any kind as input embeddings."""
        return self.norm(self.project(tokens))

    def rows(self, requests: Sequence[CaptionRequest]) -> list[Float[Tensor, "count hidden"]]:
        """The soft tokens of each request, by the queries of its task."""
        rows: dict[int, Tensor] = {}
        for task in TASKS:
            chosen = [index for index, request in enumerate(requests) if request.task == task]
            if chosen:
                tokens, mask = pad_tokens([requests[index].tokens for index in chosen])
                rows |= dict(zip(chosen, self(task, tokens, mask), strict=True))
        return [rows[index] for index in range(len(requests))]


def soft_tokens_into(words: Float[Tensor, "vocabulary hidden"], dim: int, *, count: int) -> SoftTokens:
    """A resampler into the space of a language model's input embeddings `words`, as loud as they are."""
    return SoftTokens(dim, words.shape[1], count=count, scale=words.detach().float().std().item())
