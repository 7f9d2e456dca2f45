"""Postures of what two people do with each other: one PoseFunction of (time, duration, tempo) for each one's part."""

from smot_vlm.synthetic.body.rhythm import DOWN, GUARD, ON_HIP, ease, pulse, sine
from smot_vlm.synthetic.body.skeleton import Pose
from smot_vlm.synthetic.body.solo_poses import punch
from smot_vlm.synthetic.body.vectors import add, mix


def push(_time: float, _duration: float, _tempo: float) -> Pose:
    """Leans forward with both hands out."""
    hands = (-0.1, 0.0, 0.95)
    return Pose(lean=0.40, left=hands, right=hands, hip_left=0.35, hip_right=-0.35, knee_right=0.1, knee_left=0.5)


def pushed(time: float, _duration: float, tempo: float) -> Pose:
    """Leans back with flailing arms."""
    flail = sine(time, 0.9 * tempo)
    return Pose(
        lean=-0.28, left=(0.75, 0.25 + 0.25 * flail, 0.2), right=(0.75, 0.25 - 0.25 * flail, 0.2), head_pitch=-0.2
    )


def pull(_time: float, _duration: float, _tempo: float) -> Pose:
    """Leans back with both hands out."""
    hands = (-0.15, -0.12, 0.9)
    return Pose(lean=-0.38, left=hands, right=hands, knee_left=0.35, hip_left=0.4, hip_right=0.1)


def pulled(_time: float, _duration: float, _tempo: float) -> Pose:
    """Leans forward, dragged by the right hand."""
    return Pose(lean=0.42, right=(-0.1, 0.15, 0.95), left=(0.4, -0.6, -0.4), head_pitch=-0.2)


def struck(time: float, _duration: float, _tempo: float) -> Pose:
    """Recoils behind both arms."""
    recoil = pulse(time - 0.25, 0.71)
    shield = (-0.10, 0.05, 0.45)
    return Pose(
        lean=-0.08 - 0.40 * recoil,
        side=0.15 * recoil,
        head_pitch=-0.3 * recoil,
        hip_right=-0.25 * recoil,
        left=shield,
        right=shield,
    )


def hit(time: float, _duration: float, _tempo: float) -> Pose:
    """Strikes with the right fist."""
    swing = pulse(time, 0.71)
    return Pose(
        lean=0.05 + 0.25 * swing,
        hip_left=0.3,
        hip_right=-0.3,
        knee_left=0.35,
        left=GUARD,
        right=(0.25 * (1 - swing) - 0.15, 0.25, -0.35 + 1.3 * swing),
    )


def talk(time: float, _duration: float, tempo: float) -> Pose:
    """Gestures with both hands."""
    a, b = sine(time, 0.53 * tempo), sine(time, 0.37 * tempo)
    return Pose(
        right=(0.10, -0.28 + 0.16 * a, 0.52),
        left=(0.05, -0.60 + 0.20 * max(b, 0.0), 0.30),
        head_pitch=0.10 * a,
        lean=0.04,
    )


def listen(time: float, _duration: float, _tempo: float) -> Pose:
    """Nods with folded arms."""
    nod = 0.22 * pulse(time, 0.61)
    return Pose(left=(-0.15, -0.55, 0.35), right=(-0.15, -0.50, 0.38), head_pitch=nod)


def quarrel(time: float, _duration: float, tempo: float) -> Pose:
    """Leans forward and shakes the raised right arm."""
    shake = sine(time, 1.37 * tempo)
    return Pose(lean=0.26, right=(-0.05, 0.42 + 0.28 * shake, 0.70), left=ON_HIP, head_pitch=-0.1, hip_left=0.25)


def hug(time: float, _duration: float, _tempo: float) -> Pose:
    """Holds both arms around somebody."""
    hands = (-0.1, -0.1, 0.7)
    return Pose(lean=0.10, left=hands, right=hands, side=0.03 * sine(time, 0.4), head_yaw=0.2)


def handshake(_time: float, _duration: float, _tempo: float) -> Pose:
    """Holds out the right hand."""
    return Pose(right=(-0.15, -0.4, 0.8), lean=0.08)


def dance_pair(time: float, _duration: float, _tempo: float) -> Pose:
    """Sways and steps with both hands out."""
    beat = sine(time, 0.57)
    return Pose(
        side=0.16 * beat,
        lift=0.03 * abs(beat),
        knee_left=0.5 * max(beat, 0.0),
        hip_left=0.35 * max(beat, 0.0),
        knee_right=0.5 * max(-beat, 0.0),
        hip_right=0.35 * max(-beat, 0.0),
        left=(0.3, 0.1, 0.7),
        right=(0.3, 0.1, 0.7),
    )


