"""TFM, trajectory fusion (paper section 4): the tokens of a person in all frames, concatenated, through self-attention.

Beside the paper: codes that say when (time), where (box) and which part of the box (cell) a token comes from.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import SelfAttention

SHORTEST_PERIOD_SECONDS = 0.5
LONGEST_PERIOD_SECONDS = 600.0


class PositionCodes(nn.Module):
    """Time, box and cell as one code a token, to be added.

    Times are sinusoids of seconds, so that any length is covered; boxes are (center x, center y, width, height) as
    fractions of the frame; cells are learned.
    """

    def __init__(self, dim: int = 256, cells: int = 4) -> None:
        super().__init__()
        count = dim // 4
        exponents = torch.linspace(0, 1, count)
        periods = SHORTEST_PERIOD_SECONDS * (LONGEST_PERIOD_SECONDS / SHORTEST_PERIOD_SECONDS) ** exponents
        self.register_buffer("frequencies", 2 * math.pi / periods, persistent=False)
        self.time = nn.Linear(2 * count, dim)
        self.box = nn.Sequential(nn.Linear(4, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.cell = nn.Parameter(0.02 * torch.randn(cells, dim))

    def forward(
        self, times: Float[Tensor, "tracks frames"], boxes: Float[Tensor, "tracks frames 4"]
    ) -> Float[Tensor, "tracks frames cells dim"]:
        angles = times[..., None] * self.frequencies
        moment = self.time(torch.cat([angles.sin(), angles.cos()], dim=-1)) + self.box(boxes)
        return moment[:, :, None] + self.cell


class ConcatenationTrajectoryFusion(nn.Module):
    """T_j = SA(concat of t_i^j), the paper's choice (Table 4). `position_codes=False` is the released code's way."""

    def __init__(self, dim: int = 256, heads: int = 8, cells: int = 4, position_codes: bool = True) -> None:
        super().__init__()
        self.codes = PositionCodes(dim, cells) if position_codes else None
        self.block = SelfAttention(dim, heads)

    def forward(
        self,
        tokens: Float[Tensor, "tracks frames cells dim"],
        times: Float[Tensor, "tracks frames"],
        boxes: Float[Tensor, "tracks frames 4"],
        mask: Bool[Tensor, "tracks frames"],
    ) -> tuple[Float[Tensor, "tracks tokens dim"], Bool[Tensor, "tracks tokens"]]:
        """mask: true where a track has that frame. times: seconds since the video began. boxes: fractions of the frame.

        Returns the fused tokens (frames x cells) and which of them are real.
        """
        if self.codes is not None:
            tokens = tokens + self.codes(times, boxes)
        token_mask = mask.repeat_interleave(tokens.shape[2], dim=1)
        return self.block(tokens.flatten(1, 2), token_mask), token_mask
