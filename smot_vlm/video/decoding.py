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

from smot_vlm.video.ends import StatedEnd
from smot_vlm.video.packets import CUT_PICTURE, Packet, Packets, next_packet, reason

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

    def decode(self, packet: Packet | None) -> list[tuple[av.VideoFrame, Trouble]]:
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

    def _note_packet(self, packet: Packet) -> None:
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
            # Without a timestamp, or where timestamps start anew, a frame is behind all that came.
            place = math.inf if pts is None or pts <= self._shown else pts
            if self._gap is not None and place > self._gap:
                trouble, self._gap = Trouble.GAP, None
            if self._seam is not None and place > self._seam:
                trouble, self._seam = Trouble.SEAM, None
            if self._bad is not None and (missing or place > self._bad):
                trouble = Trouble.LOST
                self._bad = self._bad if place < self._bad else None
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
    end = StatedEnd(stream)
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
    end = StatedEnd(stream)
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
    # All streams: one whose sound goes on while its pictures do not would never give control back.
    demuxed = container.demux()
    decoder = Decoder(stream)
    packet_count = 0
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        try:
            packet = next_packet(demuxed)
        except BlockingIOError:  # The camera has no new picture yet.
            time.sleep(_CAMERA_PAUSE_SECONDS)
            demuxed = container.demux()
            continue
        except av.FFmpegError as error:
            return reason(error)
        if packet is None:
            return StatedEnd(stream).missing(container, packet_count)
        if packet.stream.index != stream.index:
            continue
        packet_count += bool(packet.size)
        frames = decoder.decode(packet)
        yield from frames
        if frames:
            deadline = time.monotonic() + timeout_seconds
    return no_picture(timeout_seconds)


def no_picture(seconds: float) -> str:
    """Why a live stream ended that went on without pictures.

    Args:
        seconds: for which it was waited.

    Returns:
        One phrase.
    """
    return f"no picture in {seconds:g} seconds"


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
