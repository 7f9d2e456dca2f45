"""From fused visual tokens to soft tokens: a learned-query resampler and a linear map into the language model's space.

This is the `Linear` of the paper's Dec(Linear(T_j)), with a fixed number of tokens however long the trajectory is.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention, SelfAttention
from smot_vlm.semantics.decoder import TASKS, CaptionRequest, Task, pad_tokens

# Which task's tokens are in order of time.
TIMED: Task = "instance"


class SoftTokens(nn.Module):
    """`count` learned queries of a task read the visual tokens; each becomes one input embedding of width `hidden`.

    They read, agree among themselves (so that each knows what the others say), and read again. Tasks differ in their
    queries alone: how things look as words is the same for people and scenes.
    num_segments: into how many the life of a person is divided; 0: queries find what they want by themselves. Each segment
    has its share of the queries (see `Windows`), so soft tokens tell what happens in the order in which it happens; kept
    as (segments, tokens of each).
    scale: standard deviation of the language model's own embeddings, so that soft tokens start out as loud as words.
    """

    def __init__(
        self, dim: int, hidden: int, *, count: int = 16, heads: int = 8, scale: float = 0.02, num_segments: int = 0
    ) -> None:
        super().__init__()
        if num_segments and count % num_segments:
            raise ValueError(f"{count} soft tokens for {num_segments} segments; give a multiple, or 0 segments")
        self.num_segments = (num_segments, count // num_segments if num_segments else 0)
        self.queries = nn.ParameterDict({task: torch.randn(count, dim) * dim**-0.5 for task in TASKS})
        self.windows = Windows(count, heads, num_segments) if num_segments else None
        self.read = CrossAttention(dim, heads, 2 * dim)
        self.agree = SelfAttention(dim, heads)
        self.read_again = CrossAttention(dim, heads, 2 * dim)
        self.project = nn.Linear(dim, hidden)
        self.norm = nn.LayerNorm(hidden)
        nn.init.constant_(self.norm.weight, scale)

    def forward(
        self, task: Task, tokens: Float[Tensor, "batch tokens dim"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch count hidden"]:
        """mask: true where a token is real; a person's are in order of time."""
        bias = self.windows(mask) if self.windows is not None and task == TIMED else None
        queries = self.queries[task].expand(len(tokens), -1, -1)
        queries = self.agree(self.read(queries, tokens, mask, bias))
        return self.project_tokens(self.read_again(queries, tokens, mask, bias))

    def project_tokens(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch hidden"]:
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


class Windows(nn.Module):
    """Where each query looks: a bias of attention that falls with the distance from the middle of the query's segment.

    Each head has a width of its own for each query, learned; at the start the first head sees little but its segment,
    and the last one the whole life.
    """

    middles: Tensor

    def __init__(self, queries: int, heads: int, num_segments: int) -> None:
        super().__init__()
        middles = (torch.arange(num_segments) + 0.5) / num_segments
        self.register_buffer("middles", middles.repeat_interleave(queries // num_segments), persistent=False)
        widths = torch.linspace(math.log(0.5 / num_segments), math.log(2.0), heads)
        self.log_widths = nn.Parameter(widths[:, None].repeat(1, queries))

    def forward(self, mask: Bool[Tensor, "batch tokens"]) -> Float[Tensor, "batch heads queries tokens"]:
        """mask: true where a token is real; real tokens come first."""
        length = mask.sum(dim=1, keepdim=True).clamp(min=1)
        places = (torch.arange(mask.shape[1], device=mask.device) + 0.5) / length
        distances = places[:, None, :] - self.middles[:, None]
        return -0.5 * (distances[:, None] / self.log_widths.exp()[..., None]).square()


def soft_tokens_into(
    words: Float[Tensor, "vocabulary hidden"], dim: int, *, count: int, num_segments: int = 0
) -> SoftTokens:
    """A resampler into the space of a language model's input embeddings `words`, as loud as they are."""
    scale = words.detach().float().std().item()
    return SoftTokens(dim, words.shape[1], count=count, scale=scale, num_segments=num_segments)
