"""A description as notebooks show it: the people with their captions, and when each of them is there."""

from html import escape

import numpy as np

from smot_vlm.structures.described import Described
from smot_vlm.structures.records import Trajectory, VideoInfo

# A person who is missed for so long is still there, and for two of the usual steps between boxes.
_HOLD_SECONDS = 1.0
_WIDTH, _HEIGHT = 1000, 24
# Neighbours of the colour circle are far apart.
_GOLDEN_ANGLE = 137.5


def html_of(description: Described, caption: str) -> str:
    """A table with a line for each person; no script, and texts are escaped.

    Args:
        description: any.
        caption: of the video.

    Returns:
        HTML.
    """
    video = description.video
    last = max((int(track.frames[-1]) for track in description.tracks if len(track)), default=0)
    end = _place(video, max(last + 1, video.times[-1][0] + 1 if video.times else video.frames))
    rows = "".join(
        f"<tr><td>{track.id}</td><td>{_bars(track, video, end)}</td><td>{escape(track.caption)}</td></tr>"
        for track in description.tracks
    )
    unit = "s" if video.seconds(0) is not None else "frames"
    head = f"<tr><th>person</th><th>0 to {end:.4g} {unit}</th><th>caption</th></tr>"
    return f"<p>{escape(caption)}</p><table>{head}{rows}</table>"


def _bars(track: Trajectory, video: VideoInfo, end: float) -> str:
    """When a person is there, as an SVG."""
    fill = f"hsl({track.id * _GOLDEN_ANGLE % 360:.0f} 60% 45%)"
    bars = "".join(
        f'<rect x="{_WIDTH * start / end:.0f}" y="2" width="{max(4, _WIDTH * (stop - start) / end):.0f}" '
        f'height="{_HEIGHT - 4}" fill="{fill}"/>'
        for start, stop in _stretches(track, video)
    )
    return (
        f'<svg width="240" height="12" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#8882"/>{bars}</svg>'
    )


def _stretches(track: Trajectory, video: VideoInfo) -> list[tuple[float, float]]:
    """From the first to behind the last frame of each stretch in which a person is there."""
    if not len(track):
        return []
    steps = np.diff(track.frames)
    hold = max(_HOLD_SECONDS * video.fps, 2 * float(np.median(steps)) if len(steps) else 0.0)
    parts = np.split(track.frames, np.flatnonzero(steps > hold) + 1)
    return [(_place(video, int(part[0])), _place(video, int(part[-1]) + 1)) for part in parts]


def _place(video: VideoInfo, frame: int) -> float:
    """Seconds, or frames where no time is known."""
    seconds = video.seconds(frame)
    return float(frame) if seconds is None else seconds