def fight(time: float, duration: float, tempo: float) -> Pose:
    """Throws punches, faster and higher than alone."""
    pose = punch(time, duration, 1.2 * tempo)
    lift_fists = (0.0, 0.22, 0.0)
    return pose._replace(
        lean=0.16 + 0.14 * sine(time, 0.83),
        side=0.14 * sine(time, 0.47),
        left=add(pose.left, lift_fists),
        right=add(pose.right, lift_fists),
    )


def point(time: float, _duration: float, _tempo: float) -> Pose:
    """Points with the right arm, the left hand on the hip."""
    return Pose(right=(-0.05, 0.06 + 0.04 * sine(time, 0.6), 0.98), left=ON_HIP)


def beckon(time: float, _duration: float, tempo: float) -> Pose:
    """Waves the right hand above the head."""
    swing = sine(time, 1.3 * tempo)
    return Pose(right=(0.34 + 0.34 * swing, 0.92, 0.12), lean=0.06)


def salute(_time: float, _duration: float, _tempo: float) -> Pose:
    """Holds the right hand to the temple."""
    return Pose(right=(0.08, 0.44, 0.20), left=(0.03, -0.98, 0.0))


def applaud(time: float, _duration: float, tempo: float) -> Pose:
    """Claps both hands towards somebody."""
    apart = pulse(time, 1.7 * tempo)
    hand = (-0.33 + 0.50 * apart, 0.12, 0.66)
    return Pose(left=hand, right=hand, lean=0.08)


def thanks(time: float, _duration: float, _tempo: float) -> Pose:
    """Takes applause: arms opened wide, small bows."""
    return Pose(left=(0.85, 0.10, 0.3), right=(0.85, 0.10, 0.3), lean=0.40 * pulse(time, 0.41))


def tap(_time: float, _duration: float, _tempo: float) -> Pose:
    """Reaches out with the right hand."""
    return Pose(right=(-0.1, 0.1, 0.9), lean=0.08)


def photograph(_time: float, _duration: float, _tempo: float) -> Pose:
    """Holds a camera to the eye."""
    hand = (-0.18, 0.30, 0.50)
    return Pose(left=hand, right=hand, lean=0.10, knee_left=0.25, knee_right=0.25, hip_left=0.15, hip_right=0.15)


def model(time: float, _duration: float, _tempo: float) -> Pose:
    """Poses, one hand on the hip and one in the air."""
    change = sine(time, 0.19)
    return Pose(
        side=0.20 * change, left=ON_HIP, right=(0.55, 0.75, 0.0), hip_left=0.25, knee_left=0.35, head_yaw=0.2 * change
    )


def help_up(time: float, duration: float, _tempo: float) -> Pose:
    """Bends down and straightens up with the right hand out."""
    low = 1 - ease((time - 0.55 * duration) / (0.3 * duration))
    return Pose(lean=0.85 * low, right=(-0.1, -0.4, 0.8), hip_left=0.35, knee_left=0.45, hip_right=-0.2, knee_right=0.1)


def get_up(time: float, duration: float, _tempo: float) -> Pose:
    """Sits on the ground and gets up."""
    low = 1 - ease((time - 0.55 * duration) / (0.3 * duration))
    return Pose(
        tilt=0.95 * low,
        lean=0.75 * low,
        hip_left=0.95 * low,
        knee_left=1.15 * low,
        hip_right=0.75 * low,
        knee_right=0.95 * low,
        right=(-0.1, -0.1, 0.9),
        left=(0.3, -0.8, -0.3),
    )


def lift(time: float, duration: float, _tempo: float) -> Pose:
    """Lifts something up with both hands."""
    up = _lift_height(time, duration)
    hands = (-0.12, -0.35 + 0.75 * up, 0.75 - 0.2 * up)
    return Pose(left=hands, right=hands, lean=0.25 - 0.35 * up, spread=0.16)


def lifted(time: float, duration: float, _tempo: float) -> Pose:
    """Is held up in the air, arms out and legs kicking."""
    kick_ = sine(time, 0.8)
    up = _lift_height(time, duration)
    return Pose(
        lift=0.85 * up,
        left=(0.75, 0.35 * up, 0.2),
        right=(0.75, 0.35 * up, 0.2),
        hip_left=0.35 * kick_ * up,
        hip_right=-0.35 * kick_ * up,
        knee_left=0.6 * up,
        knee_right=0.6 * up,
    )


