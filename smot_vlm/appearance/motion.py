"""How a person moves across the picture, from boxes alone."""

from dataclasses import dataclass

import numpy as np

# In heights of the person a second; walking people make about 0.8 across the picture (1.4 m/s at 1.7 m).
MOVING, STILL = 0.25, 0.08
# Who is that many heights further on in the end has walked there, however slowly.
FAR = 0.6
# Shortest time in seconds from which motion is told: four looks a quarter of a second apart.
SHORTEST = 0.7
# Growth of the box a second, as a ratio, from which somebody comes closer or goes away.
CLOSER = 1.25


@dataclass(frozen=True)
class Motion:
    """How a person moves.

    Attributes:
        state: "moves", "stays", or "" where neither is sure.
        direction: "to the left", "to the right", "towards the camera", "away from the camera" or "".
        speed: heights of the person a second.
    """

    state: str = ""
    direction: str = ""
    speed: float = 0.0


def motion_of(times: np.ndarray, boxes: np.ndarray) -> Motion:
    """The motion of one track.

    Args:
        times: (n,) seconds, ascending.
        boxes: (n, 4) xyxy in pixels, of the same looks.

    Returns:
        The motion; nothing is said of tracks that are too short.
    """
    if len(times) < 3 or times[-1] - times[0] < SHORTEST:
        return Motion()
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    # Feet hold still better than centres: arms and bags widen a box.
    middle = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)
    span = times[-1] - times[0]
    across = slope(times, middle[:, 0]) / max(height, 1.0)
    growth = float(np.exp(slope(times, np.log(np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)))))
    travelled = np.abs(np.diff(middle[:, 0])).sum() / span / max(height, 1.0)
    if abs(across) >= MOVING or (abs(across) >= STILL and abs(across) * span >= FAR):
        return Motion("moves", "to the right" if across > 0 else "to the left", abs(across))
    if growth >= CLOSER or growth <= 1 / CLOSER:
        return Motion("moves", "towards the camera" if growth > 1 else "away from the camera", abs(growth - 1))
    return Motion("stays", "", float(travelled)) if abs(across) < STILL else Motion("", "", float(travelled))


def slope(times: np.ndarray, values: np.ndarray) -> float:
    """The slope of the line of least squares.

    Args:
        times: (n,) seconds.
        values: (n,) at these times.

    Returns:
        Change of the values a second; 0 for a single time.
    """
    centred = times - times.mean()
    return float((centred * (values - values.mean())).sum() / max((centred**2).sum(), 1e-9))
