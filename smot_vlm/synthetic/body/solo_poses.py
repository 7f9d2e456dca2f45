"""Postures of what people do alone, each as a PoseFunction of (time, duration, tempo); see `rhythm`."""

from math import cos, pi, sin

from smot_vlm.synthetic.body.rhythm import GUARD, ON_HIP, ease, pulse, sine
from smot_vlm.synthetic.body.skeleton import Pose
from smot_vlm.synthetic.body.vectors import mix


def stand(time: float, _duration: float, tempo: float) -> Pose:
    """Stands and sways a little."""
    sway = 0.015 * sine(time, 0.23 * tempo)
    return Pose(side=sway, head_yaw=0.12 * sine(time, 0.11), lean=0.01)


def attentive(time: float, _duration: float, _tempo: float) -> Pose:
    """Stands with one hand on the hip: what people do to whom something happens."""
    return Pose(side=0.02 * sine(time, 0.21), left=ON_HIP, head_yaw=0.05 * sine(time, 0.3))


def sit(time: float, _duration: float, _tempo: float) -> Pose:
    """Goes down and sits, hands on the thighs."""
    down = ease(time / 0.7)
    hands = (0.0, -0.62, 0.50)
    return Pose(
        lean=0.05 + 0.3 * down * (1 - down) * 4 * 0.5,
        hip_left=1.48 * down,
        hip_right=1.48 * down,
        knee_left=1.48 * down,
        knee_right=1.48 * down,
        spread=0.14,
        left=hands,
        right=hands,
        head_yaw=0.15 * sine(time, 0.2),
    )


def jump(time: float, _duration: float, tempo: float) -> Pose:
    """Jumps on the spot, arms going up."""
    beat = sine(time, 0.83 * tempo)
    air, squat = max(beat, 0.0), max(-beat, 0.0)
    arms = (0.35, -0.5 + 1.0 * air, 0.2)
    knees = 0.9 * squat + 0.25 * air
    return Pose(
        lift=0.38 * air,
        lean=0.3 * squat,
        hip_left=0.6 * knees,
        hip_right=0.6 * knees,
        knee_left=knees,
        knee_right=knees,
        left=arms,
        right=arms,
    )


def wave(time: float, _duration: float, tempo: float) -> Pose:
    """Waves the raised right hand."""
    swing = sine(time, 1.3 * tempo)
    return Pose(right=(0.42 + 0.34 * swing, 0.80, 0.15), side=0.05)


def clap(time: float, _duration: float, tempo: float) -> Pose:
    """Claps both hands in front of the chest."""
    apart = pulse(time, 1.7 * tempo)
    hand = (-0.33 + 0.50 * apart, -0.12, 0.66)
    return Pose(left=hand, right=hand, lean=0.04)


def bow(time: float, _duration: float, _tempo: float) -> Pose:
    """Bows deeply and comes up again."""
    depth = min(1.0, 1.7 * pulse(time, 0.34))
    return Pose(lean=1.25 * depth, head_pitch=0.3 * depth, left=(0.05, -0.95, 0.1), right=(0.05, -0.95, 0.1))


def crouch(time: float, _duration: float, _tempo: float) -> Pose:
    """Goes down and crouches on the heels."""
    down = ease(time / 0.6)
    hands = (-0.05, -0.55, 0.55)
    return Pose(
        lean=0.55 * down,
        hip_left=2.05 * down,
        hip_right=1.75 * down,
        knee_left=2.40 * down,
        knee_right=2.35 * down,
        spread=0.06 + 0.15 * down,
        left=hands,
        right=hands,
        head_pitch=-0.2 * down,
    )


def stretch(time: float, _duration: float, tempo: float) -> Pose:
    """Bends from side to side with raised arms."""
    bend = sine(time, 0.29 * tempo)
    return Pose(side=0.62 * bend, left=(-0.20, 0.95, 0.05), right=(-0.20, 0.95, 0.05), spread=0.22)


def raise_arms(time: float, _duration: float, _tempo: float) -> Pose:
    """Holds both arms up."""
    flutter = 0.06 * sine(time, 0.7)
    return Pose(left=(0.48 + flutter, 0.85, 0.05), right=(0.48 - flutter, 0.85, 0.05), head_pitch=-0.15)


def squat(time: float, _duration: float, tempo: float) -> Pose:
    """Bends and straightens the knees, arms forward."""
    down = pulse(time, 0.43 * tempo)
    arms = (-0.05, -0.02, 0.97)
    return Pose(
        lean=0.55 * down,
        hip_left=1.65 * down,
        hip_right=1.65 * down,
        knee_left=1.95 * down,
        knee_right=1.95 * down,
        spread=0.22,
        left=arms,
        right=arms,
    )


