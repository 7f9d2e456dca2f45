"""Pictures from anything that PyAV opens: timestamps, rotation and pixel formats become plain RGB and seconds."""

import logging
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from smot_vlm.video.decoding import Frames, frames_before_damage, frames_of_stream, reason, tagged_seconds
from smot_vlm.video.sources import DEFAULT_FPS, Picture

logger = logging.getLogger(__name__)

# FFmpeg draws plain text as a film of a terminal; a text file is no video.
_TEXT_CODECS = frozenset({"ansi", "bintext", "idf", "xbin"})
_MAX_FPS = 1000


class ContainerSource:
    """The best video stream of an opened container.

    stream_timeout_seconds: None for a file, which ends at its first damage and can be read again; for a camera or an
    address how long to wait for a picture, with damage skipped.
    fps: used only where the container states no rate.

    Raises:
        ValueError: no video stream, or none that can be decoded.
    """

    def __init__(
        self,
        container: InputContainer,
        name: str,
        fps: float | None = None,
        stream_timeout_seconds: float | None = None,
    ) -> None:
        self.name = name
        self._container = container
        self._stream = _video_stream(container, name)
        self._stream_timeout_seconds = stream_timeout_seconds
        # Frame threads are fast and hold back one picture for each core, which a live picture must not wait for.
        self._stream.codec_context.thread_type = "SLICE" if stream_timeout_seconds else "AUTO"
        self.fps = _average_fps(self._stream) or fps or DEFAULT_FPS
        self.count = _frame_count(container, self._stream, self.fps)
        self.rereadable = stream_timeout_seconds is None
        self.damage: str | None = None
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None
        self._quarter_turns = 0

    def pictures(self) -> Iterator[Picture]:
        """Every frame in presentation order."""
        clock = Clock(self._stream.time_base or Fraction(1), self.fps)
        frames = self._frames()
        index = 0
        while True:
            try:
                frame = next(frames)
            except StopIteration as end:
                self.damage = end.value
                return
            if self._size is None:
                self._size = (frame.width, frame.height)
                self._quarter_turns = round(frame.rotation / 90) % 4
            yield Picture(f"frame {index}", clock.seconds(frame.pts, index), partial(self._to_rgb, frame))
            index += 1

    def close(self) -> None:
        """Close the file, camera or connection."""
        self._container.close()

    def _frames(self) -> Frames:
        if self._stream_timeout_seconds is None:
            return frames_before_damage(self._container, self._stream)
        return frames_of_stream(self._container, self._stream, self._stream_timeout_seconds)

    def _to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """RGB, turned as the container's display matrix says; a stream that changes its size keeps its first one."""
        assert self._size is not None
        width, height = self._size
        if (frame.width, frame.height) != self._size:
            logger.debug("%s: a frame of %dx%d is scaled to %dx%d", self.name, frame.width, frame.height, width, height)
        # One thread: to wake others costs about as much as to convert a picture.
        image = self._reformatter.reformat(frame, width, height, "rgb24", threads=1).to_ndarray()
        return np.ascontiguousarray(np.rot90(image, self._quarter_turns))


class Clock:
    """Presentation times of one stream in seconds: 0 for the first frame, then always ascending."""

    def __init__(self, time_base: Fraction, fps: float) -> None:
        self._time_base = float(time_base)
        self._period = 1 / fps
        self._origin: float | None = None
        self._previous: float | None = None

    def seconds(self, pts: int | None, index: int) -> float:
        """Time of frame `index` from its timestamp `pts` (in time bases), or index / fps where it has none.

        A timestamp that does not come after the frame before (broken muxers, a stream that starts anew) counts as one
        frame period later.
        """
        seconds = index * self._period
        if pts is not None:
            time = pts * self._time_base
            if self._origin is None:
                self._origin = time - seconds
            seconds = time - self._origin
        if self._previous is not None and seconds <= self._previous:
            seconds = self._previous + self._period
        self._previous = seconds
        return seconds


def open_file(path: Path, fps: float | None = None) -> ContainerSource:
    """A video file.

    Raises:
        ValueError: empty, not a video, damaged before its first frame, or without a video stream.
        OSError: the file cannot be read.
    """
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty; give a video file")
    try:
        container = open_container(f"file:{path}")
    except OSError as error:
        raise OSError(f"{path}: cannot be read ({error.strerror})") from None
    except av.FFmpegError as error:
        raise ValueError(
            f"{path}: not a video, or one damaged from its start ({reason(error)}); give a file such as mp4, mkv, avi"
        ) from None
    return source_or_close(container, str(path), fps)


def open_container(
    address: str,
    device: str | None = None,
    options: dict[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> InputContainer:
    """av.open for reading; titles in another encoding than UTF-8 do no harm.

    Raises:
        av.FFmpegError: it cannot be opened.
    """
    timeout = None if timeout_seconds is None else (timeout_seconds, timeout_seconds)
    try:
        return av.open(address, "r", format=device, options=options, timeout=timeout)
    except UnicodeDecodeError:
        return av.open(address, "r", format=device, options=options, timeout=timeout, metadata_errors="replace")


def source_or_close(
    container: InputContainer, name: str, fps: float | None, stream_timeout_seconds: float | None = None
) -> ContainerSource:
    """A source that owns `container`; where there is nothing to read, the container is closed.

    Raises:
        ValueError: as ContainerSource.
    """
    try:
        return ContainerSource(container, name, fps, stream_timeout_seconds)
    except ValueError:
        container.close()
        raise


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & av.stream.Disposition.attached_pic:
        raise ValueError(f"{name}: no video in it, only sound, text or a cover; give a video")
    if stream.codec_context is None:
        raise ValueError(f"{name}: no decoder for this video's codec; convert it to H.264")
    if stream.codec_context.name in _TEXT_CODECS:
        raise ValueError(f"{name}: a text file, not a video; give a file such as mp4, mkv, avi")
    return stream


def _average_fps(stream: VideoStream) -> float | None:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= _MAX_FPS:
            return float(rate)
    return None


def _frame_count(container: InputContainer, stream: VideoStream, fps: float) -> int | None:
    """Number of frames as the container states it, or else as its duration and rate suggest."""
    if stream.frames:
        return stream.frames
    seconds = tagged_seconds(stream)
    if seconds is None and stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    if seconds is None and container.duration:
        seconds = container.duration / av.time_base
    return max(1, round(seconds * fps)) if seconds else None
