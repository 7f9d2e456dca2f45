"""Tools for postures over time: rhythms, easing, mirrored postures."""

from collections.abc import Callable
from math import cos, pi, sin

from smot_vlm.synthetic.body.skeleton import Pose
from smot_vlm.synthetic.body.vectors import Vector

PoseFunction = Callable[[float, float, float], Pose]

DOWN: Vector = (0.10, -0.97, 0.03)
ON_HIP: Vector = (0.28, -0.58, 0.05)
GUARD: Vector = (-0.10, -0.12, 0.42)


def sine(time: float, rate: float) -> float:
    """A sine of `rate` cycles a second."""
    return sin(2 * pi * rate * time)


def pulse(time: float, rate: float) -> float:
    """0 to 1 and back, `rate` times a second, starting from 0."""
    return 0.5 - 0.5 * cos(2 * pi * rate * time)


def ease(value: float) -> float:
    """0 below 0, 1 above 1, smooth between."""
    value = min(max(value, 0.0), 1.0)
    return value * value * (3 - 2 * value)


def mirrored(pose: Pose) -> Pose:
    """The same posture with left and right exchanged."""
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