def _lift_height(time: float, duration: float) -> float:
    """0 on the ground, 1 held up."""
    return ease((time - 0.15 * duration) / 1.0) * ease((duration - 0.25 - time) / 0.9)


def kneel(time: float, duration: float, _tempo: float) -> Pose:
    """Goes down on the right knee."""
    down = ease((time - 0.2) / 0.7) * ease((duration - time) / 0.6)
    hands = mix(DOWN, (-0.15, -0.15, 0.6), down)
    return Pose(
        hip_left=1.45 * down,
        knee_left=1.45 * down,
        hip_right=0.05 * down,
        knee_right=1.55 * down,
        left=hands,
        right=hands,
        head_pitch=-0.3 * down,
    )


def look_down(_time: float, _duration: float, _tempo: float) -> Pose:
    """Looks down with clasped hands."""
    hands = (-0.12, -0.15, 0.35)
    return Pose(head_pitch=0.35, left=hands, right=hands, lean=0.03)


def interview(time: float, _duration: float, _tempo: float) -> Pose:
    """Holds out a microphone and nods."""
    return Pose(right=(-0.12, 0.12, 0.95), left=(0.0, -0.6, 0.25), head_pitch=0.12 * pulse(time, 0.6), lean=0.05)


def massage(time: float, _duration: float, _tempo: float) -> Pose:
    """Kneads with both hands."""
    knead = 0.05 * sine(time, 1.1)
    return Pose(lean=0.30, left=(-0.1, -0.3 + knead, 0.75), right=(-0.1, -0.3 - knead, 0.75), head_pitch=0.2)


def throw(time: float, duration: float, _tempo: float) -> Pose:
    """Holds the ball low, swings it back over the head, throws forward at `THROW_AT` of the time."""
    share = time / duration
    wind, release = ease((share - 0.12) / 0.18), ease((share - 0.34) / 0.06)
    low, back, out = (-0.12, -0.40, 0.55), (0.15, 0.80, -0.45), (-0.05, 0.35, 0.92)
    return Pose(
        right=mix(mix(low, back, wind), mix(low, out, wind), release),
        left=(0.3, -0.3, 0.5),
        lean=-0.2 * wind + 0.45 * release,
        hip_left=0.3,
        hip_right=-0.25,
    )


THROW_AT, CATCH_AT = 0.38, 0.62


def catch(time: float, duration: float, _tempo: float) -> Pose:
    """Reaches out with both hands and draws in what is caught at `CATCH_AT` of the time."""
    share = time / duration
    hand = mix((-0.10, 0.05, 0.75), (-0.22, -0.30, 0.45), ease((share - CATCH_AT) / 0.08))
    return Pose(left=hand, right=hand, knee_left=0.2, knee_right=0.2, hip_left=0.12, hip_right=0.12)


HAND_OVER_AT = 0.55


def give(time: float, duration: float, _tempo: float) -> Pose:
    """Holds something out with both hands and lets go."""
    out = ease((time / duration - 0.25) / 0.2) * (1 - ease((time / duration - 0.72) / 0.15))
    after = ease((time / duration - 0.72) / 0.15)
    hands = (-0.02, -0.42 + 0.24 * out - 0.5 * after, 0.45 + 0.48 * out - 0.4 * after)
    return Pose(left=hands, right=hands, lean=0.15 * out)


def receive(time: float, duration: float, _tempo: float) -> Pose:
    """Reaches out with both hands and takes something at `HAND_OVER_AT` of the time."""
    reach = ease((time / duration - 0.30) / 0.15)
    back = ease((time / duration - HAND_OVER_AT - 0.08) / 0.15)
    hands = (-0.02, -0.85 + 0.62 * reach - 0.20 * back, 0.10 + 0.80 * reach - 0.42 * back)
    return Pose(left=hands, right=hands, lean=0.12 * reach * (1 - back))


def reach_forward(time: float, _duration: float, _tempo: float) -> Pose:
    """Runs after somebody with both arms stretched out."""
    hands = (-0.05, 0.05 + 0.1 * sine(time, 1.1), 0.9)
    return Pose(lean=0.22, left=hands, right=hands)


def flee(time: float, _duration: float, _tempo: float) -> Pose:
    """Runs with both arms thrown up, looking back at times."""
    return Pose(lean=0.15, left=(0.35, 0.75, 0.2), right=(0.35, 0.75, 0.2), head_yaw=0.5 * sine(time, 0.4))