def look_around(time: float, _duration: float, tempo: float) -> Pose:
    """Turns head and body, one hand over the eyes."""
    look = sine(time, 0.27 * tempo)
    return Pose(head_yaw=0.9 * look, turn=0.6 * look, right=(0.06, 0.50, 0.26), left=ON_HIP)


def phone(time: float, _duration: float, _tempo: float) -> Pose:
    """Looks down at a phone in the right hand."""
    return Pose(right=(-0.22, 0.02 + 0.02 * sine(time, 0.9), 0.52), head_pitch=0.45, lean=0.05)


def carry(_time: float, _duration: float, _tempo: float) -> Pose:
    """Holds something with both hands in front."""
    hands = (-0.02, -0.42, 0.62)
    return Pose(left=hands, right=hands, lean=-0.06)


def kick(time: float, _duration: float, tempo: float) -> Pose:
    """Kicks high with the right leg."""
    up = pulse(time, 0.57 * tempo) ** 1.5
    return Pose(
        hip_right=1.75 * up - 0.15,
        knee_right=0.3 * (1 - up),
        lean=-0.30 * up,
        left=(0.75, -0.2, 0.35 * up),
        right=(0.65, -0.2, -0.35 * up),
    )


def dance(time: float, _duration: float, tempo: float) -> Pose:
    """Sways, turns and steps with swinging arms."""
    beat = sine(time, 0.62 * tempo)
    quick = abs(sine(time, 0.62 * tempo))
    return Pose(
        side=0.26 * beat,
        turn=0.7 * sine(time, 0.21),
        lift=0.05 * quick,
        knee_left=0.75 * max(beat, 0.0),
        hip_left=0.55 * max(beat, 0.0),
        knee_right=0.75 * max(-beat, 0.0),
        hip_right=0.55 * max(-beat, 0.0),
        left=(0.70, 0.60 * beat, 0.15),
        right=(0.70, -0.60 * beat, 0.15),
        head_yaw=0.3 * beat,
    )


def fall(time: float, _duration: float, _tempo: float) -> Pose:
    """Falls backwards and stays on the ground."""
    down = ease((time - 0.3) / 0.7)
    flail = sine(time, 1.9) * (1 - down)
    return Pose(
        tilt=1.50 * down,
        hip_left=0.45 * down,
        knee_left=0.75 * down,
        hip_right=0.15 * down,
        knee_right=0.2 * down,
        left=(0.6, 0.3 + 0.4 * flail - 0.2 * down, 0.15),
        right=(0.6, 0.3 - 0.4 * flail + 0.3 * down, 0.15),
    )


def turn_around(time: float, duration: float, _tempo: float) -> Pose:
    """Turns around once or more."""
    turns = max(1, round(duration / 2.8))
    arms = (0.42, -0.78, 0.05)
    return Pose(turn=2 * pi * turns * min(time / duration, 1.0), left=arms, right=arms)


def drink(time: float, _duration: float, _tempo: float) -> Pose:
    """Lifts a bottle to the mouth and puts it down."""
    up = min(1.0, 2.2 * pulse(time, 0.31))
    return Pose(right=(-0.16 + 0.10 * (1 - up), -0.30 + 0.60 * up, 0.34), head_pitch=-0.35 * up)


def jumping_jacks(time: float, _duration: float, tempo: float) -> Pose:
    """Jumps with legs and arms opening and closing."""
    open_ = pulse(time, 0.71 * tempo)
    angle = 0.92 * pi * open_ + 0.1
    arms = (0.97 * sin(angle) * 0.95 + 0.05, -0.97 * cos(angle), 0.0)
    return Pose(spread=0.06 + 0.46 * open_, lift=0.10 * sine(time, 1.42 * tempo) ** 2, left=arms, right=arms)


def punch(time: float, _duration: float, tempo: float) -> Pose:
    """Punches the air, left and right in turn."""
    beat = sine(time, 0.77 * tempo)
    out = (-0.20, 0.02, 0.97)
    return Pose(
        lean=0.12,
        hip_left=0.3,
        hip_right=-0.25,
        knee_left=0.4,
        knee_right=0.2,
        left=mix(GUARD, out, max(beat, 0.0)),
        right=mix(GUARD, out, max(-beat, 0.0)),
    )


def read(_time: float, _duration: float, _tempo: float) -> Pose:
    """Holds a book with both hands and looks into it."""
    hands = (-0.16, -0.18, 0.55)
    return Pose(left=hands, right=hands, head_pitch=0.5, lean=0.05)
