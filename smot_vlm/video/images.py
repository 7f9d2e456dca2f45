"""Pictures from files: a folder of images, a glob pattern, or one image. The only place that decodes image files."""

import glob
import re
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from smot_vlm.video.sources import DEFAULT_FPS, Picture

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_ALLOWED = f"images end in {', '.join(sorted(SUFFIXES))}"


class ImageSource:
    """Image files as the frames of a video; the time is position / fps.

    An empty file is refused at once, every other defect when its turn comes: a picture left out in silence would shift
    the frame numbers of all that follow.

    Raises:
        ValueError: an image file of zero bytes.
    """

    rereadable = True

    def __init__(self, name: str, paths: Sequence[Path], fps: float | None = None) -> None:
        for path in paths:
            if path.stat().st_size == 0:
                raise ValueError(f"{path}: an image file of zero bytes; replace it or take it out of the folder")
        self.name = name
        self._paths = paths
        self.fps = DEFAULT_FPS if fps is None else float(fps)
        self.count: int | None = len(paths)
        self.damage: str | None = None

    def pictures(self) -> Iterator[Picture]:
        """Every image in order; those that a stride drops are never opened."""
        for index, path in enumerate(self._paths):
            yield Picture(str(path), index / self.fps, partial(read_image, path))

    def close(self) -> None:
        """Nothing to free: each file is closed once it is read."""


def is_image(path: Path) -> bool:
    """Whether the name is that of an image file, and not hidden."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def images_of_folder(folder: Path) -> list[Path]:
    """Image files of a folder in natural order (2.jpg before 10.jpg); sub-folders are not searched.

    Raises:
        ValueError: no image in it.
    """
    paths = [path for path in folder.iterdir() if is_image(path) and path.is_file()]
    if not paths:
        raise ValueError(f"{folder}: no image in this folder; give the folder that holds the frames ({_ALLOWED})")
    return sorted(paths, key=natural_key)


def images_of_pattern(pattern: str) -> list[Path]:
    """Image files that a glob pattern matches (`**` for any depth), in natural order.

    Raises:
        FileNotFoundError: no image matches.
    """
    paths = [path for path in map(Path, glob.glob(pattern, recursive=True)) if is_image(path) and path.is_file()]
    if not paths:
        raise FileNotFoundError(f"{pattern}: no image matches this pattern; {_ALLOWED}")
    return sorted(paths, key=natural_key)


def natural_key(path: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """A sort key that reads runs of digits as numbers; the plain name decides between 1.jpg and 01.jpg."""
    parts = re.split(r"([0-9]+)", str(path).casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts), str(path)


def read_image(path: Path) -> np.ndarray:
    """One image as RGB uint8 (height, width, 3), turned as its EXIF orientation says.

    Grey is repeated, alpha is dropped, 16-bit grey keeps its upper eight bits.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image, an incomplete one, or pixels of a kind that has no 8-bit range.
    """
    try:
        with Image.open(path) as image:
            ImageOps.exif_transpose(image, in_place=True)  # in place: a copy would take as long as decoding
            image.load()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such image; it was there when the folder was listed") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
        raise ValueError(f"{path}: cannot be read ({reason}); replace it or take it out of the folder") from None
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError(f"{path}: pixels of 32 bits have no known range; give images of 8 or 16 bits")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
