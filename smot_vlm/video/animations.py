"""Image files that hold many pictures: animated WebP, PNG and GIF, and TIFF with many pages."""

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from smot_vlm.video.damage import Damage
from smot_vlm.video.images import PIL_ERRORS, ImageSource, image_to_rgb, open_file, phrase
from smot_vlm.video.sources import DEFAULT_FPS, Picture

# Kinds of which one file may hold a sequence; the second picture of a JPEG (MPO) is a preview or another eye's.
_SEQUENCE_FORMATS = frozenset({"PNG", "WEBP", "TIFF", "GIF"})
# Browsers show a picture of an animation that states no time for so long.
_UNSTATED_SECONDS = 0.1
_REDUCED_PAGE_TAG = 254


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
        self._image = open_file(path)
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
            pixels = image_to_rgb(image, self._path)
            milliseconds = float(image.info.get("duration") or 0)
        except PIL_ERRORS as error:
            raise ValueError(f"{self._path}: picture {position} cannot be read ({phrase(error)})") from None
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
        with open_file(path) as image:
            is_sequence = image.format in _SEQUENCE_FORMATS and _page_count(image) != 1
        return AnimationSource(path, fps) if is_sequence else still
    except ValueError:
        return still


def _page_count(image: Image.Image) -> int | None:
    """How many pictures a file holds; None where it is too damaged to say."""
    try:
        return int(getattr(image, "n_frames", 1))
    except PIL_ERRORS:
        return None
