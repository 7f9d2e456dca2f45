"""Pictures from image files: a folder, a glob pattern, one image, or one file that holds many.

The only place that decodes image files.
"""

import glob
import re
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from smot_vlm.video.damage import Damage
from smot_vlm.video.sources import DEFAULT_FPS, BrokenPictureError, Picture

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_ALLOWED = f"images end in {', '.join(sorted(SUFFIXES))}"
# Kinds of which one file may hold a sequence; the second picture of a JPEG (MPO) is a preview or another eye's.
_SEQUENCE_FORMATS = frozenset({"PNG", "WEBP", "TIFF", "GIF"})
# Browsers show a picture of an animation that states no time for so long.
_UNSTATED_SECONDS = 0.1
_REDUCED_PAGE_TAG = 254
# What PIL raises on damaged files.
_ERRORS = (
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

    An empty file is refused at once. Any other that cannot be read, or has another size than the first, is left out
    when its turn comes, and the ones after it keep their positions as indices.

    Args:
        name: what the user reads of it.
        paths: the files in order.
        fps: frames a second; 25 without.

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
        self._size: tuple[int, ...] | None = None
        self.fps = DEFAULT_FPS if fps is None else float(fps)
        self.count: int | None = len(paths)
        self.damage = Damage()
        self.end_reason: str | None = None

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


class AnimationSource:
    """The pictures of one animated WebP, PNG or GIF, or of a TIFF with many pages.

    Args:
        path: the file.
        fps: frames a second of pages, which state no time; 25 without.

    Raises:
        ValueError: not an image.
    """

    rereadable = True

    def __init__(self, path: Path, fps: float | None = None) -> None:
        self.name = str(path)
        self._path = path
        self._image = _open(path)
        # Some animated PNGs start with a still picture for those who show no animation.
        self._first = int(bool(self._image.info.get("default_image")))
        self._is_timed = self._image.format != "TIFF"
        pages = _page_count(self._image)
        self.count: int | None = None if pages is None else max(pages - self._first, 1)
        self.fps = DEFAULT_FPS if fps is None else float(fps)
        if self._is_timed:
            self.fps = 1 / self._read(self._first)[1]
        self.damage = Damage()
        self.end_reason: str | None = None

    def pictures(self) -> Iterator[Picture]:
        """Every picture in order; reduced copies among the pages of a TIFF are left out."""
        size: tuple[int, ...] | None = None
        seconds = 0.0
        shown = 0
        for position in count(self._first) if self.count is None else range(self._first, self._first + self.count):
            try:
                image, duration = self._read(position)
            except ValueError as error:
                self.end_reason = str(error)
                break
            if image is None or image.shape != (size or image.shape):
                continue
            size = image.shape
            label = f"picture {position} of {self._path}"
            yield Picture(label, seconds if self._is_timed else shown / self.fps, partial(np.array, image))
            seconds += duration
            shown += 1
        if self._is_timed and seconds > 0 and shown:
            self.fps = shown / seconds

    def close(self) -> None:
        """Close the file."""
        self._image.close()

    def _read(self, position: int) -> tuple[np.ndarray | None, float]:
        """The picture (None for a reduced copy) and its seconds."""
        image = self._image
        try:
            image.seek(position)
            if image.format == "TIFF" and int(getattr(image, "tag_v2", {}).get(_REDUCED_PAGE_TAG, 0)) & 1:
                return None, 0.0
            image.load()
            pixels = _to_rgb(image, self._path)
            milliseconds = float(image.info.get("duration") or 0)
        except _ERRORS as error:
            raise ValueError(f"{self._path}: picture {position} cannot be read ({_phrase(error)})") from None
        return pixels, milliseconds / 1000 if milliseconds > 0 else _UNSTATED_SECONDS


def open_image(path: Path, fps: float | None = None) -> ImageSource | AnimationSource:
    """One image file, with all its pictures.

    Args:
        path: the file.
        fps: frames a second where the file states no times; 25 without.

    Returns:
        The source.

    Raises:
        ValueError: an image file of zero bytes.
    """
    still = ImageSource(str(path), [path], fps)
    try:
        with _open(path) as image:
            is_sequence = image.format in _SEQUENCE_FORMATS and _page_count(image) != 1
        return AnimationSource(path, fps) if is_sequence else still
    except ValueError:
        return still


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
    paths = [path for path in map(Path, glob.glob(pattern, recursive=True)) if is_image(path) and path.is_file()]
    if not paths:
        raise FileNotFoundError(f"{pattern}: no image matches this pattern; {_ALLOWED}")
    return sorted(paths, key=natural_key)


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
    try:
        with _open(path) as image:
            ImageOps.exif_transpose(image, in_place=True)  # in place: a copy would take as long as decoding
            image.load()
            return _to_rgb(image, path)
    except FileNotFoundError:
        raise
    except _ERRORS as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise ValueError(
            f"{path}: cannot be read ({_phrase(error)}); replace it or take it out of the folder"
        ) from None


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such image; it was there when the folder was listed") from None
    except _ERRORS as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else _phrase(error)
        raise ValueError(f"{path}: cannot be read ({reason}); replace it or take it out of the folder") from None


def _phrase(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _page_count(image: Image.Image) -> int | None:
    """How many pictures a file holds; None where it is too damaged to say."""
    try:
        return int(getattr(image, "n_frames", 1))
    except _ERRORS:
        return None


def _to_rgb(image: Image.Image, path: Path) -> np.ndarray:
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError(f"{path}: pixels of 32 bits have no known range; give images of 8 or 16 bits")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
