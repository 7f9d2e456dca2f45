"""The face of a person: where it is in the crop, and what a closer look at it says of the person's kind.

A crop of a whole person shows a face in a few pixels of the trunk's maps, which were learned from few people. A network
that was trained to tell sex and age of hundreds of thousands of faces sees more in it: MobileNet (Howard et al. 2017) as
in Savchenko, "Efficient facial representations for age, gender and identity recognition" (2019), without its last block.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from smot_vlm.language.people_lexicon import KINDS

# Channels of the trunk's maps at strides 4, 8 and 16.
PLACE_CHANNELS = 24 + 40 + 112
_WIDTH = 64
# Side of what the encoder sees, and of that as a multiple of the face's: hair and chin belong to it.
FACE_SIZE = 160
FACE_CONTEXT = 1.5
# Probability from which on a face is looked at.
LEAST_SEEN = 0.3
# Output channels and stride of the encoder's blocks.
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2))
FACE_FEATURES = _BLOCKS[-1][0]
# What the encoder's weights subtract of blue, green and red in 0 to 255.
_MEAN = (103.939, 116.779, 123.68)


class FacePlaces(NamedTuple):
    """Where faces may be.

    Attributes:
        cells: logits of each cell of stride 8 that the face's centre is in it, and last of no face.
        boxes: of a face in each cell: centre relative to the cell's, log width and log height, in cells.
    """

    cells: Float[Tensor, "people cells"]
    boxes: Float[Tensor, "people 4 rows columns"]

    def best(self) -> tuple[Float[Tensor, "people"], Float[Tensor, "people 4"]]:
        """The likeliest place.

        Returns:
            The probability that there is a face at all, and boxes as centre and size in shares of the crop's width and
            height.
        """
        rows, columns = self.boxes.shape[-2:]
        likely = self.cells.softmax(dim=-1)
        cell = likely[:, :-1].argmax(dim=-1)
        box = self.boxes.flatten(2).gather(2, cell[:, None, None].expand(-1, 4, 1)).squeeze(2)
        center = torch.stack([cell % columns, cell // columns], dim=1) + 0.5 + box[:, :2]
        grid = box.new_tensor([columns, rows])
        return 1 - likely[:, -1], torch.cat([center / grid, box[:, 2:].clamp(-3, 3.5).exp() / grid], dim=1)


class FacePlace(nn.Module):
    """Points at the face of the person around whom a crop was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(PLACE_CHANNELS)
        self.narrow = nn.Conv2d(PLACE_CHANNELS, _WIDTH, 1)
        self.around = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, groups=_WIDTH)
        self.mix = nn.Conv2d(_WIDTH, _WIDTH, 1)
        self.out = nn.Conv2d(_WIDTH, 5, 1)
        self.none = nn.Linear(PLACE_CHANNELS, 1)

    def forward(self, maps: Float[Tensor, "people channels rows columns"]) -> FacePlaces:
        """Look for faces.

        Args:
            maps: of `place_maps`.
        """
        maps = self.norm(maps)
        narrow = functional.gelu(self.narrow(maps))
        cells = self.out(functional.gelu(self.mix(self.around(narrow)) + narrow))
        none = self.none(maps.mean(dim=(2, 3)))
        return FacePlaces(torch.cat([cells[:, 0].flatten(1), none], dim=1), cells[:, 1:])


def place_maps(
    early: Float[Tensor, "people early _ _"],
    fine: Float[Tensor, "people fine rows columns"],
    middle: Float[Tensor, "people middle _ _"],
) -> Float[Tensor, "people channels rows columns"]:
    """Several of the trunk's maps as one.

    Args:
        early: at stride 4.
        fine: at stride 8.
        middle: at stride 16.

    Returns:
        At stride 8.
    """
    coarse = functional.interpolate(middle, scale_factor=2.0, mode="bilinear", align_corners=False)
    return torch.cat([functional.avg_pool2d(early, 2), fine, coarse], dim=1)


def cut_faces(
    crops: Float[Tensor, "people 3 height width"], boxes: Float[Tensor, "people 4"]
) -> Float[Tensor, "people 3 side side"]:
    """Faces with what is around them.

    Args:
        crops: of people.
        boxes: as `FacePlaces.best` gives them.

    Returns:
        Squares of FACE_SIZE; the border is repeated where one leaves the crop.
    """
    height, width = crops.shape[-2:]
    size = boxes.new_tensor([width, height])
    side = (boxes[:, 2:] * size).amax(dim=1, keepdim=True) * FACE_CONTEXT
    place = torch.cat([torch.diag_embed(side / size), (2 * boxes[:, :2] - 1)[:, :, None]], dim=2)
    grid = functional.affine_grid(place, [len(crops), 3, FACE_SIZE, FACE_SIZE], align_corners=False)
    return functional.grid_sample(crops, grid, padding_mode="border", align_corners=False)


class FaceEncoder(nn.Module):
    """Pictures of faces -> features that tell sex and age."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(3, 32, size=3, stride=2)
        blocks, channels = [], 32
        for width, stride in _BLOCKS:
            depthwise = _convolution(channels, channels, size=3, stride=stride, groups=channels)
            blocks.append(nn.Sequential(depthwise, _convolution(channels, width, size=1)))
            channels = width
        self.blocks = nn.Sequential(*blocks)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)

    def forward(self, faces: Float[Tensor, "faces 3 side side"]) -> Float[Tensor, "faces features"]:
        """See.

        Args:
            faces: RGB in 0 to 1.
        """
        pixels = faces.flip(1) * 255 - self.mean
        seen: Tensor = self.blocks(self.stem(pixels.contiguous(memory_format=torch.channels_last)))
        return seen.mean(dim=(2, 3))


class FaceReader(nn.Module):
    """What the face in a crop says of KINDS."""

    def __init__(self) -> None:
        super().__init__()
        self.place = FacePlace()
        self.encoder = FaceEncoder()
        self.kinds = nn.Linear(FACE_FEATURES, len(KINDS))

    def forward(
        self,
        crops: Float[Tensor, "people 3 height width"],
        maps: Float[Tensor, "people channels rows columns"],
        wanted: Bool[Tensor, "people"],
    ) -> Float[Tensor, "people values"]:
        """Read faces.

        Args:
            crops: RGB in 0 to 1, of any size: the larger, the more is seen of a face.
            maps: of `place_maps`, of the same crops.
            wanted: who is worth a closer look; faces of drawn figures say nothing.

        Returns:
            Logits of KINDS, and last how sure it is that there is a face; 0 where none is looked at.
        """
        seen, boxes = self.place(maps).best()
        rows = ((seen >= LEAST_SEEN) & wanted).nonzero().squeeze(1)
        said = crops.new_zeros(len(crops), len(KINDS) + 1)
        if len(rows):
            logits = self.kinds(self.encoder(cut_faces(crops[rows], boxes[rows])))
            said[rows] = torch.cat([logits, seen[rows, None]], dim=1)
        return said


def _convolution(inputs: int, outputs: int, *, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """With TensorFlow's padding "same" of even sizes, as the encoder's weights were trained."""
    padding = (size - 1) // 2 if stride == 1 else 0
    layers = [nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, groups=groups), nn.ReLU6()]
    return nn.Sequential(*([nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []), *layers)
