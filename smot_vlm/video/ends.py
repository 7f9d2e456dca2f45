"""Whether a file holds all that it states: frames that are promised, seconds that are promised."""

import math

from av.container import InputContainer
from av.video.stream import VideoStream

from smot_vlm.video.packets import Packet

# A container's count of frames may be off by this many without being called damaged.
MISSING_FRAMES_ALLOWED = 2
# Matroska states only a duration, and the last frame's own may be missing in it.
MISSING_SECONDS_ALLOWED = 1.0


class StatedEnd:
    """Compares how far the packets reach with what the container states.

    Args:
        stream: whose packets come.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._time_base = float(stream.time_base or 0)
        self._latest = -math.inf

    def see(self, packet: Packet) -> None:
        """Note how far a packet reaches.

        Args:
            packet: the next one.
        """
        if packet.pts is not None:
            self._latest = max(self._latest, packet.pts + (packet.duration or 0))

    def missing(self, container: InputContainer, packet_count: int) -> str | None:
        """How much of what the container promises did not come.

        MP4 and AVI promise a number of frames, of which an edit list may leave out some (the index then holds fewer);
        Matroska promises each stream's duration in a tag.

        Args:
            container: of the stream.
            packet_count: packets with content that came.

        Returns:
            One phrase, or None where nothing is missing.
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
