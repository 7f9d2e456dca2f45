"""What is kept of the pyramid: a few tokens a person (RoIAlign) and a grid of tokens a frame (method: RoI feature t_i^j
and frame feature f_i of paper section 4).

Every level takes part, the finest too: gestures are a few pixels wide. All of it carries gradient back into the pyramid.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

from smot_vlm.fusion.running_norm import RunningNorm

# Cells (rows, columns) in which a person, and what is around, are looked at before they are averaged to a few tokens.
PERSON_CELLS = (16, 8)
SURROUNDINGS_CELLS = (12, 12)
HIDDEN = 128
# Channels of each level once it is made ready for RoIAlign, whose cost is all in them.
LEVEL = 48


class RegionEncoder(nn.Module):
    """RoIAlign over all levels to one grid of cells, and a small convolutional network over it -> grid x grid tokens.

    Averaging comes after the network: what limbs do is seen in the cells, and lost in their mean.
    """

    def __init__(
        self, channels: int, strides: list[int], *, cells: tuple[int, int], dim: int = 256, grid: int = 2
    ) -> None:
        super().__init__()
        self.strides = strides
        self.cells = cells
        self.grid = grid
        self.network = nn.Sequential(
            *_convolution(channels, HIDDEN, 1),
            *_convolution(HIDDEN, HIDDEN, 3, stride=2),
            Residual(HIDDEN),
            *_convolution(HIDDEN, dim, 3),
        )

    def forward(
        self, pyramid: list[Float[Tensor, "batch _ _ _"]], boxes: list[Float[Tensor, "_ 4"]]
    ) -> Float[Tensor, "people tokens dim"]:
        """boxes: of each image, xyxy in canvas pixels. Rows follow the images and the boxes in each."""
        cells = [
            roi_align(level, boxes, self.cells, 1 / stride, 1, aligned=True)
            for level, stride in zip(pyramid, self.strides, strict=True)
        ]
        tokens = functional.adaptive_avg_pool2d(self.network(torch.cat(cells, dim=1)), self.grid)
        return tokens.flatten(2).transpose(1, 2)


class Residual(nn.Module):
    """x + a convolution of x: posture is read from cells further apart."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(*_convolution(channels, channels, 3))

    def forward(self, cells: Float[Tensor, "people channels _ _"]) -> Float[Tensor, "people channels _ _"]:
        return cells + self.change(cells)


class PersonFeatures(nn.Module):
    """A box -> grid x grid tokens of width `dim` (paper: 4 tokens of 256): the person and, added to it, what is around.

    Who somebody acts on stands beside the box, not in it.
    """

    def __init__(self, channels: list[int], strides: list[int], *, dim: int = 256, grid: int = 2) -> None:
        super().__init__()
        # Linear, so that it costs little on the finest map; what is not linear comes after RoIAlign, in far fewer cells.
        self.levels = nn.ModuleList([nn.Conv2d(count, LEVEL, 1) for count in channels])
        width = LEVEL * len(channels)
        self.person = RegionEncoder(width, strides, cells=PERSON_CELLS, dim=dim, grid=grid)
        self.surroundings = RegionEncoder(width, strides, cells=SURROUNDINGS_CELLS, dim=dim, grid=grid)
        self.norm = nn.LayerNorm(dim)
        self.dim = dim
        self.tokens = grid**2

    def forward(
        self, pyramid: list[Float[Tensor, "batch _ _ _"]], boxes: list[Float[Tensor, "_ 4"]]
    ) -> Float[Tensor, "people tokens dim"]:
        """boxes: of each image, xyxy in canvas pixels. Rows follow the images and the boxes in each.

        Tokens are the cells row by row, from the top left.
        """
        if not any(map(len, boxes)):
            return pyramid[0].new_zeros(0, self.tokens, self.dim)
        maps = [level(entry) for level, entry in zip(self.levels, pyramid, strict=True)]
        around = [surroundings(entry) for entry in boxes]
        return self.norm(self.person(maps, boxes) + self.surroundings(maps, around))


class FrameFeatures(nn.Module):
    """The whole frame as grid x grid tokens of width `dim` (paper: 16 x 16 of 256).

    Levels differ in scale, and what all places share is taken out before their channels are put side by side.
    """

    def __init__(self, channels: list[int], *, dim: int = 256, grid: int = 16) -> None:
        super().__init__()
        self.grid = grid
        self.center = RunningNorm(sum(channels))
        self.linear = nn.Linear(sum(channels), dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, pyramid: list[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch tokens dim"]:
        """Rows of the grid one after another, from the top left."""
        cells = torch.cat([functional.adaptive_avg_pool2d(level, self.grid) for level in pyramid], dim=1)
        return self.norm(self.linear(self.center(cells.flatten(2).transpose(1, 2))))


def surroundings(boxes: Float[Tensor, "people 4"]) -> Float[Tensor, "people 4"]:
    """Boxes (xyxy) with half their height more on the left and right, and a tenth above and below."""
    height = boxes[:, 3] - boxes[:, 1]
    return boxes + height[:, None] * boxes.new_tensor([-0.5, -0.1, 0.5, 0.1])


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()]
