"""What an ONNX detector reads: the picture's size, type and batch, and for RT-DETR the size that boxes are given in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
SIZE_TYPES: dict[str, type[np.generic]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, **TYPES}
RGB_CHANNELS = 3
LARGEST_SIDE = 8192
LARGEST_BATCH = 64


@dataclass(frozen=True)
class PictureInput:
    """The input that takes the picture.

    Attributes:
        name: Of the input.
        dtype: Of its numbers.
        batch: Pictures that it takes at once.
        height: Of the canvas.
        width: Of the canvas.
        channels_last: (batch, height, width, 3) rather than (batch, 3, height, width).
        open_batch: It takes any number of pictures, as far as it says; `batch` is 1 then.
    """

    name: str
    dtype: type[np.generic]
    batch: int
    height: int
    width: int
    channels_last: bool
    open_batch: bool = False

    def tensor(self, pictures: int) -> np.ndarray:
        """A batch of black pictures, to be filled by `fill` again and again.

        Args:
            pictures: How many.
        """
        sides = (self.height, self.width)
        shape = (pictures, *sides, RGB_CHANNELS) if self.channels_last else (pictures, RGB_CHANNELS, *sides)
        return np.zeros(shape, dtype=self.dtype)

    def fill(self, tensor: np.ndarray, place: int, canvas: np.ndarray, bgr: bool) -> None:
        """Write one picture into the batch.

        Args:
            tensor: Of `tensor`.
            place: In the batch.
            canvas: RGB uint8 (height, width, 3).
            bgr: Blue first, 0 to 255; otherwise red first, 0 to 1. Whole numbers are always 0 to 255.
        """
        pixels = canvas[:, :, ::-1] if bgr else canvas
        own = tensor[place]
        np.copyto(own, pixels if self.channels_last else pixels.transpose(2, 0, 1), casting="unsafe")
        if not bgr and self.dtype is not np.uint8:
            own /= own.dtype.type(255)


@dataclass(frozen=True)
class SizeInput:
    """The second input of RT-DETR: width and height that its boxes are scaled to.

    Attributes:
        name: Of the input.
        dtype: Of its numbers.
    """

    name: str
    dtype: type[np.generic]


def read_inputs(path: Path, inputs: list[Any], sides: tuple[int, int]) -> tuple[PictureInput, SizeInput | None]:
    """Find out what a network reads.

    Args:
        path: Of the file, for errors.
        inputs: Of the session.
        sides: Height and width where the file leaves them open.

    Returns:
        The input for the picture, and the one for its size where there is one.

    Raises:
        ValueError: Other inputs, or an absurd size.
    """
    pictures = [entry for entry in inputs if len(entry.shape) == 4]
    others = [entry for entry in inputs if len(entry.shape) != 4]
    if len(pictures) != 1 or len(others) > 1 or any(not _takes_size(entry) for entry in others):
        raise ValueError(
            f"{path}: not a known detector, its inputs are {_listed(inputs)}; give one that reads a picture "
            "(1, 3, height, width), alone or with orig_target_sizes (1, 2)"
        )
    picture = _read_picture(path, pictures[0], sides)
    return picture, (SizeInput(others[0].name, SIZE_TYPES[others[0].type]) if others else None)


def feed_sizes(size: SizeInput | None, picture: PictureInput, pictures: int) -> Mapping[str, np.ndarray]:
    """The second input, where there is one: boxes are asked for in pixels of the canvas.

    Args:
        size: The input.
        picture: Says how large the canvas is.
        pictures: Of the batch.

    Returns:
        The array by its name.
    """
    if size is None:
        return {}
    return {size.name: np.tile(np.array([[picture.width, picture.height]], dtype=size.dtype), (pictures, 1))}


def _read_picture(path: Path, entry: Any, sides: tuple[int, int]) -> PictureInput:
    shape = entry.shape
    if entry.type not in TYPES:
        raise ValueError(
            f"{path}: its input {entry.name!r} is {entry.type}; export it to read float32, float16, float64 or uint8"
        )
    channels_last = shape[3] == RGB_CHANNELS and shape[1] != RGB_CHANNELS
    channels, *size = (shape[3], *shape[1:3]) if channels_last else shape[1:]
    if isinstance(channels, int) and channels != RGB_CHANNELS:
        raise ValueError(
            f"{path}: its input has shape {shape}; give a detector of colour pictures (1, 3, height, width)"
        )
    batch = shape[0] if isinstance(shape[0], int) else 1
    height, width = (side if isinstance(side, int) else open_side for side, open_side in zip(size, sides, strict=True))
    if not (1 <= height <= LARGEST_SIDE and 1 <= width <= LARGEST_SIDE and 1 <= batch <= LARGEST_BATCH):
        raise ValueError(
            f"{path}: its input would be {batch} pictures of {width}x{height} pixels; sides of 1 to {LARGEST_SIDE} and "
            f"at most {LARGEST_BATCH} pictures are taken"
        )
    return PictureInput(
        entry.name, TYPES[entry.type], batch, height, width, channels_last, open_batch=not isinstance(shape[0], int)
    )


def _takes_size(entry: Any) -> bool:
    two = len(entry.shape) == 2 and (entry.shape[1] == 2 or not isinstance(entry.shape[1], int))
    return two and entry.type in SIZE_TYPES


def _listed(entries: list[Any]) -> str:
    return ", ".join(f"{entry.name[:40]!r} {entry.shape}" for entry in entries) or "none"
