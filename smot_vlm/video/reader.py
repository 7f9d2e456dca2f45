"""Any video as frames, one in memory at a time: a file, a folder of images, an array, a camera, an address."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from smot_vlm.formats.frame_rate import stated_fps_of_images
from smot_vlm.structures import Frame, Health, LazyImage
from smot_vlm.system.printing import counted
from smot_vlm.video.animations import open_image
from smot_vlm.video.arrays import ArraySource
from smot_vlm.video.clock import TimesLog
from smot_vlm.video.container import ContainerSource, open_file
from smot_vlm.video.images import ImageSource, images_of_folder, images_of_pattern, is_image
from smot_vlm.video.live import open_address, open_camera
from smot_vlm.video.read_ahead import ReadAhead
from smot_vlm.video.reconnecting import LiveSettings, ReconnectingSource, keep_open
from smot_vlm.video.sources import BrokenPictureError, Picture, Source, check_fps

logger = logging.getLogger(__name__)

VideoSource = str | Path | int | np.ndarray | Iterable[np.ndarray]


class VideoReader:
    """An opened video; iterating it gives `Frame`s. Made by `open_video`; a context manager that closes the source.

    Attributes:
        name: path, address (without password), "camera 0" or "array".
        width: pixels of every frame, as people see it.
        height: the same.
        rereadable: opening the same source again gives the same frames.
        truncated: true after the last frame where the source ended too early; the frames before that have come.
        stopped: whether the reading was stopped before the end.
        frames_read: frames that have come so far.

    Args:
        source: an opened one; `close` closes it.
        stride: every stride-th picture.
        max_frames: at most so many frames come.
        stop_at_damage: end at the first picture that cannot be used.
        ahead: so many frames of a file or of images are decoded before they are asked for, in a thread.

    Raises:
        ValueError: no frame can be read.
    """

    def __init__(
        self,
        source: Source,
        stride: int = 1,
        max_frames: int | None = None,
        stop_at_damage: bool = False,
        ahead: int = 0,
    ) -> None:
        self._source = source
        self._stride = stride
        self._max_frames = max_frames
        self._stop_at_damage = stop_at_damage
        self._pictures = enumerate(source.pictures())
        self._closed = False
        self.name = source.name
        self.rereadable = source.rereadable
        self.truncated = False
        self.stopped = False
        self.frames_read = 0
        self.width = self.height = 0
        self._broken: str | None = None
        self._broken_count = 0
        self._ended = False
        self._times = TimesLog(source.fps)
        self._first = self._read()
        if self._first is None:
            why = self._broken or f"{self.name}: no frame can be read ({source.end_reason or 'it is empty'})"
            raise ValueError(why if self._broken else f"{why}; give another video")
        # What gives a caller's arrays is his own code, and a live source has a thread already.
        is_file = source.rereadable and isinstance(source, ContainerSource | ImageSource)
        most = None if max_frames is None else max_frames - 1
        self._ahead = ReadAhead(self._read, ahead, most) if ahead and is_file else None

    @property
    def fps(self) -> float:
        """Frames a second of the source, before any stride."""
        return self._source.fps

    @property
    def sampled_fps(self) -> float:
        """Frames a second of the frames that come."""
        return self.fps / self._stride

    @property
    def frame_count(self) -> int | None:
        """How many frames will come, an estimate for progress bars; None where unknown."""
        if self._source.count is None:
            return self._max_frames
        count = -(-self._source.count // self._stride)
        return count if self._max_frames is None else min(count, self._max_frames)

    @property
    def damage(self) -> tuple[tuple[float, float], ...]:
        """Spans (start, end) in seconds, so far, in which pictures are known to be damaged or missing.

        Bytes that are wrong within a picture are not always known, see damage.py.
        """
        return self._source.damage.spans

    @property
    def times(self) -> tuple[tuple[int, float], ...]:
        """Times of the frames that have come, as VideoInfo.times gives them."""
        return self._times.pairs(self.fps)

    @property
    def image_names(self) -> tuple[str, ...]:
        """Names of the image files in the order of their frames; empty where the source is no set of image files."""
        return self._source.image_names if isinstance(self._source, ImageSource) else ()

    @property
    def health(self) -> Health | None:
        """How a live source is doing that is opened again when it fails; None of others."""
        return self._source.health if isinstance(self._source, ReconnectingSource) else None

    @property
    def connection(self) -> int:
        """How often a live source was opened again before the newest frame; 0 of others."""
        return self._source.connection if isinstance(self._source, ReconnectingSource) else 0

    @property
    def is_full(self) -> bool:
        """Whether as many frames have come as were asked for."""
        return self.frames_read == self._max_frames

    @property
    def ended(self) -> bool:
        """Whether the source has ended: no frame would come, however many were asked for."""
        return self._ended

    @property
    def left_out_summary(self) -> str:
        """How many pictures, so far, could not be used, and why the first could not; empty where all could."""
        if not self._broken:
            return ""
        return f"{counted(self._broken_count, 'picture')} left out, the first: {self._broken}"

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if self._closed:
            raise ValueError(f"{self.name}: this video is closed; open it again with open_video")
        if self.stopped or self.is_full:
            raise StopIteration
        frame, self._first = self._first or self._next(), None
        if frame is None:
            self._note_end()
            raise StopIteration
        self.frames_read += 1
        self._times.add(frame.index, frame.time_seconds)
        return frame

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> None:
        """End the reading here: what has come is all that will be described."""
        self.stopped = True

    def forget_times(self, before_index: int) -> None:
        """Let go of the times of older frames, which a source without end would fill the memory with.

        Args:
            before_index: the first frame whose time stays known.
        """
        self._times.drop_before(before_index)

    def close(self) -> None:
        """Free the file, camera or connection; closing twice does no harm."""
        if not self._closed:
            self._closed = True
            self._first = None
            if self._ahead is not None:
                self._ahead.close()
            self._source.close()

    def _next(self) -> Frame | None:
        return self._read() if self._ahead is None else self._ahead.take()

    def _read(self) -> Frame | None:
        for index, picture in self._pictures:
            if index % self._stride:
                continue
            try:
                return Frame(index, picture.time_seconds, self._image(picture))
            except BrokenPictureError as error:
                logger.debug("%s", error)
                self._broken = self._broken or str(error)
                self._broken_count += 1
                if self._stop_at_damage:
                    self._source.end_reason = str(error)
                    return None
                self._source.damage.add(picture.time_seconds, picture.time_seconds + 1 / self.fps)
        return None

    def _image(self, picture: Picture) -> np.ndarray | LazyImage:
        image = picture.image()
        height, width = image.shape[:2]
        if not self.width:
            self.width, self.height = width, height
        if (width, height) != (self.width, self.height):
            raise ValueError(
                f"{picture.label}: {width}x{height} pixels, but the video started with {self.width}x{self.height}; "
                "the frames of a video have one size"
            )
        return image

    def _note_end(self) -> None:
        """Report once what is wrong with the source."""
        if self._ended:
            return
        self._ended = True
        damage, end_reason = self._source.damage.summary(), self._source.end_reason
        if self._broken and not end_reason:
            damage += f"; {self.left_out_summary}"
        self.truncated = end_reason is not None
        if end_reason is not None:
            damage = f"ends after {self.frames_read} frames ({end_reason})" + (f"; {damage}" if damage else "")
        if damage:
            logger.warning("%s: %s", self.name, damage)


def open_video(
    source: VideoSource,
    *,
    stride: int = 1,
    max_frames: int | None = None,
    fps: float | None = None,
    stop_at_damage: bool = False,
    live: LiveSettings | None = None,
    ahead: int = 0,
) -> VideoReader:
    """Open a video for one pass.

    Times are the container's own, from 0 at the first frame, or index / fps.

    Args:
        source: a video file; an image (all its pictures where it is animated), a folder of images or a glob pattern
            (natural order, the position is the frame's index); an array (frames, height, width, 3) or an iterable of
            frames, uint8, grey and RGBA accepted; a camera's index; an address (rtsp, rtmp, http ...). A string of
            digits is a camera unless a file or folder has that name.
        stride: every stride-th frame, from the first; `Frame.index` still counts every frame of the source.
        max_frames: at most so many frames come.
        fps: frames a second of images, arrays and a few raw containers. Without it, images have the rate that
            seqinfo.ini, fps.txt or source.json beside them states, else 25. Where a container or its timestamps give
            a rate, that counts and `fps` does not.
        stop_at_damage: end a file or folder at its first damage. Without it, reading goes on behind the damage, which
            `VideoReader.damage` lists.
        live: keep a camera or an address without end open through failures; None: it ends with the first one.
        ahead: so many frames of a file or of images are decoded before they are asked for, in a thread.

    Returns:
        The reader, a context manager.

    Raises:
        FileNotFoundError: no such file, or a pattern that matches no image.
        ValueError: not a video, no frame in it, or a keyword out of range; while reading: arrays of different sizes.
        OSError: a camera or address that cannot be opened, a file that cannot be read.
    """
    for keyword, value in (("stride", stride), ("max_frames", max_frames)):
        if value is not None and (not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"{keyword} is {value}; give a whole number from 1")
    check_fps(fps)
    opened = _find_source(source, fps, stop_at_damage, live)
    try:
        return VideoReader(opened, stride, max_frames, stop_at_damage, ahead)
    except BaseException:
        opened.close()
        raise


def _find_source(source: VideoSource, fps: float | None, stop_at_damage: bool, live: LiveSettings | None) -> Source:
    if isinstance(source, str) and "://" in source:
        return _open_live(open_address, source, fps, live)
    if isinstance(source, (str, os.PathLike)):
        return _find_path(os.fspath(source), fps, stop_at_damage, live)
    if isinstance(source, (int, np.integer)) and not isinstance(source, bool):
        return _open_live(open_camera, int(source), fps, live)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, dict, set)):
        return ArraySource(source, fps)
    raise ValueError(
        f"a source of type {type(source).__name__}; give a path, an address, a camera's index, an array or its frames"
    )


def _open_live(
    opens: Callable[..., ContainerSource], source: int | str, fps: float | None, live: LiveSettings | None
) -> Source:
    if live is None:
        return opens(source, fps)
    return keep_open(lambda wait_seconds: opens(source, fps, wait_seconds), live)


def _find_path(text: str, fps: float | None, stop_at_damage: bool, live: LiveSettings | None) -> Source:
    path = Path(text)
    if not text.strip():
        raise ValueError("the source is empty; give a video file, a folder of images, a camera's index or an address")
    if path.is_dir():
        return ImageSource(text, images_of_folder(path), fps or stated_fps_of_images(path))
    if path.is_file():
        return open_image(path, fps) if is_image(path) else open_file(path, fps, stop_at_damage)
    if path.is_char_device():
        return _open_live(open_camera, text, fps, live)
    if text.isdecimal():
        return _open_live(open_camera, int(text), fps, live)
    if any(character in text for character in "*?["):
        images = images_of_pattern(text)
        folders = {image.parent for image in images}
        return ImageSource(text, images, fps or (stated_fps_of_images(folders.pop()) if len(folders) == 1 else None))
    raise FileNotFoundError(
        f"{text}: no such file or folder; give a video, a folder of images, a camera's index or an address"
    )
