"""What two people do to each other, from a few looks at a crop of both.

A window of looks at the same crop goes through the trunk of the appearance network; means, maxima and changes over time of
what its columns and cells hold are one descriptor, which a linear layer reads. Columns keep left and right apart, so that
the layer can tell who acts.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from smot_vlm.appearance.network import PersonAppearance

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
_DESCRIPTOR = 3 * _COLUMNS * 1280 + 3 * _GRID[0] * _GRID[1] * 112


class PairDeeds(nn.Module):
    """A linear layer on the descriptor of a window; see the module."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(_DESCRIPTOR))
        self.register_buffer("scale", torch.ones(_DESCRIPTOR))
        self.answers = nn.Linear(_DESCRIPTOR, len(PAIR_CLASSES))

    def forward(self, descriptors: Float[Tensor, "windows values"]) -> Float[Tensor, "windows classes"]:
        """Logits of PAIR_CLASSES.

        Args:
            descriptors: of `describe_window`.
        """
        result: Tensor = self.answers((descriptors - self.mean) / self.scale)
        return result


def describe_window(
    appearance: PersonAppearance, crops: Float[Tensor, "looks 3 height width"]
) -> Float[Tensor, "values"]:
    """The descriptor of a window.

    Args:
        appearance: whose trunk looks.
        crops: LOOKS looks at the same crop, RGB in 0 to 1.

    Returns:
        One vector.
    """
    middle, deep = appearance.feature_maps(crops)
    columns = _grid(deep, 1, _COLUMNS)
    cells = _grid(middle, *_GRID)
    change = columns.diff(dim=0).abs().mean(dim=0)
    parts = [columns.mean(dim=0), columns.amax(dim=0), change]
    parts += [cells.mean(dim=0), cells.amax(dim=0), cells.diff(dim=0).abs().amax(dim=0)]
    return torch.cat([part.flatten() for part in parts])


def _grid(features: Tensor, rows: int, columns: int) -> Tensor:
    return nn.functional.adaptive_avg_pool2d(features, (rows, columns))
