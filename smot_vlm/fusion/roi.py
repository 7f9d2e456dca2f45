"""Features (paper section 4): a few tokens a person by RoIAlign, t_i^j, and a grid of tokens a frame, f_i.

Every pyramid level is used, the finest too: gestures are a few pixels wide. Gradients flow back into the pyramid.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

from smot_vlm.fusion.running_norm import RunningNorm

# Cells (rows, columns) of a person and of the surroundings, before they are averaged to a few tokens.
PERSON_CELLS = (16, 8)
SURROUNDINGS_CELLS = (12, 12)
HIDDEN = 128
# Channels to which each level is projected before RoIAlign, whose cost is proportional to them.
LEVEL = 48


class RegionEncoder(nn.Module):
    """RoIAlign over all levels to one grid of cells, and a small convolutional network over it -> grid x grid tokens.

    Cells are averaged after the network: the pose of limbs is visible in the cells, and lost in their mean.

    Args:
        channels: Of all levels together.
        strides: Canvas pixels a cell of each level.
        cells: Rows and columns of RoIAlign.
        dim: Width of the tokens.
        grid: A box becomes grid x grid tokens.
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
        """Encode boxes; rows follow the images and the boxes in each.

        Args:
            pyramid: Feature maps of one batch of images.
            boxes: Of each image, xyxy in canvas pixels.
        """
        cells = [
            roi_align(level, boxes, self.cells, 1 / stride, 1, aligned=True)
            for level, stride in zip(pyramid, self.strides, strict=True)
        ]
        tokens = functional.adaptive_avg_pool2d(self.network(torch.cat(cells, dim=1)), self.grid)
        return tokens.flatten(2).transpose(1, 2)


class Residual(nn.Module):
    """x + a convolution of x: posture needs cells further apart.

    Args:
        channels: Of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(*_convolution(channels, channels, 3))

    def forward(self, cells: Float[Tensor, "people channels _ _"]) -> Float[Tensor, "people channels _ _"]:
        """Add the convolution of the cells to them."""
        result: Tensor = cells + self.change(cells)
        return result


class PersonFeatures(nn.Module):
    """A box -> grid x grid tokens of width `dim` (paper: 4 tokens of 256): the person plus its surroundings.

    The person that somebody acts on is beside the box, not in it.

    Args:
        channels: Of each level.
        strides: Canvas pixels a cell of each level.
        dim: Width of the tokens.
        grid: A box becomes grid x grid tokens.
    """

    def __init__(self, channels: list[int], strides: list[int], *, dim: int = 256, grid: int = 2) -> None:
        super().__init__()
        # Linear, so that it costs little on the finest map; the nonlinear part follows RoIAlign, on far fewer cells.
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
        """Encode people; rows follow the images and the boxes in each, tokens the cells row by row from the top left.

        Args:
            pyramid: Feature maps of one batch of images.
            boxes: Of each image, xyxy in canvas pixels.
        """
        if not any(map(len, boxes)):
            return pyramid[0].new_zeros(0, self.tokens, self.dim)
        maps = [level(entry) for level, entry in zip(self.levels, pyramid, strict=True)]
        around = list(surroundings(torch.cat(boxes)).split([len(entry) for entry in boxes]))
        result: Tensor = self.norm(self.person(maps, boxes) + self.surroundings(maps, around))
        return result


class FrameFeatures(nn.Module):
    """The whole frame as grid x grid tokens of width `dim` (paper: 16 x 16 of 256).

    Levels differ in scale: their channels are concatenated and normalised before the projection.

    Args:
        channels: Of each level.
        dim: Width of the tokens.
        grid: A frame becomes grid x grid tokens.
    """

    def __init__(self, channels: list[int], *, dim: int = 256, grid: int = 16) -> None:
        super().__init__()
        self.grid = grid
        self.center = RunningNorm(sum(channels))
        self.linear = nn.Linear(sum(channels), dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, pyramid: list[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch tokens dim"]:
        """Encode frames; tokens are the cells row by row from the top left.

        Args:
            pyramid: Feature maps of one batch of images.
        """
        cells = torch.cat([functional.adaptive_avg_pool2d(level, self.grid) for level in pyramid], dim=1)
        result: Tensor = self.norm(self.linear(self.center(cells.flatten(2).transpose(1, 2))))
        return result


def surroundings(boxes: Float[Tensor, "people 4"]) -> Float[Tensor, "people 4"]:
    """Enlarge boxes by half their height on the left and right, and by a tenth above and below.

    Args:
        boxes: xyxy.
    """
    height = boxes[:, 3] - boxes[:, 1]
    return boxes + torch.stack([-0.5 * height, -0.1 * height, 0.5 * height, 0.1 * height], dim=1)


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()]
