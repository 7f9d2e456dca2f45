"""Frames of a sequence on disk: their numbers, size and rate, without decoding any except to check it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from smot_vlm.formats.flaws import Flaw
from smot_vlm.formats.frame_rate import stated_fps
from smot_vlm.formats.sequence_files import IMAGE_SUFFIXES, frame_index
from smot_vlm.video.images import read_image, read_reduced

# BenSMOT's 151K frames are 75,499 seconds (paper, Table 1).
DEFAULT_FPS = 2.0


@dataclass(frozen=True)
class FrameFile:
    """One image of a sequence.

    Attributes:
        index: 0-based frame number, from the file's name.
        path: of the file.
    """

    index: int
    path: Path

    def read(self) -> np.ndarray:
        """Decode it.

        Returns:
            RGB uint8 (height, width, 3).

        Raises:
            FileNotFoundError: the file no longer exists.
            ValueError: not an image.
        """
        return read_image(self.path)

    def read_reduced(self, at_least: int) -> tuple[np.ndarray, np.ndarray]:
        """Decode it smaller, where that is faster.

        Args:
            at_least: pixels that the long side keeps.

        Returns:
            RGB uint8 (height, width, 3), and its width and height relative to those of the whole, float (2).

        Raises:
            FileNotFoundError, ValueError: as `read`.
        """
        return read_reduced(self.path, at_least)


class Draw(Protocol):
    """Makes the picture of a frame."""

    def __call__(self) -> np.ndarray:
        """RGB uint8 (height, width, 3)."""
        ...


@dataclass(frozen=True)
class MadeFrame(FrameFile):
    """A frame that is made from another file, such as a part of a picture or a picture of a video.

    Attributes:
        index: 0-based frame number.
        path: of the file that it is made from.
        draw: makes it.
    """

    draw: Draw

    def read(self) -> np.ndarray:
        """Make it, see `FrameFile.read`."""
        return self.draw()

    def read_reduced(self, at_least: int) -> tuple[np.ndarray, np.ndarray]:  # noqa: ARG002
        """Make it in its own size."""
        return self.draw(), np.ones(2)


def list_frames(folder: Path) -> tuple[FrameFile, ...]:
    """List the images of a folder by frame number. Gaps in the numbers are fine.

    Args:
        folder: of the images; where it does not exist there are none.

    Returns:
        The images, ascending.

    Raises:
        ValueError: an image whose name ends in no number from 1, or two images with one number.
    """
    frames, flaws = scan_frames(folder)
    if flaws:
        raise ValueError(f"{folder}: {flaws[0].message}")
    return frames


def scan_frames(folder: Path) -> tuple[tuple[FrameFile, ...], tuple[Flaw, ...]]:
    """List the images of a folder, with what is wrong.

    Args:
        folder: of the images.

    Returns:
        The images that can be used, and the flaws of the others (kinds: image-name, duplicate-image).
    """
    found: dict[int, Path] = {}
    flaws: list[Flaw] = []
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        if path.name.startswith(".") or path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        index = frame_index(path.name)
        if index is None:
            flaws.append(
                Flaw(0, "image-name", f"{path.name}: no frame number from 1; name images 001.jpg, 002.jpg ...")
            )
        elif index in found:
            message = f"{path.name}: frame {index + 1} is also {found[index].name}; keep one image a frame"
            flaws.append(Flaw(0, "duplicate-image", message))
        else:
            found[index] = path
    return tuple(FrameFile(index, found[index]) for index in sorted(found)), tuple(flaws)


def image_size(path: Path) -> tuple[int, int]:
    """Read an image's size from the file's header alone.

    Args:
        path: of the image.

    Returns:
        (width, height) in pixels, turned according to the EXIF orientation.

    Raises:
        ValueError: not an image.
    """
    try:
        with Image.open(path) as image:
            return _turned_size(image)
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not an image that can be read ({_reason(error)}); give a JPEG or PNG") from None


def check_image(path: Path) -> tuple[int, int]:
    """Decode the whole image, which finds a truncated file.

    Args:
        path: of the image.

    Returns:
        (width, height) in pixels.

    Raises:
        ValueError: not an image, or a truncated one.
    """
    try:
        with Image.open(path) as image:
            size = _turned_size(image)
            image.draft("RGB", (1, 1))  # JPEG: every byte is read, an eighth of the pixels is computed
            image.load()
            return size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path}: not an image that can be read ({_reason(error)}); give a whole JPEG or PNG"
        ) from None


def _reason(error: Exception) -> str:
    """What went wrong, without the path that some messages repeat."""
    if isinstance(error, UnidentifiedImageError):
        return "no known format"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split())


def _turned_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    on_its_side = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    return (height, width) if on_its_side else (width, height)


def read_fps(folder: Path) -> float:
    """Read the frame rate from `fps.txt`, `seqinfo.ini` or `source.json`, the first that exists, else 2.

    `source.json` may list `kept_frames`, numbers of the source's frames at the source's `fps`; their mean rate counts.

    Args:
        folder: of the sequence.

    Returns:
        Frames a second.

    Raises:
        ValueError: an existing file without a rate above 0.
    """
    return stated_fps(folder) or DEFAULT_FPS
