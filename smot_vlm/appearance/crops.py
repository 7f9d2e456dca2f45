"""People cut out of frames for the crop encoder."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from smot_vlm.appearance.network import CROP_SIZE

# A box is widened by this factor: what a person holds and stands on belongs to the picture.
CONTEXT = 1.15
# Height and width of a crop in which faces are read.
LARGER_SIZE = (2 * CROP_SIZE[0], 2 * CROP_SIZE[1])


def crop_people(
    image: NDArray[np.uint8], boxes: NDArray[np.floating], size: tuple[int, int] = CROP_SIZE, context: float = CONTEXT
) -> NDArray[np.uint8]:
    """Cut people out, each with some context, at the aspect of the encoder's input.

    Args:
        image: (height, width, 3) RGB.
        boxes: (N, 4) xyxy in pixels of the image.
        size: height and width of a crop.
        context: factor on both sides of a box.

    Returns:
        (N, size[0], size[1], 3); the image's border is repeated where a crop leaves it.
    """
    crops = [_cut(image, box, size) for box in _widened(boxes, size, context)]
    return np.stack(crops) if crops else np.zeros((0, *size, 3), np.uint8)


def pixels_of(crops: NDArray[np.uint8], device: torch.device | str = "cpu") -> Float[Tensor, "pictures 3 height width"]:
    """Pictures as networks take them.

    Args:
        crops: (N, height, width, 3) RGB.
        device: where they are wanted.

    Returns:
        RGB in 0 to 1.
    """
    return torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float() / 255


def _widened(boxes: NDArray[np.floating], size: tuple[int, int], context: float) -> NDArray[np.float64]:
    """Boxes with the aspect of a crop around the same centres."""
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    width, height = ((boxes[:, 2:] - boxes[:, :2]) * context).T
    aspect = size[1] / size[0]
    half = np.stack([np.maximum(width, height * aspect), np.maximum(height, width / aspect)], axis=1) / 2
    return np.concatenate([center - half, center + half], axis=1)


def _cut(image: NDArray[np.uint8], box: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    left, top, right, bottom = np.rint(box).astype(int).tolist()
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    # The part inside, at least a pixel, then as much border as was missing.
    x1, y1 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x2, y2 = max(min(right, width), x1 + 1), max(min(bottom, height), y1 + 1)
    borders = (max(y1 - top, 0), max(bottom - y2, 0), max(x1 - left, 0), max(right - x2, 0))
    crop = image[y1:y2, x1:x2]
    if any(borders):
        crop = np.asarray(cv2.copyMakeBorder(crop, *borders, cv2.BORDER_REPLICATE), np.uint8)
    smaller = crop.shape[0] > size[0]
    resized = cv2.resize(crop, (size[1], size[0]), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)
