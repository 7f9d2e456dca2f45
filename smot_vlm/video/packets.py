"""The packets of one video stream: the first ones read ahead, errors of the demuxer passed over."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import av
from av.container import InputContainer
from av.video.stream import VideoStream

# Generic in the types that PyAV ships, and a plain class at run time.
if TYPE_CHECKING:
    Packet: TypeAlias = av.Packet[Any]
else:
    Packet = av.Packet

NO_ANSWER = "no answer in time"
CUT_PICTURE = "the last picture is cut short"
_AHEAD_PACKETS = 120
_AHEAD_BYTES = 8_000_000
# A demuxer that fails so often without a packet in between does not find its way back.
_ERRORS_ALLOWED = 50


def reason(error: Exception) -> str:
    """What FFmpeg says of an error, without the file's name (an address may hold a password).

    Args:
        error: of PyAV.

    Returns:
        One phrase.
    """
    if isinstance(error, av.error.ExitError):
        return NO_ANSWER
    return getattr(error, "strerror", None) or type(error).__name__


def next_packet(demuxed: Iterator[Packet]) -> Packet | None:
    """The next packet of a demuxer, or None at its end.

    Args:
        demuxed: of InputContainer.demux.

    Returns:
        The packet.

    Raises:
        av.FFmpegError: as the demuxer says.
    """
    try:
        return next(demuxed, None)
    except IndexError:  # PyAV at the end of a file in which damage made streams that were not there at first.
        return None


class Packets:
    """The packets of `stream`, in the container's order.

    Attributes:
        ahead: the first packets, as far as they were read ahead.
        count: packets with content that have come.
        failed: whether the demuxer failed since this was last set to false.
        end_reason: after the last packet, why they ended too early.

    Args:
        container: opened for reading.
        stream: one of its video streams.
        read_ahead: read some packets at once, to learn from their timestamps.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, read_ahead: bool) -> None:
        self._container = container
        self._stream = stream
        self._demuxed = container.demux(stream)
        self._ahead_error: av.FFmpegError | None = None
        self.ahead: deque[Packet] = deque()
        self.count = 0
        self.failed = False
        self.end_reason: str | None = None
        if read_ahead:
            self._read_ahead()

    def __iter__(self) -> Iterator[Packet]:
        """Every packet with content, past any error.

        A packet that is cut by the end of the file is left out: what is missing would have to be invented.
        """
        # Only a transport stream flags packets for what lies around them.
        may_be_cut = "mpegts" not in self._container.format.name
        held: Packet | None = None
        errors = 0
        raw = self.raw()
        while True:
            try:
                packet = next(raw, None)
            except av.FFmpegError as error:
                self.failed = True
                errors += 1
                self.end_reason = reason(error)
                if errors > _ERRORS_ALLOWED or not isinstance(error, av.error.InvalidDataError):
                    break
                self._demuxed = self._container.demux(self._stream)
                raw = self.raw()
                continue
            if packet is None:
                break
            if not packet.size:
                continue
            errors, self.end_reason = 0, None
            if held is not None:
                yield held
            held = packet if may_be_cut and packet.is_corrupt else None
            if held is None:
                yield packet
        if held is not None:
            self.end_reason = self.end_reason or CUT_PICTURE

    def raw(self) -> Iterator[Packet]:
        """The packets as the demuxer gives them, with the empty one that flushes the decoder; errors are raised."""
        while self.ahead:
            first = self.ahead.popleft()
            self.count += bool(first.size)
            yield first
        if self._ahead_error is not None:
            error, self._ahead_error = self._ahead_error, None
            raise error
        while (packet := next_packet(self._demuxed)) is not None:
            self.count += bool(packet.size)
            yield packet

    def _read_ahead(self) -> None:
        size = 0
        try:
            while (packet := next_packet(self._demuxed)) is not None:
                self.ahead.append(packet)
                size += packet.size
                if len(self.ahead) >= _AHEAD_PACKETS or size >= _AHEAD_BYTES:
                    return
        except av.FFmpegError as error:
            self._ahead_error = error
