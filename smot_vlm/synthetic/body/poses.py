"""The table of postures by name, and steps laid over them."""

from math import cos, sin

from smot_vlm.synthetic.body import duet_poses, solo_poses
from smot_vlm.synthetic.body.rhythm import PoseFunction
from smot_vlm.synthetic.body.skeleton import Pose

POSES: dict[str, PoseFunction] = {
    "stand": solo_poses.stand,
    "attentive": solo_poses.attentive,
    "sit": solo_poses.sit,
    "jump": solo_poses.jump,
    "wave": solo_poses.wave,
    "clap": solo_poses.clap,
    "bow": solo_poses.bow,
    "crouch": solo_poses.crouch,
    "stretch": solo_poses.stretch,
    "raise_arms": solo_poses.raise_arms,
    "squat": solo_poses.squat,
    "look_around": solo_poses.look_around,
    "phone": solo_poses.phone,
    "carry": solo_poses.carry,
    "kick": solo_poses.kick,
    "dance": solo_poses.dance,
    "fall": solo_poses.fall,
    "turn_around": solo_poses.turn_around,
    "drink": solo_poses.drink,
    "jumping_jacks": solo_poses.jumping_jacks,
    "punch": solo_poses.punch,
    "read": solo_poses.read,
    "push": duet_poses.push,
    "pushed": duet_poses.pushed,
    "pull": duet_poses.pull,
    "pulled": duet_poses.pulled,
    "struck": duet_poses.struck,
    "hit": duet_poses.hit,
    "talk": duet_poses.talk,
    "listen": duet_poses.listen,
    "quarrel": duet_poses.quarrel,
    "hug": duet_poses.hug,
    "handshake": duet_poses.handshake,
    "dance_pair": duet_poses.dance_pair,
    "fight": duet_poses.fight,
    "point": duet_poses.point,
    "beckon": duet_poses.beckon,
    "salute": duet_poses.salute,
    "applaud": duet_poses.applaud,
    "thanks": duet_poses.thanks,
    "tap": duet_poses.tap,
    "photograph": duet_poses.photograph,
    "model": duet_poses.model,
    "help_up": duet_poses.help_up,
    "get_up": duet_poses.get_up,
    "lift": duet_poses.lift,
    "lifted": duet_poses.lifted,
    "kneel": duet_poses.kneel,
    "look_down": duet_poses.look_down,
    "interview": duet_poses.interview,
    "massage": duet_poses.massage,
    "throw": duet_poses.throw,
    "catch": duet_poses.catch,
    "give": duet_poses.give,
    "receive": duet_poses.receive,
    "reach_forward": duet_poses.reach_forward,
    "flee": duet_poses.flee,
}

# Postures in which the arms hang free and swing with the steps.
FREE_ARMS = frozenset({"stand", "attentive"})


def stride(pose: Pose, phase: float, running: bool, backwards: bool, free_arms: bool) -> Pose:
    """`pose` with legs (and free arms) in step. phase: radians of the step cycle, one cycle two steps."""
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
