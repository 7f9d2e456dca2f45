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

# The task whose tokens are in order of time.
ORDERED_TASK: Task = "instance"


class SoftTokens(nn.Module):
    """Learned queries of a task read the visual tokens; each becomes one input embedding of the language model.

    They cross-attend to the visual tokens, self-attend, so that each knows what the others carry, and cross-attend
    again. Tasks differ in their queries alone: the map from features to words is the same for people and scenes.

    Args:
        dim: width of the visual tokens.
        hidden: width of the language model's embeddings.
        count: soft tokens of a request.
        heads: of the attention.
        scale: standard deviation of the language model's embeddings, so that soft tokens start at their norm.
        num_segments: equal parts of a trajectory; each has its share of the queries (see `SegmentWindows`), so soft
            tokens are in order of time. 0: every query attends to everything.

    Raises:
        ValueError: the segments cannot share the soft tokens evenly.
    """

    def __init__(
        self, dim: int, hidden: int, *, count: int = 16, heads: int = 8, scale: float = 0.02, num_segments: int = 0
    ) -> None:
        super().__init__()
        if num_segments and count % num_segments:
            raise ValueError(f"{count} soft tokens for {num_segments} segments; give a multiple, or 0 segments")
        # Segments, and soft tokens of each.
        self.num_segments = (num_segments, count // num_segments if num_segments else 0)
        self.queries = nn.ParameterDict({task: torch.randn(count, dim) * dim**-0.5 for task in TASKS})
        self.windows = SegmentWindows(count, heads, num_segments) if num_segments else None
        self.read = CrossAttention(dim, heads, 2 * dim)
        self.agree = SelfAttention(dim, heads)
        self.read_again = CrossAttention(dim, heads, 2 * dim)
        self.project = nn.Linear(dim, hidden)
        self.norm = nn.LayerNorm(hidden)
        nn.init.constant_(self.norm.weight, scale)

    def forward(
        self, task: Task, tokens: Float[Tensor, "batch tokens dim"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch count hidden"]:
        """The soft tokens of a batch of one task.

        Args:
            task: whose queries are used.
            tokens: visual tokens; a person's are in order of time.
            mask: true where a token is real.

        Returns:
            Input embeddings.
        """
        bias = self.windows(mask) if self.windows is not None and task == ORDERED_TASK else None
        queries = self.queries[task].expand(len(tokens), -1, -1)
        queries = self.agree(self.read(queries, tokens, mask, bias))
        return self.project_tokens(self.read_again(queries, tokens, mask, bias))

    def project_tokens(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch hidden"]:
        """Map tokens into the language model's embedding space.

        Args:
            tokens: soft or visual ones.

        Returns:
            Input embeddings.
        """
        embeddings: Tensor = self.norm(self.project(tokens))
        return embeddings

    def rows(self, requests: Sequence[CaptionRequest]) -> list[Float[Tensor, "count hidden"]]:
        """The soft tokens of each request, by the queries of its task.

        Args:
            requests: of any tasks.

        Returns:
            Input embeddings, in the order of the requests.
        """
        rows: dict[int, Tensor] = {}
        for task in TASKS:
            chosen = [index for index, request in enumerate(requests) if request.task == task]
            if chosen:
                tokens, mask = pad_tokens([requests[index].tokens for index in chosen])
                rows |= dict(zip(chosen, self(task, tokens, mask), strict=True))
        return [rows[index] for index in range(len(requests))]


class SegmentWindows(nn.Module):
    """An attention bias that falls with the distance from the centre of the query's segment (Gaussian).

    Each head learns a width of its own for each query. At the start the first head sees little but its segment, and the
    last one the whole trajectory.

    Args:
        queries: soft tokens, a multiple of num_segments.
        heads: of the attention.
        num_segments: equal parts of a trajectory.
    """

    centers: Tensor

    def __init__(self, queries: int, heads: int, num_segments: int) -> None:
        super().__init__()
        centers = (torch.arange(num_segments) + 0.5) / num_segments
        self.register_buffer("centers", centers.repeat_interleave(queries // num_segments), persistent=False)
        widths = torch.linspace(math.log(0.5 / num_segments), math.log(2.0), heads)
        self.log_widths = nn.Parameter(widths[:, None].repeat(1, queries))

    def forward(self, mask: Bool[Tensor, "batch tokens"]) -> Float[Tensor, "batch heads queries tokens"]:
        """The bias of a batch of trajectories.

        Args:
            mask: true where a token is real; real tokens come first.

        Returns:
            To add to attention scores.
        """
        length = mask.sum(dim=1, keepdim=True).clamp(min=1)
        places = (torch.arange(mask.shape[1], device=mask.device) + 0.5) / length
        distances = places[:, None, :] - self.centers[:, None]
        return -0.5 * (distances[:, None] / self.log_widths.exp()[..., None]).square()


def soft_tokens_into(
    embeddings: Float[Tensor, "vocabulary hidden"], dim: int, *, count: int, num_segments: int = 0
) -> SoftTokens:
    """A resampler into the embedding space of a language model, at the scale of its embeddings.

    Args:
        embeddings: the language model's word embeddings.
        dim: width of the visual tokens.
        count: soft tokens of a request.
        num_segments: see `SoftTokens`.

    Returns:
        With random weights.
    """
    scale = embeddings.detach().float().std().item()
    return SoftTokens(dim, embeddings.shape[1], count=count, scale=scale, num_segments=num_segments)
