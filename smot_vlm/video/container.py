"""Videos from anything that PyAV opens: packets become pictures with their times, and damage is noted."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from smot_vlm.video.clock import MAX_FPS, Clock, stream_rate
from smot_vlm.video.damage import Damage
from smot_vlm.video.decoding import (
    Frames,
    Trouble,
    frames_before_damage,
    frames_of_stream,
    frames_past_damage,
)
from smot_vlm.video.ends import tagged_seconds
from smot_vlm.video.packets import Packets, reason
from smot_vlm.video.pixels import FrameConverter
from smot_vlm.video.sources import MAX_PIXELS, Picture

# FFmpeg draws plain text as a film of a terminal; a text file is no video.
_TEXT_CODECS = frozenset({"ansi", "bintext", "idf", "xbin"})
_SMALL_PIXELS = 320 * 240
# FFmpeg counts their pictures at 25 a second, whatever the camera does.
_WITHOUT_TIMES = frozenset({"mpjpeg", "mjpeg"})
# No read of a file takes so long; a playlist that waits for its next piece would wait for ever.
FILE_TIMEOUT_SECONDS = 20.0


class ContainerSource:
    """The best video stream of an opened container.

    Attributes:
        states_times: whether it has timestamps at all; pictures one after the other over HTTP have none.
        size: width and height of the newest picture, as it is coded; None before the first one.
        clock_jumps: how often the timestamps started anew so far.

    Args:
        container: opened for reading; `close` closes it.
        name: what the user reads of it.
        fps: used only where neither the container nor its timestamps give a rate.
        stream_timeout_seconds: None for a file, which can be read again; for a camera or an address how long to wait
            for a picture.
        stop_at_damage: end a file at its first damage rather than go on behind it.

    Raises:
        ValueError: no video stream, or none that can be decoded.
    """

    def __init__(
        self,
        container: InputContainer,
        name: str,
        fps: float | None = None,
        stream_timeout_seconds: float | None = None,
        stop_at_damage: bool = False,
    ) -> None:
        self.name = name
        self._container = container
        self._stream = _video_stream(container, name)
        self._stream_timeout_seconds = stream_timeout_seconds
        self._stop_at_damage = stop_at_damage
        # Frame threads hold back one picture for each core, which a live picture must not wait for; to wake them costs
        # more than a small picture. But they notice damage earlier.
        context = self._stream.codec_context
        is_small = context.width * context.height <= _SMALL_PIXELS and not stop_at_damage
        context.thread_type = "SLICE" if stream_timeout_seconds or is_small else "AUTO"
        self.rereadable = stream_timeout_seconds is None
        self._packets = Packets(container, self._stream, read_ahead=self.rereadable)
        self._rate = stream_rate(self._stream, self._packets.ahead, fps)
        self.fps = self._rate.fps
        self.count = _frame_count(container, self._stream, self.fps)
        self.states_times = self._rate.has_times and container.format.name not in _WITHOUT_TIMES
        self.clock_jumps = 0
        self.size: tuple[int, int] | None = None
        self.damage = Damage()
        self.end_reason: str | None = None

    def pictures(self) -> Iterator[Picture]:
        """Every frame in presentation order."""
        clock = Clock(float(self._stream.time_base or 1), self.fps)
        converter = FrameConverter(self.name, self._stream.sample_aspect_ratio)
        frames = self._frames()
        previous = 0.0
        index = 0
        damaged = False
        while True:
            try:
                frame, trouble = next(frames)
            except StopIteration as end:
                self.end_reason = end.value
                break
            if index == 0:
                converter.start(frame)
            self.size = frame.width, frame.height
            suspect = damaged or trouble == Trouble.LOST or frame.is_corrupt
            seconds = clock.seconds(frame.pts if self._rate.has_times else None, may_restart=not suspect)
            self.clock_jumps = clock.jumps
            if trouble or suspect:
                damaged = self._note_damage(frame, trouble, previous, seconds, clock.period)
            yield Picture(f"frame {index}", seconds, partial(converter.image, frame))
            previous = seconds
            index += 1
        if not self._rate.is_known and 0 < (index - 1) < previous * MAX_FPS:
            self.fps = (index - 1) / previous

    def close(self) -> None:
        """Close the file, camera or connection."""
        self._container.close()

    def _frames(self) -> Frames:
        if self._stream_timeout_seconds is not None:
            return frames_of_stream(self._container, self._stream, self._stream_timeout_seconds)
        if self._stop_at_damage:
            return frames_before_damage(self._container, self._stream, self._packets)
        return frames_past_damage(self._container, self._stream, self._packets)

    def _note_damage(
        self, frame: av.VideoFrame, trouble: Trouble, previous: float, seconds: float, period: float
    ) -> bool:
        """Note what is wrong at this frame; gives whether the frames after it are predicted from what is damaged.

        A seam is damage where time is missing, or where the pictures go on without a key frame.
        """
        due = min(previous + period, seconds)
        gap = seconds - due > period / 2
        seam = trouble == Trouble.SEAM and (gap or not frame.key_frame)
        if seam or (trouble == Trouble.GAP and gap):
            # The picture before may be cut without the decoder's notice.
            self.damage.begin(previous, seconds)
        elif trouble == Trouble.LOST:
            self.damage.begin(due if gap else previous, seconds)
        if frame.is_corrupt:
            self.damage.begin(seconds, seconds + period)
            return True
        if frame.key_frame:
            self.damage.finish(seconds)
        else:
            self.damage.pass_picture(seconds + period)
        return self.damage.is_open


def open_file(path: Path, fps: float | None = None, stop_at_damage: bool = False) -> ContainerSource:
    """A video file.

    Args:
        path: the file.
        fps: as of ContainerSource.
        stop_at_damage: as of ContainerSource.

    Returns:
        The source, which owns the opened file.

    Raises:
        ValueError: empty, not a video, damaged before its first frame, or without a video stream.
        OSError: the file cannot be read.
    """
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty; give a video file")
    try:
        container = open_container(f"file:{path}", timeout_seconds=FILE_TIMEOUT_SECONDS)
    except OSError as error:
        raise OSError(f"{path}: cannot be read ({error.strerror})") from None
    except av.FFmpegError as error:
        raise ValueError(
            f"{path}: not a video, or one damaged from its start ({reason(error)}); give a file such as mp4, mkv, avi"
        ) from None
    return source_or_close(container, str(path), fps, stop_at_damage=stop_at_damage)


def open_container(
    address: str,
    device: str | None = None,
    options: dict[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> InputContainer:
    """av.open for reading; titles in another encoding than UTF-8 do no harm.

    Args:
        address: as FFmpeg takes it.
        device: FFmpeg's input format, or None to find it.
        options: of that format.
        timeout_seconds: for opening and for each read.

    Returns:
        The opened container.

    Raises:
        av.FFmpegError: it cannot be opened.
    """
    timeout = None if timeout_seconds is None else (timeout_seconds, timeout_seconds)
    try:
        return av.open(address, "r", format=device, options=options, timeout=timeout)
    except UnicodeDecodeError:
        return av.open(address, "r", format=device, options=options, timeout=timeout, metadata_errors="replace")


def source_or_close(
    container: InputContainer,
    name: str,
    fps: float | None,
    stream_timeout_seconds: float | None = None,
    stop_at_damage: bool = False,
) -> ContainerSource:
    """A source that owns `container`; where there is nothing to read, the container is closed.

    Args:
        container: opened for reading.
        name: as of ContainerSource.
        fps: as of ContainerSource.
        stream_timeout_seconds: as of ContainerSource.
        stop_at_damage: as of ContainerSource.

    Returns:
        The source.

    Raises:
        ValueError: as ContainerSource.
    """
    try:
        return ContainerSource(container, name, fps, stream_timeout_seconds, stop_at_damage)
    except BaseException:
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
    if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
        raise ValueError(
            f"{name}: pictures of {stream.codec_context.width}x{stream.codec_context.height} pixels; "
            f"at most {MAX_PIXELS} are read, so its header is damaged or it must be made smaller"
        )
    return stream


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
