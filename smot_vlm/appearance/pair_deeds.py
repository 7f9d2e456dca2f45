"""What two people do to each other, from a few looks at a crop of both.

A window of looks at the same crop goes through the trunk of the appearance network; means, maxima and changes over time of
what its columns and cells hold, and how its cells move, are one descriptor, which a linear layer reads. Columns keep left
and right apart, so that the layer can tell who acts.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from smot_vlm.appearance.crops import pixels_of
from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.pair_motion import MOTION_VALUES, describe_motion

# Looks in a window, and height and width of a crop in pixels.
LOOKS = 12
PAIR_SIZE = (128, 192)
# Classes: a deed, and who acts where only one does.
NONE = "none"
MUTUAL_DEEDS = {"handshake": "handshake.n.01", "hug": "embrace.v.02"}
ACTED_DEEDS = {"push": "push.v.01", "punch": "box.v.02", "kick": "hit.v.03"}
# A blow is told as the likelier of these, with the probability of all.
BLOWS = ("punch", "kick")
SIDES = ("left", "right")
PAIR_CLASSES = (NONE, *MUTUAL_DEEDS, *(f"{deed} {side}" for deed in ACTED_DEEDS for side in SIDES))
_COLUMNS, _GRID = 3, (4, 6)
_LOOK_VALUES = 3 * _COLUMNS * 1280 + 3 * _GRID[0] * _GRID[1] * 112
DESCRIPTOR_VALUES = _LOOK_VALUES + MOTION_VALUES
# Motion counts as much as so many times all that is seen in single looks, of which there are far more values.
_MOTION_WEIGHT = 2.0


class PairDeeds(nn.Module):
    """A linear layer on the descriptor of a window; see the module."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(DESCRIPTOR_VALUES))
        self.register_buffer("scale", torch.ones(DESCRIPTOR_VALUES))
        self.answers = nn.Linear(DESCRIPTOR_VALUES, len(PAIR_CLASSES))

    def forward(self, descriptors: Float[Tensor, "windows values"]) -> Float[Tensor, "windows classes"]:
        """Logits of PAIR_CLASSES.

        Args:
            descriptors: of `describe_window`.
        """
        result: Tensor = self.answers((descriptors - self.mean) / self.scale)
        return result


def describe_window(
    appearance: PersonAppearance, window: UInt8[np.ndarray, "looks height width 3"]
) -> Float[Tensor, "values"]:
    """The descriptor of a window.

    Args:
        appearance: whose trunk looks.
        window: LOOKS looks at the same crop, RGB.

    Returns:
        One vector of DESCRIPTOR_VALUES, on the network's device.
    """
    device = next(appearance.parameters()).device
    crops = pixels_of(window, device)
    *_, middle, deep = appearance.feature_maps(crops)
    columns = _grid(deep, 1, _COLUMNS)
    cells = _grid(middle, *_GRID)
    change = columns.diff(dim=0).abs().mean(dim=0)
    parts = [columns.mean(dim=0), columns.amax(dim=0), change]
    parts += [cells.mean(dim=0), cells.amax(dim=0), cells.diff(dim=0).abs().amax(dim=0)]
    return torch.cat([*(part.flatten() for part in parts), torch.from_numpy(describe_motion(window)).to(device)])


def spread_of(descriptors: Float[Tensor, "windows values"], least: float) -> Float[Tensor, "values"]:
    """What descriptors are divided by before they are read.

    Args:
        descriptors: of `describe_window`.
        least: standard deviations below it are those of features that never fire.

    Returns:
        Standard deviations, those of motion smaller so that it counts for as much as it shall.
    """
    spread = descriptors.std(dim=0) + least
    spread[_LOOK_VALUES:] /= (_MOTION_WEIGHT * _LOOK_VALUES / MOTION_VALUES) ** 0.5
    return spread


def _grid(features: Tensor, rows: int, columns: int) -> Tensor:
    return nn.functional.adaptive_avg_pool2d(features, (rows, columns))
