"""The table of postures by name, and steps laid over them."""

from math import cos, sin

from smot_vlm.synthetic.body import duet_poses, solo_poses
from smot_vlm.synthetic.body.rhythm import PoseFunction
from smot_vlm.synthetic.body.skeleton import Pose

# Every public function of these two modules is a posture.
POSES: dict[str, PoseFunction] = {
    name: function
    for module in (solo_poses, duet_poses)
    for name, function in vars(module).items()
    if getattr(function, "__module__", "") == module.__name__ and not name.startswith("_")
}

# Postures in which the arms hang free and swing with the steps.
FREE_ARMS = frozenset({"stand", "attentive"})


def stride(pose: Pose, phase: float, running: bool, backwards: bool, free_arms: bool) -> Pose:
    """A posture with legs (and free arms) in step.

    Args:
        pose: without steps.
        phase: radians of the step cycle, one cycle two steps.
        running: longer, higher steps.
        backwards: against the heading.
        free_arms: whether the arms swing.

    Returns:
        The posture in step.
    """
    phase = -phase if backwards else phase
    amplitude, bend, base = (0.85, 1.25, 0.45) if running else (0.50, 0.85, 0.08)
    swing = sin(phase)
    changed = pose._replace(
        hip_left=amplitude * swing,
        hip_right=-amplitude * swing,
        knee_left=base + bend * max(cos(phase), 0.0),
        knee_right=base + bend * max(-cos(phase), 0.0),
        spread=0.03,
        lift=pose.lift + (0.07 * abs(cos(phase)) if running else 0.0),
        lean=pose.lean + (0.20 if running and free_arms else 0.04),
    )
    if not free_arms:
        return changed
    if running:
        return changed._replace(left=(0.05, -0.50, 0.25 - 0.55 * swing), right=(0.05, -0.50, 0.25 + 0.55 * swing))
    return changed._replace(left=(0.08, -0.90, 0.02 - 0.42 * swing), right=(0.08, -0.90, 0.02 + 0.42 * swing))
