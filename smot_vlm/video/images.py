"""Pictures from image files: a folder, a glob pattern, or one image. With animations.py, what decodes image files."""

import glob
import os
import re
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from smot_vlm.video.damage import Damage
from smot_vlm.video.sources import DEFAULT_FPS, BrokenPictureError, Picture

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_ALLOWED = f"images end in {', '.join(sorted(SUFFIXES))}"
# What PIL raises on damaged files.
PIL_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)


class ImageSource:
    """Image files as the frames of a video; the time is position / fps.

    A file that cannot be read, or has another size than the first, is left out when its turn comes, and the ones after it
    keep their positions as indices.

    Args:
        name: what the user reads of it.
        paths: the files in order.
        fps: frames a second; 25 without.
    """

    rereadable = True

    def __init__(self, name: str, paths: Sequence[Path], fps: float | None = None) -> None:
        self.name = name
        self._paths = paths
        self._size: tuple[int, ...] | None = None
        self.fps = DEFAULT_FPS if fps is None else float(fps)
        self.count: int | None = len(paths)
        self.damage = Damage()
        self.end_reason: str | None = None

    @property
    def image_names(self) -> tuple[str, ...]:
        """Names of the files in order."""
        return tuple(path.name for path in self._paths)

    def pictures(self) -> Iterator[Picture]:
        """Every image in order; those that a stride drops are never opened."""
        for index, path in enumerate(self._paths):
            yield Picture(str(path), index / self.fps, partial(self._read, path))

    def close(self) -> None:
        """Nothing to free: each file is closed once it is read."""

    def _read(self, path: Path) -> np.ndarray:
        try:
            image = read_image(path)
        except (OSError, ValueError) as error:
            raise BrokenPictureError(str(error)) from None
        if self._size is None:
            self._size = image.shape
        elif image.shape != self._size:
            raise BrokenPictureError(
                f"{path}: {image.shape[1]}x{image.shape[0]} pixels, but the video started with "
                f"{self._size[1]}x{self._size[0]}; the frames of a video have one size"
            )
        return image


def is_image(path: Path) -> bool:
    """Whether the name is that of an image file, and not hidden.

    Args:
        path: need not exist.

    Returns:
        True for the names of SUFFIXES.
    """
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def images_of_folder(folder: Path) -> list[Path]:
    """Image files of a folder in natural order (2.jpg before 10.jpg); sub-folders are not searched.

    Args:
        folder: an existing one.

    Returns:
        The files.

    Raises:
        ValueError: no image in it.
    """
    paths = [path for path in folder.iterdir() if is_image(path) and path.is_file()]
    if not paths:
        raise ValueError(f"{folder}: no image in this folder; give the folder that holds the frames ({_ALLOWED})")
    return sorted(paths, key=natural_key)


def images_of_pattern(pattern: str) -> list[Path]:
    """Image files that a glob pattern matches, in natural order.

    Args:
        pattern: `**` stands for any depth.

    Returns:
        The files.

    Raises:
        FileNotFoundError: no image matches.
    """
    found = map(Path, glob.glob(_without_literal_folders(pattern), recursive=True))
    paths = [path for path in found if is_image(path) and path.is_file()]
    if not paths and "*" not in pattern:
        # Names with brackets and question marks are common; a pattern has a star.
        raise FileNotFoundError(
            f"{pattern}: no such file or folder; give a video, a folder of images, a camera's index or an address"
        )
    if not paths:
        raise FileNotFoundError(f"{pattern}: no image matches this pattern; {_ALLOWED}")
    return sorted(paths, key=natural_key)


def _without_literal_folders(pattern: str) -> str:
    """The pattern, with brackets in the names of folders that exist taken as they are written."""
    path = Path(pattern)
    folder = next((folder for folder in path.parents if folder.is_dir()), None)
    if folder is None or folder == Path():
        return pattern
    return os.path.join(glob.escape(str(folder)), path.relative_to(folder))


def natural_key(path: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """A sort key that reads runs of digits as numbers; the plain name decides between 1.jpg and 01.jpg.

    Args:
        path: of an image.

    Returns:
        The key.
    """
    parts = re.split(r"([0-9]+)", str(path).casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts), str(path)


def read_image(path: Path) -> np.ndarray:
    """One image, turned as its EXIF orientation says; the first one of a file that holds many.

    Grey is repeated, alpha is dropped, 16-bit grey keeps its upper eight bits.

    Args:
        path: the file.

    Returns:
        RGB uint8 (height, width, 3).

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image, an incomplete one, or pixels of a kind that has no 8-bit range.
    """
    return read_reduced(path, 0)[0]


def read_reduced(path: Path, at_least: int) -> tuple[np.ndarray, np.ndarray]:
    """One image as `read_image` reads it; a JPEG at a half, a quarter or an eighth of its size, which takes less time.

    Args:
        path: the file.
        at_least: pixels that the long side keeps, where it has them; 0: all of them.

    Returns:
        RGB uint8 (height, width, 3), and its width and height relative to those of the whole, float (2).

    Raises:
        FileNotFoundError, ValueError: as `read_image`.
    """
    try:
        with open_file(path) as image:
            whole = image.size
            if at_least > 0 and max(whole) >= 2 * at_least:
                share = at_least / max(whole)
                image.draft(None, (max(1, int(whole[0] * share)), max(1, int(whole[1] * share))))
            decoded = image.size
            ImageOps.exif_transpose(image, in_place=True)  # in place: a copy would take as long as decoding
            image.load()
            turned = whole if image.size == decoded else whole[::-1]
            return image_to_rgb(image, path), np.array(image.size) / turned
    except FileNotFoundError:
        raise
    except PIL_ERRORS as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise ValueError(f"{path}: cannot be read ({phrase(error)}); replace it or take it out of the folder") from None


def open_file(path: Path) -> Image.Image:
    """Open an image file; its pixels are read later.

    Args:
        path: the file.

    Returns:
        PIL's image.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image.
    """
    try:
        if path.stat().st_size == 0:
            raise ValueError(f"{path}: an image file of zero bytes; replace it or take it out of the folder")
        return Image.open(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such image; it was there when the folder was listed") from None
    except PIL_ERRORS as error:
        if str(error).startswith(f"{path}: "):
            raise
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else phrase(error)
        raise ValueError(f"{path}: cannot be read ({reason}); replace it or take it out of the folder") from None


def phrase(error: BaseException) -> str:
    """One short line of an error of PIL.

    Args:
        error: whose text may be long, or empty.

    Returns:
        Its text, or its kind.
    """
    return " ".join(str(error).split())[:200] or type(error).__name__


def image_to_rgb(image: Image.Image, path: Path) -> np.ndarray:
    """The pixels of a loaded image.

    Args:
        image: of PIL.
        path: names it in an error.

    Returns:
        RGB uint8 (height, width, 3).

    Raises:
        ValueError: pixels of a kind that has no 8-bit range.
    """
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError(f"{path}: pixels of 32 bits have no known range; give images of 8 or 16 bits")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
