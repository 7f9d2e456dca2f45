"""Any video as frames, one in memory at a time: a file, a folder of images, an array, a camera, an address."""

import logging
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np

from smot_vlm.structures import Frame
from smot_vlm.video.arrays import ArraySource
from smot_vlm.video.container import open_file
from smot_vlm.video.images import ImageSource, images_of_folder, images_of_pattern, is_image
from smot_vlm.video.live import open_address, open_camera
from smot_vlm.video.sources import Picture, Source, check_fps

logger = logging.getLogger(__name__)

VideoSource = str | Path | int | np.ndarray | Iterable[np.ndarray]


class VideoReader:
    """An opened video; iterating it gives `Frame`s. Made by `open_video`; a context manager that closes the source.

    name: path, address (without password), "camera 0" or "array".
    fps: frames a second of the source, before any stride. sampled_fps: fps / stride, of the frames that come.
    width, height: pixels of every frame, after rotation.
    frame_count: how many frames will come, an estimate for progress bars; None where unknown.
    rereadable: opening the same source again gives the same frames.
    truncated: true after the last frame where the source was damaged or broke off; the frames before that have come.
    frames_read: frames that have come so far.
    """

    def __init__(self, source: Source, stride: int = 1, max_frames: int | None = None) -> None:
        self._source = source
        self._stride = stride
        self._max_frames = max_frames
        self._all_pictures = source.pictures()
        self._pictures = islice(self._all_pictures, 0, None, stride)
        self._closed = False
        self.name = source.name
        self.fps = source.fps
        self.rereadable = source.rereadable
        self.truncated = False
        self.frames_read = 0
        first = next(self._pictures, None)
        if first is None:
            raise ValueError(
                f"{self.name}: no frame can be read ({source.damage or 'it is empty'}); give another video"
            )
        self._first: Frame | None = Frame(0, first.time_seconds, first.to_rgb())
        self.width = self._first.width
        self.height = self._first.height

    @property
    def sampled_fps(self) -> float:
        """Frames a second of the frames that come."""
        return self.fps / self._stride

    @property
    def frame_count(self) -> int | None:
        """How many frames will come, as far as the source states it."""
        if self._source.count is None:
            return self._max_frames
        count = -(-self._source.count // self._stride)
        return count if self._max_frames is None else min(count, self._max_frames)

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._closed:
            raise ValueError(f"{self.name}: this video is closed; open it again with open_video")
        if self.frames_read == self._max_frames:
            raise StopIteration
        frame, self._first = self._first or self._read(), None
        if frame is None:
            raise StopIteration
        self.frames_read += 1
        return frame

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the file, camera or connection; closing twice does no harm."""
        if not self._closed:
            self._closed = True
            self._first = None
            self._source.close()

    def _read(self) -> Frame | None:
        picture = next(self._pictures, None)
        if picture is None:
            self._note_damage()
            return None
        return Frame(self.frames_read * self._stride, picture.time_seconds, self._image(picture))

    def _image(self, picture: Picture) -> np.ndarray:
        image = picture.to_rgb()
        height, width = image.shape[:2]
        if (width, height) != (self.width, self.height):
            raise ValueError(
                f"{picture.label}: {width}x{height} pixels, but the video started with {self.width}x{self.height}; "
                "the frames of a video have one size"
            )
        return image

    def _note_damage(self) -> None:
        if self._source.damage is not None and not self.truncated:
            self.truncated = True
            logger.warning("%s: ends after %d frames (%s)", self.name, self.frames_read, self._source.damage)


def open_video(
    source: VideoSource, *, stride: int = 1, max_frames: int | None = None, fps: float | None = None
) -> VideoReader:
    """Open a video for one pass.

    source: a video file; an image, a folder of images or a glob pattern (natural order, the position is the frame's
        index); an array (frames, height, width, 3) or an iterable of frames, uint8, grey and RGBA accepted; a camera's
        index; an address (rtsp, rtmp, http ...). A string of digits is a camera unless a file or folder has that name.
    stride: every stride-th frame, from the first; `Frame.index` still counts every frame of the source.
    max_frames: at most so many frames come.
    fps: frames a second of a source that states none: images, arrays, a few raw containers. Default 25. Where a
        container states its average rate, that counts and `fps` does not.

    Times are the container's own, from 0 at the first frame, or index / fps.

    Raises:
        FileNotFoundError: no such file, or a pattern that matches no image.
        ValueError: not a video, no frame in it, or a keyword out of range; while reading: frames of different sizes.
        OSError: a camera or address that cannot be opened, a file that cannot be read.
    """
    for keyword, value in (("stride", stride), ("max_frames", max_frames)):
        if value is not None and (not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"{keyword} is {value}; give a whole number from 1")
    check_fps(fps)
    opened = _find_source(source, fps)
    try:
        return VideoReader(opened, stride, max_frames)
    except BaseException:
        opened.close()
        raise


def _find_source(source: VideoSource, fps: float | None) -> Source:
    if isinstance(source, str) and "://" in source:
        return open_address(source, fps)
    if isinstance(source, (str, os.PathLike)):
        return _find_path(os.fspath(source), fps)
    if isinstance(source, (int, np.integer)) and not isinstance(source, bool):
        return open_camera(int(source), fps)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, dict, set)):
        return ArraySource(source, fps)
    raise ValueError(
        f"a source of type {type(source).__name__}; give a path, an address, a camera's index, an array or its frames"
    )


def _find_path(text: str, fps: float | None) -> Source:
    path = Path(text)
    if not text.strip():
        raise ValueError("the source is empty; give a video file, a folder of images, a camera's index or an address")
    if path.is_dir():
        return ImageSource(text, images_of_folder(path), fps)
    if path.is_file():
        return ImageSource(text, [path], fps) if is_image(path) else open_file(path, fps)
    if path.is_char_device():
        return open_camera(text, fps)
    if text.isdecimal():
        return open_camera(int(text), fps)
    if any(character in text for character in "*?["):
        return ImageSource(text, images_of_pattern(text), fps)
    raise FileNotFoundError(
        f"{text}: no such file or folder; give a video, a folder of images, a camera's index or an address"
    )
