"""Decoding with PyAV: the frames of a file past its damage or up to it, and the frames of a live stream.

Every generator gives frames in presentation order, each with the trouble before it, and returns (PEP 380) why the
frames ended too early, or None.
"""

import heapq
import math
import time
from collections.abc import Generator
from enum import IntEnum
from itertools import chain

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from smot_vlm.video.packets import CUT_PICTURE, Packets, next_packet, reason

# A container's count of frames may be off by this many without being called damaged.
MISSING_FRAMES_ALLOWED = 2
# Matroska states only a duration, and the last frame's own may be missing in it.
MISSING_SECONDS_ALLOWED = 1.0
_CAMERA_PAUSE_SECONDS = 0.005


class Trouble(IntEnum):
    """What happened between a frame and the one before.

    GAP: if time is missing here, it was lost. SEAM: the container says that something may be lost just before.
    LOST: a picture is lost.
    """

    NONE = 0
    GAP = 1
    SEAM = 2
    LOST = 3


Frames = Generator[tuple[av.VideoFrame, Trouble], None, str | None]


class Decoder:
    """Decodes packets past any error and finds the frame that follows each.

    Attributes:
        last_pts: of the packet that came last.

    Args:
        stream: whose packets come.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._waiting: list[int] = []
        self.last_pts: int | None = None
        # The latest timestamp since the stream began or began anew; B-frames come after the frames that follow them.
        self._sent = -math.inf
        self._dts = self._shown = -math.inf
        self._bad: float | None = None
        self._seam: float | None = None
        self._gap: float | None = None
        # FFmpeg's parser gives a flag to the packet before the one that it belongs to.
        self._flagged = False

    def note_seam(self) -> None:
        """Something may be lost after the packet that came last."""
        self._seam = self._sent

    def decode(self, packet: av.Packet | None) -> list[tuple[av.VideoFrame, Trouble]]:
        """The frames that a packet makes complete.

        Args:
            packet: the next one, or None for what the decoder still holds.

        Returns:
            Frames in presentation order, each with the trouble before it.
        """
        if packet is not None:
            self._note_packet(packet)
        try:
            frames = self._stream.codec_context.decode(None) if packet is None else packet.decode()
        except (av.FFmpegError, EOFError):
            self._bad = self._sent if self._bad is None else max(self._bad, self._sent)
            return []
        return [(frame, self._trouble(frame.pts)) for frame in frames]

    def _note_packet(self, packet: av.Packet) -> None:
        self.last_pts = packet.pts
        if packet.is_corrupt:
            self._gap = self._sent
        if packet.dts is not None:
            self._sent = -math.inf if packet.dts < self._dts else self._sent
            self._dts = packet.dts
        if packet.pts is not None:
            self._sent = max(self._sent, packet.pts)
            if not packet.is_discard:
                heapq.heappush(self._waiting, packet.pts)
        if self._flagged:
            self.note_seam()
        self._flagged = packet.is_corrupt

    def _trouble(self, pts: int | None) -> Trouble:
        missing = False
        waiting = self._waiting
        while pts is not None and waiting and waiting[0] <= pts:
            missing |= heapq.heappop(waiting) != pts
        trouble = Trouble.NONE
        if self._bad is not None or self._seam is not None or self._gap is not None:
            restarted = pts is None or pts <= self._shown
            if self._gap is not None and (restarted or pts > self._gap):
                trouble, self._gap = Trouble.GAP, None
            if self._seam is not None and (restarted or pts > self._seam):
                trouble, self._seam = Trouble.SEAM, None
            if self._bad is not None and (missing or restarted or pts > self._bad):
                trouble = Trouble.LOST
                self._bad = self._bad if pts is not None and pts < self._bad else None
        self._shown = self._shown if pts is None else pts
        return trouble


def frames_past_damage(container: InputContainer, stream: VideoStream, packets: Packets) -> Frames:
    """Every frame of a file that the decoder gives, whatever is damaged before it.

    Where the decoder had to patch the picture of the last packet, the file was cut within it, and it is left out.

    Args:
        container: the opened file.
        stream: its video.
        packets: the packets of that stream.

    Returns:
        Why the file ends before its stated end.
    """
    decoder = Decoder(stream)
    end = _End(stream)
    held: tuple[av.VideoFrame, Trouble] | None = None
    given = False
    for packet in chain(packets, (None,)):
        if packets.failed:
            packets.failed = False
            decoder.note_seam()
        if packet is not None:
            end.see(packet)
        frames = decoder.decode(packet)
        if held is not None and packet is not None:
            yield held
            held = None
        for pair in frames:
            if pair[0].is_corrupt and given and pair[0].pts == decoder.last_pts:
                held = pair
                continue
            yield pair
            given = True
    why = packets.end_reason or end.missing(container, packets.count)
    return why or (None if held is None else CUT_PICTURE)


def frames_before_damage(container: InputContainer, stream: VideoStream, packets: Packets) -> Frames:
    """Frames of a file; ends at the end or at the first packet or frame that is damaged.

    Damage shows as an error of the demuxer or decoder, as a packet that is cut short, as a picture that the decoder
    had to patch (unless the video starts with such, as one cut between key frames does), or as frames that the
    container promises and does not hold.

    Args:
        container: the opened file.
        stream: its video.
        packets: the packets of that stream.

    Returns:
        What the damage is.
    """
    raw = packets.raw()
    waiting: list[int] = []
    end = _End(stream)
    intact = False
    while True:
        try:
            packet = next(raw, None)
            if packet is None:
                return end.missing(container, packets.count)
            if packet.is_corrupt:
                damage = "a frame is cut short"
                break
            if packet.size and packet.pts is not None:
                heapq.heappush(waiting, packet.pts)
            end.see(packet)
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
            yield frame, Trouble.NONE
    yield from _frames_in_order(stream, waiting)
    return damage


def frames_of_stream(container: InputContainer, stream: VideoStream, timeout_seconds: float) -> Frames:
    """Frames of a camera or an address; what cannot be decoded is left out, as networks lose packets.

    Args:
        container: the opened camera or address.
        stream: its video.
        timeout_seconds: how long to wait for a picture.

    Returns:
        What ended it: the stream's own end (None), an error of the connection, or no picture in time.
    """
    demuxed = container.demux(stream)
    decoder = Decoder(stream)
    packet_count = 0
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        try:
            packet = next_packet(demuxed)
        except BlockingIOError:  # The camera has no new picture yet.
            time.sleep(_CAMERA_PAUSE_SECONDS)
            demuxed = container.demux(stream)
            continue
        except av.FFmpegError as error:
            return reason(error)
        if packet is None:
            return _End(stream).missing(container, packet_count)
        packet_count += bool(packet.size)
        frames = decoder.decode(packet)
        yield from frames
        if frames:
            deadline = time.monotonic() + timeout_seconds
    return f"no picture in {timeout_seconds:g} seconds"


def _frames_in_order(stream: VideoStream, waiting: list[int]) -> Generator[tuple[av.VideoFrame, Trouble], None, None]:
    """What the decoder still holds of the time before the damage: frames go on until one that was sent is absent."""
    try:
        frames = stream.codec_context.decode(None)
    except av.FFmpegError:
        return
    for frame in frames:
        if frame.is_corrupt or not waiting or frame.pts != heapq.heappop(waiting):
            return
        yield frame, Trouble.NONE


class _End:
    """Compares how far the packets reach with what the container states."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._time_base = float(stream.time_base or 0)
        self._latest = -math.inf

    def see(self, packet: av.Packet) -> None:
        """Note how far a packet reaches."""
        if packet.pts is not None:
            self._latest = max(self._latest, packet.pts + (packet.duration or 0))

    def missing(self, container: InputContainer, packet_count: int) -> str | None:
        """How much of what the container promises did not come.

        MP4 and AVI promise a number of frames, of which an edit list may leave out some (the index then holds fewer);
        Matroska promises each stream's duration in a tag.
        """
        stream = self._stream
        promised = stream.frames
        if "mp4" in container.format.name:
            promised = min(promised, len(stream.index_entries))
        if promised - packet_count > MISSING_FRAMES_ALLOWED and not _is_whole_avi(container):
            return f"{packet_count} of {promised} frames are there"
        duration, end_seconds = tagged_seconds(stream), self._latest * self._time_base
        if duration is not None and end_seconds > 0:
            allowed = max(MISSING_SECONDS_ALLOWED, 3 / float(stream.average_rate) if stream.average_rate else 0.0)
            if duration - end_seconds > allowed:
                return f"{end_seconds:.1f} of {duration:.1f} seconds are there"
        return None


def _is_whole_avi(container: InputContainer) -> bool:
    """Whether this is an AVI file of at least its stated size: what is missing is missing in its middle."""
    if container.format.name != "avi":
        return False
    with open(container.name.removeprefix("file:"), "rb") as file:
        head = file.read(8)
    return len(head) == 8 and container.size >= int.from_bytes(head[4:], "little") + 8


def tagged_seconds(stream: VideoStream) -> float | None:
    """The duration that Matroska writes as a tag of the stream.

    Args:
        stream: whose metadata may hold it, as 00:01:02.5 (hours, minutes, seconds).

    Returns:
        Seconds, or None without a tag that can be read.
    """
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
