"""What the report's script reads: the description as JSON, with boxes packed into few bytes."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from smot_vlm.output.crops import Moment
from smot_vlm.output.palette import COLOURS, colour_index, css, ink_on
from smot_vlm.output.text import plain_verb
from smot_vlm.output.timeline import Timeline, frame_seconds
from smot_vlm.structures import Description, Interaction, Trajectory
from smot_vlm.system.printing import printable

# A box side is stored as this many parts of the picture's side.
BOX_UNITS = 16384
# Of longer videos with more boxes each n-th one is kept, and the page draws what lies between.
MOST_BOXES = 300_000


def page_data(
    description: Description, timeline: Timeline, length_seconds: float, moments: dict[int, list[Moment]]
) -> dict[str, Any]:
    """The description for the script.

    Args:
        description: of the video.
        timeline: of the same.
        length_seconds: of the video.
        moments: small pictures, by track id.

    Returns:
        Of JSON's kinds only.
    """
    video = description.video
    total = sum(len(track) for track in description.tracks)
    stride = max(1, -(-total // MOST_BOXES))
    return {
        "width": video.width,
        "height": video.height,
        "length": round(length_seconds, 3),
        "timed": bool(video.times) or video.fps > 0,
        "hold": round(timeline.hold_seconds, 3),
        "stride": stride,
        "boxUnits": BOX_UNITS,
        "palette": [[css(colour), css(ink_on(colour))] for colour in COLOURS],
        "cuts": [round(float(seconds), 3) for seconds in video.cuts],
        "damage": [[round(start, 3), round(end, 3)] for start, end in video.damage],
        "people": [
            _person(track, description, timeline, stride, moments.get(track.id, [])) for track in description.tracks
        ],
        "interactions": [_interaction(edge) for edge in description.interactions],
    }


def as_script_data(content: dict[str, Any]) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or begins another.

    Args:
        content: of JSON's kinds.

    Returns:
        The text, ASCII only.
    """
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def as_data_uri(jpeg: bytes) -> str:
    """The address of a picture that is part of the page.

    Args:
        jpeg: the file.
    """
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _person(
    track: Trajectory, description: Description, timeline: Timeline, stride: int, moments: Sequence[Moment]
) -> dict[str, Any]:
    video = description.video
    segments = timeline.segments(track)
    seconds = frame_seconds(video, track.frames)
    rows = _kept_rows(track, segments, stride)
    sides = np.array([max(video.width, 1), max(video.height, 1)] * 2)
    shares = np.nan_to_num(track.boxes[rows] / sides * BOX_UNITS, posinf=2**15, neginf=-(2**15))
    spans = frame_seconds(video, np.array(segments, dtype=float).reshape(-1, 2).ravel()).reshape(-1, 2)
    return {
        "id": track.id,
        "colour": colour_index(track.id),
        "caption": printable(track.caption.strip()),
        "words": track.words,
        "spans": spans.round(3).tolist(),
        "attributes": [[printable(entry.name), printable(entry.value)] for entry in track.attributes],
        "segments": [
            {
                "text": printable(one.text),
                "from": round(one.from_seconds, 3),
                "to": round(one.to_seconds, 3),
                "partner": one.partner,
            }
            for one in track.segments
        ],
        "times": _packed(seconds[rows], "<f4"),
        "boxes": _packed(np.clip(shares.round(), -(2**15), 2**15 - 1), "<i2"),
        "moments": [
            [round(float(time), 3), as_data_uri(moment.jpeg)]
            for moment, time in zip(
                moments, frame_seconds(video, np.array([one.frame_index for one in moments])), strict=True
            )
        ],
    }


def _kept_rows(track: Trajectory, segments: Sequence[tuple[int, int]], stride: int) -> np.ndarray:
    """Each n-th box, and the first and the last of each part of the video in which the person is there."""
    if stride == 1 or not segments:
        return np.arange(len(track))
    ends = np.searchsorted(track.frames, np.array(segments).ravel())
    return np.union1d(np.arange(0, len(track), stride), ends)


def _packed(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode("ascii")


def _interaction(edge: Interaction) -> dict[str, Any]:
    return {
        "subject": edge.subject,
        "object": edge.object,
        "verb": printable(edge.verb),
        "word": printable(plain_verb(edge.verb)),
        "score": round(float(edge.score), 4) if np.isfinite(edge.score) else 0.0,
        "spans": [[round(one.from_seconds, 3), round(one.to_seconds, 3)] for one in edge.spans],
    }
