"""Tools for postures over time: rhythms, easing, mirrored postures.

A posture in time is a function of the seconds since the gesture began, its length in seconds, and the person's own
factor on the speed of repeated movements. Repeat rates avoid multiples of 1 Hz so that two samples a second see
different phases.
"""

from collections.abc import Callable
from math import cos, pi, sin

from smot_vlm.synthetic.body.skeleton import Pose
from smot_vlm.synthetic.body.vectors import Vector

PoseFunction = Callable[[float, float, float], Pose]

DOWN: Vector = (0.10, -0.97, 0.03)
ON_HIP: Vector = (0.28, -0.58, 0.05)
GUARD: Vector = (-0.10, -0.12, 0.42)


def sine(time: float, rate: float) -> float:
    """A sine wave that starts at 0.

    Args:
        time: seconds.
        rate: cycles a second.

    Returns:
        -1 to 1.
    """
    return sin(2 * pi * rate * time)


def pulse(time: float, rate: float) -> float:
    """A wave that rises from 0 and falls back.

    Args:
        time: seconds.
        rate: cycles a second.

    Returns:
        0 to 1.
    """
    return 0.5 - 0.5 * cos(2 * pi * rate * time)


def ease(value: float) -> float:
    """A smooth step.

    Args:
        value: any.

    Returns:
        0 below 0, 1 above 1, smooth between.
    """
    value = min(max(value, 0.0), 1.0)
    return value * value * (3 - 2 * value)


def mirrored(pose: Pose) -> Pose:
    """The same posture with left and right exchanged.

    Args:
        pose: any.

    Returns:
        Its reflection.
    """
    return pose._replace(
        side=-pose.side,
        turn=-pose.turn,
        head_yaw=-pose.head_yaw,
        hip_left=pose.hip_right,
        hip_right=pose.hip_left,
        knee_left=pose.knee_right,
        knee_right=pose.knee_left,
        left=pose.right,
        right=pose.left,
    )
