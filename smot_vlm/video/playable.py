"""Whether a web browser plays a video file as it is."""

from dataclasses import dataclass
from pathlib import Path

import av

# What all current browsers play: the names of a container's format -> its type, and the codecs inside.
_TYPES = {"mp4": "video/mp4", "webm": "video/webm"}
_CODECS = {"video/mp4": ("h264", "av1", "vp9"), "video/webm": ("vp8", "vp9", "av1")}
_PIXELS = ("yuv420p", "yuvj420p")


@dataclass(frozen=True)
class Playable:
    """A file that browsers play.

    Attributes:
        type: such as video/mp4.
        start_seconds: when its first picture is shown; sound may begin earlier.
        sides: of a picture in pixels, the shorter one first, whichever way it is turned.
    """

    type: str
    start_seconds: float
    sides: tuple[int, int]


def playable(path: Path) -> Playable | None:
    """Look whether browsers play a file.

    Args:
        path: of a file.

    Returns:
        None where they do not, or it is no video.
    """
    try:
        with av.open(f"file:{path}") as container:
            kind = next((_TYPES[name] for name in container.format.name.split(",") if name in _TYPES), None)
            stream = next(iter(container.streams.video), None)
            # Matroska goes by the same name; browsers play it by chance.
            if kind is None or stream is None or (kind == "video/webm" and path.suffix.lower() != ".webm"):
                return None
            context = stream.codec_context
            if context.codec.canonical_name not in _CODECS[kind] or context.pix_fmt not in _PIXELS:
                return None
            start = float((stream.start_time or 0) * (stream.time_base or 0)) - (container.start_time or 0) / 1e6
            sides = sorted((context.width, context.height))
            return Playable(kind, max(start, 0.0), (sides[0], sides[1]))
    except (av.FFmpegError, OSError, ValueError):
        return None
