"""Decoding with PyAV: the frames of a file up to its first damage, the frames of a live stream past any damage.

Both generators return (PEP 380) why the frames ended too early, or None.
"""

import heapq
import logging
import time
from collections.abc import Generator

import av
from av.container import InputContainer
from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

Frames = Generator[av.VideoFrame, None, str | None]

# A container's count of frames may be off by this many without being called damaged.
MISSING_FRAMES_ALLOWED = 2
# Matroska states only a duration, and the last frame's own may be missing in it.
MISSING_SECONDS_ALLOWED = 1.0
NO_ANSWER = "no answer in time"
_CAMERA_PAUSE_SECONDS = 0.005


def reason(error: av.FFmpegError) -> str:
    """What FFmpeg says of an error, without the file's name (an address may hold a password)."""
    if isinstance(error, av.error.ExitError):
        return NO_ANSWER
    return error.strerror or type(error).__name__


def frames_before_damage(container: InputContainer, stream: VideoStream) -> Frames:
    """Frames of a file in presentation order; ends at the end or at the first packet or frame that is damaged.

    Damage shows as an error of the demuxer or decoder, as a packet that is cut short, as a picture that the decoder
    had to patch (unless the video starts with such, as one cut between key frames does), or as frames that the
    container promises and does not hold.
    """
    packets = container.demux(stream)
    time_base = float(stream.time_base or 0)
    waiting: list[int] = []
    packet_count, end_seconds, intact = 0, 0.0, False
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return _missing(container, stream, packet_count, end_seconds)
            if packet.is_corrupt:
                damage = "a frame is cut short"
                break
            packet_count += bool(packet.size)
            if packet.size and packet.pts is not None:
                heapq.heappush(waiting, packet.pts)
                end_seconds = max(end_seconds, (packet.pts + (packet.duration or 0)) * time_base)
            frames = packet.decode()
        except av.FFmpegError as error:
            damage = reason(error)
            break
        for frame in frames:
            if frame.is_corrupt and intact:
                return "a picture is damaged"
            intact = intact or not frame.is_corrupt
            while waiting and frame.pts is not None and waiting[0] <= frame.pts:
                heapq.heappop(waiting)
            yield frame
    yield from _frames_in_order(stream, waiting)
    return damage


def frames_of_stream(container: InputContainer, stream: VideoStream, timeout_seconds: float) -> Frames:
    """Frames of a camera or an address; what cannot be decoded is left out, as networks lose packets.

    Ends with the stream, with an error of the connection, or when no picture came for `timeout_seconds`.
    """
    packets = container.demux(stream)
    packet_count = 0
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        try:
            packet = next(packets, None)
        except BlockingIOError:  # The camera has no new picture yet.
            time.sleep(_CAMERA_PAUSE_SECONDS)
            packets = container.demux(stream)
            continue
        except av.FFmpegError as error:
            return reason(error)
        if packet is None:
            return _missing(container, stream, packet_count, 0.0)
        packet_count += bool(packet.size)
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            logger.debug("a packet of the stream is left out: %s", reason(error))
            continue
        yield from frames
        if frames:
            deadline = time.monotonic() + timeout_seconds
    return f"no picture in {timeout_seconds:g} seconds"


def _frames_in_order(stream: VideoStream, waiting: list[int]) -> Generator[av.VideoFrame, None, None]:
    """What the decoder still holds of the time before the damage: frames go on until one that was sent is absent."""
    try:
        frames = stream.codec_context.decode(None)
    except av.FFmpegError:
        return
    for frame in frames:
        if frame.is_corrupt or not waiting or frame.pts != heapq.heappop(waiting):
            return
        yield frame


def _missing(container: InputContainer, stream: VideoStream, packet_count: int, end_seconds: float) -> str | None:
    """How much of what the container promises did not come.

    MP4 and AVI promise a number of frames, of which an edit list may leave out some (the index then holds fewer);
    Matroska promises each stream's duration in a tag.
    """
    promised = stream.frames
    if "mp4" in container.format.name:
        promised = min(promised, len(stream.index_entries))
    if promised - packet_count > MISSING_FRAMES_ALLOWED:
        return f"{packet_count} of {promised} frames are there"
    duration = tagged_seconds(stream)
    if duration is not None and end_seconds > 0:
        allowed = max(MISSING_SECONDS_ALLOWED, 3 / float(stream.average_rate) if stream.average_rate else 0.0)
        if duration - end_seconds > allowed:
            return f"{end_seconds:.1f} of {duration:.1f} seconds are there"
    return None


def tagged_seconds(stream: VideoStream) -> float | None:
    """The duration that Matroska writes as a tag of the stream, as 00:01:02.5 (hours, minutes, seconds)."""
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
