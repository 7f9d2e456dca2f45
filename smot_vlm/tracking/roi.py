"""What is kept of the pyramid: a few tokens a person (RoIAlign) and a grid of tokens a frame (method: RoI feature t_i^j
and frame feature f_i of paper section 4).

Every level takes part: it is pooled to the same grid and normalised (levels differ in scale), the levels' channels are
put side by side and projected to width d. All of it carries gradient back into the pyramid.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

SAMPLES_A_CELL = 4


class LevelProjection(nn.Module):
    """Pooled cells of every pyramid level -> tokens of width `dim`: norm a level, side by side, linear, norm."""

    def __init__(self, channels: list[int], dim: int) -> None:
        super().__init__()
        self.level_norms = nn.ModuleList([nn.LayerNorm(count) for count in channels])
        self.linear = nn.Linear(sum(channels), dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, cells: list[Float[Tensor, "batch _ rows columns"]]) -> Float[Tensor, "batch tokens dim"]:
        """Tokens are the cells row by row, from the top left."""
        levels = [norm(level.flatten(2).transpose(1, 2)) for norm, level in zip(self.level_norms, cells, strict=True)]
        return self.norm(self.linear(torch.cat(levels, dim=-1)))


class PersonFeatures(nn.Module):
    """RoIAlign over all pyramid levels -> grid x grid cells -> tokens of width `dim` (paper: 4 tokens of 256)."""

    def __init__(self, channels: list[int], strides: list[int], *, dim: int = 256, grid: int = 2) -> None:
        super().__init__()
        self.strides = strides
        self.grid = grid
        self.project = LevelProjection(channels, dim)

    @property
    def tokens(self) -> int:
        """Tokens a box."""
        return self.grid**2

    def forward(
        self, pyramid: list[Float[Tensor, "batch _ _ _"]], boxes: list[Float[Tensor, "_ 4"]]
    ) -> Float[Tensor, "people tokens dim"]:
        """boxes: of each image, xyxy in canvas pixels. Rows follow the images and the boxes in each."""
        size = self.grid * SAMPLES_A_CELL
        cells = [
            functional.avg_pool2d(roi_align(level, boxes, size, 1 / stride, 1, aligned=True), SAMPLES_A_CELL)
            for level, stride in zip(pyramid, self.strides, strict=True)
        ]
        return self.project(cells)


class FrameFeatures(nn.Module):
    """The whole frame as grid x grid tokens of width `dim` (paper: 16 x 16 of 256)."""

    def __init__(self, channels: list[int], *, dim: int = 256, grid: int = 16) -> None:
        super().__init__()
        self.grid = grid
        self.project = LevelProjection(channels, dim)

    def forward(self, pyramid: list[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch tokens dim"]:
        """Rows of the grid one after another, from the top left."""
        cells = [functional.adaptive_avg_pool2d(level, self.grid) for level in pyramid]
        return self.project(cells)
