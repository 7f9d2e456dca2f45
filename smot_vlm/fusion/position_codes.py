"""When, where and which part of a box a token of a person comes from, as codes to be added. Not in the paper."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

SHORTEST_PERIOD_SECONDS = 0.5
LONGEST_PERIOD_SECONDS = 600.0


class PositionCodes(nn.Module):
    """Time, box and cell as one code a token, to be added.

    Times are sinusoids of seconds, so that any length is covered; boxes are (center x, center y, width, height) as
    fractions of the frame; cells are learned.

    Args:
        dim: width of the tokens.
        cells: tokens of a box.
    """

    frequencies: Tensor

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
        """Codes of each token; times in seconds, boxes as fractions of the frame."""
        angles = times[..., None] * self.frequencies
        code = self.time(torch.cat([angles.sin(), angles.cos()], dim=-1)) + self.box(boxes)
        result: Tensor = code[:, :, None] + self.cell
        return result
