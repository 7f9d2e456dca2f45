"""Postures over time: one small function a gesture, from seconds since its start to a `Pose`.

Each takes (time, duration, tempo): seconds since the gesture began, its length in seconds, and the person's own factor on
the speed of repeated movements. Repeat rates avoid multiples of 1 Hz so that two samples a second see different phases.
"""

from collections.abc import Callable
from math import cos, pi, sin

from smot_vlm.data.synthetic.skeleton import Pose, Vector, add

PoseFunction = Callable[[float, float, float], Pose]

DOWN: Vector = (0.10, -0.97, 0.03)
ON_HIP: Vector = (0.28, -0.58, 0.05)
GUARD: Vector = (-0.10, -0.12, 0.42)


def wave_of(time: float, rate: float) -> float:
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


def stand(time: float, duration: float, tempo: float) -> Pose:
    sway = 0.015 * wave_of(time, 0.23 * tempo)
    return Pose(side=sway, head_yaw=0.12 * wave_of(time, 0.11), lean=0.01)


def attentive(time: float, duration: float, tempo: float) -> Pose:
    """Stands with one hand on the hip: what people do to whom something happens."""
    return Pose(side=0.02 * wave_of(time, 0.21), left=ON_HIP, head_yaw=0.05 * wave_of(time, 0.3))


def sit(time: float, duration: float, tempo: float) -> Pose:
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
        head_yaw=0.15 * wave_of(time, 0.2),
    )


def jump(time: float, duration: float, tempo: float) -> Pose:
    beat = wave_of(time, 0.83 * tempo)
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


def wave(time: float, duration: float, tempo: float) -> Pose:
    swing = wave_of(time, 1.3 * tempo)
    return Pose(right=(0.42 + 0.34 * swing, 0.80, 0.15), side=0.05)


def clap(time: float, duration: float, tempo: float) -> Pose:
    apart = pulse(time, 1.7 * tempo)
    hand = (-0.33 + 0.50 * apart, -0.12, 0.66)
    return Pose(left=hand, right=hand, lean=0.04)


def bow(time: float, duration: float, tempo: float) -> Pose:
    depth = min(1.0, 1.7 * pulse(time, 0.34))
    return Pose(lean=1.25 * depth, head_pitch=0.3 * depth, left=(0.05, -0.95, 0.1), right=(0.05, -0.95, 0.1))


def crouch(time: float, duration: float, tempo: float) -> Pose:
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


def stretch(time: float, duration: float, tempo: float) -> Pose:
    bend = wave_of(time, 0.29 * tempo)
    return Pose(side=0.62 * bend, left=(-0.20, 0.95, 0.05), right=(-0.20, 0.95, 0.05), spread=0.22)


def raise_arms(time: float, duration: float, tempo: float) -> Pose:
    flutter = 0.06 * wave_of(time, 0.7)
    return Pose(left=(0.48 + flutter, 0.85, 0.05), right=(0.48 - flutter, 0.85, 0.05), head_pitch=-0.15)


def squat(time: float, duration: float, tempo: float) -> Pose:
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


def look_around(time: float, duration: float, tempo: float) -> Pose:
    look = wave_of(time, 0.27 * tempo)
    return Pose(head_yaw=0.9 * look, turn=0.6 * look, right=(0.06, 0.50, 0.26), left=ON_HIP)


def phone(time: float, duration: float, tempo: float) -> Pose:
    return Pose(right=(-0.22, 0.02 + 0.02 * wave_of(time, 0.9), 0.52), head_pitch=0.45, lean=0.05)


def carry(time: float, duration: float, tempo: float) -> Pose:
    hands = (-0.02, -0.42, 0.62)
    return Pose(left=hands, right=hands, lean=-0.06)


def kick(time: float, duration: float, tempo: float) -> Pose:
    up = pulse(time, 0.57 * tempo) ** 1.5
    return Pose(
        hip_right=1.75 * up - 0.15,
        knee_right=0.3 * (1 - up),
        lean=-0.30 * up,
        left=(0.75, -0.2, 0.35 * up),
        right=(0.65, -0.2, -0.35 * up),
    )


def dance(time: float, duration: float, tempo: float) -> Pose:
    beat = wave_of(time, 0.62 * tempo)
    quick = abs(wave_of(time, 0.62 * tempo))
    return Pose(
        side=0.26 * beat,
        turn=0.7 * wave_of(time, 0.21),
        lift=0.05 * quick,
        knee_left=0.75 * max(beat, 0.0),
        hip_left=0.55 * max(beat, 0.0),
        knee_right=0.75 * max(-beat, 0.0),
        hip_right=0.55 * max(-beat, 0.0),
        left=(0.70, 0.60 * beat, 0.15),
        right=(0.70, -0.60 * beat, 0.15),
        head_yaw=0.3 * beat,
    )


def fall(time: float, duration: float, tempo: float) -> Pose:
    down = ease((time - 0.3) / 0.7)
    flail = wave_of(time, 1.9) * (1 - down)
    return Pose(
        tilt=1.50 * down,
        hip_left=0.45 * down,
        knee_left=0.75 * down,
        hip_right=0.15 * down,
        knee_right=0.2 * down,
        left=(0.6, 0.3 + 0.4 * flail - 0.2 * down, 0.15),
        right=(0.6, 0.3 - 0.4 * flail + 0.3 * down, 0.15),
    )


def turn_around(time: float, duration: float, tempo: float) -> Pose:
    turns = max(1, round(duration / 2.8))
    arms = (0.42, -0.78, 0.05)
    return Pose(turn=2 * pi * turns * min(time / duration, 1.0), left=arms, right=arms)


def drink(time: float, duration: float, tempo: float) -> Pose:
    up = min(1.0, 2.2 * pulse(time, 0.31))
    return Pose(right=(-0.16 + 0.10 * (1 - up), -0.30 + 0.60 * up, 0.34), head_pitch=-0.35 * up)


def jumping_jacks(time: float, duration: float, tempo: float) -> Pose:
    open_ = pulse(time, 0.71 * tempo)
    angle = 0.92 * pi * open_ + 0.1
    arms = (0.97 * sin(angle) * 0.95 + 0.05, -0.97 * cos(angle), 0.0)
    return Pose(spread=0.06 + 0.46 * open_, lift=0.10 * wave_of(time, 1.42 * tempo) ** 2, left=arms, right=arms)


def punch(time: float, duration: float, tempo: float) -> Pose:
    beat = wave_of(time, 0.77 * tempo)
    out, back = (-0.20, 0.02, 0.97), GUARD
    left = tuple(b + (o - b) * max(beat, 0.0) for o, b in zip(out, back, strict=True))
    right = tuple(b + (o - b) * max(-beat, 0.0) for o, b in zip(out, back, strict=True))
    return Pose(lean=0.12, hip_left=0.3, hip_right=-0.25, knee_left=0.4, knee_right=0.2, left=left, right=right)  # type: ignore[arg-type]


def read(time: float, duration: float, tempo: float) -> Pose:
    hands = (-0.16, -0.18, 0.55)
    return Pose(left=hands, right=hands, head_pitch=0.5, lean=0.05)


# What two people do with each other.


def push(time: float, duration: float, tempo: float) -> Pose:
    hands = (-0.1, 0.0, 0.95)
    return Pose(lean=0.40, left=hands, right=hands, hip_left=0.35, hip_right=-0.35, knee_right=0.1, knee_left=0.5)


def pushed(time: float, duration: float, tempo: float) -> Pose:
    flail = wave_of(time, 0.9 * tempo)
    return Pose(
        lean=-0.28, left=(0.75, 0.25 + 0.25 * flail, 0.2), right=(0.75, 0.25 - 0.25 * flail, 0.2), head_pitch=-0.2
    )


def pull(time: float, duration: float, tempo: float) -> Pose:
    hands = (-0.15, -0.12, 0.9)
    return Pose(lean=-0.38, left=hands, right=hands, knee_left=0.35, hip_left=0.4, hip_right=0.1)


def pulled(time: float, duration: float, tempo: float) -> Pose:
    return Pose(lean=0.42, right=(-0.1, 0.15, 0.95), left=(0.4, -0.6, -0.4), head_pitch=-0.2)


def struck(time: float, duration: float, tempo: float) -> Pose:
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


def hit(time: float, duration: float, tempo: float) -> Pose:
    swing = pulse(time, 0.71)
    return Pose(
        lean=0.05 + 0.25 * swing,
        hip_left=0.3,
        hip_right=-0.3,
        knee_left=0.35,
        left=GUARD,
        right=(0.25 * (1 - swing) - 0.15, 0.25, -0.35 + 1.3 * swing),
    )


def talk(time: float, duration: float, tempo: float) -> Pose:
    a, b = wave_of(time, 0.53 * tempo), wave_of(time, 0.37 * tempo)
    return Pose(
        right=(0.10, -0.28 + 0.16 * a, 0.52),
        left=(0.05, -0.60 + 0.20 * max(b, 0.0), 0.30),
        head_pitch=0.10 * a,
        lean=0.04,
    )


def listen(time: float, duration: float, tempo: float) -> Pose:
    nod = 0.22 * pulse(time, 0.61)
    return Pose(left=(-0.15, -0.55, 0.35), right=(-0.15, -0.50, 0.38), head_pitch=nod)


def quarrel(time: float, duration: float, tempo: float) -> Pose:
    shake = wave_of(time, 1.37 * tempo)
    return Pose(lean=0.26, right=(-0.05, 0.42 + 0.28 * shake, 0.70), left=ON_HIP, head_pitch=-0.1, hip_left=0.25)


def hug(time: float, duration: float, tempo: float) -> Pose:
    hands = (-0.1, -0.1, 0.7)
    return Pose(lean=0.10, left=hands, right=hands, side=0.03 * wave_of(time, 0.4), head_yaw=0.2)


def handshake(time: float, duration: float, tempo: float) -> Pose:
    return Pose(right=(-0.15, -0.4, 0.8), lean=0.08)


def dance_pair(time: float, duration: float, tempo: float) -> Pose:
    beat = wave_of(time, 0.57)
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
    pose = punch(time, duration, 1.2 * tempo)
    lift_fists = (0.0, 0.22, 0.0)
    return pose._replace(
        lean=0.16 + 0.14 * wave_of(time, 0.83),
        side=0.14 * wave_of(time, 0.47),
        left=add(pose.left, lift_fists),
        right=add(pose.right, lift_fists),
    )


def point(time: float, duration: float, tempo: float) -> Pose:
    return Pose(right=(-0.05, 0.06 + 0.04 * wave_of(time, 0.6), 0.98), left=ON_HIP)


def beckon(time: float, duration: float, tempo: float) -> Pose:
    swing = wave_of(time, 1.3 * tempo)
    return Pose(right=(0.15, 0.84, 0.22 + 0.34 * swing), lean=0.06)


def salute(time: float, duration: float, tempo: float) -> Pose:
    return Pose(right=(0.02, 0.40, 0.26), left=(0.03, -0.98, 0.0))


def applaud(time: float, duration: float, tempo: float) -> Pose:
    apart = pulse(time, 1.7 * tempo)
    hand = (-0.33 + 0.50 * apart, 0.12, 0.66)
    return Pose(left=hand, right=hand, lean=0.08)


def thanks(time: float, duration: float, tempo: float) -> Pose:
    """Takes applause: arms opened wide, small bows."""
    return Pose(left=(0.85, 0.10, 0.3), right=(0.85, 0.10, 0.3), lean=0.40 * pulse(time, 0.41))


def tap(time: float, duration: float, tempo: float) -> Pose:
    return Pose(right=(-0.1, 0.1, 0.9), lean=0.08)


def photograph(time: float, duration: float, tempo: float) -> Pose:
    hand = (-0.18, 0.30, 0.50)
    return Pose(left=hand, right=hand, lean=0.10, knee_left=0.25, knee_right=0.25, hip_left=0.15, hip_right=0.15)


def model(time: float, duration: float, tempo: float) -> Pose:
    change = wave_of(time, 0.19)
    return Pose(
        side=0.20 * change,
        left=ON_HIP,
        right=(0.55, 0.75, 0.0),
        hip_left=0.25,
        knee_left=0.35,
        head_yaw=0.2 * change,
    )


def help_up(time: float, duration: float, tempo: float) -> Pose:
    low = 1 - ease((time - 0.55 * duration) / (0.3 * duration))
    return Pose(lean=0.85 * low, right=(-0.1, -0.4, 0.8), hip_left=0.35, knee_left=0.45, hip_right=-0.2, knee_right=0.1)


def get_up(time: float, duration: float, tempo: float) -> Pose:
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


def lift(time: float, duration: float, tempo: float) -> Pose:
    up = lift_height(time, duration)
    hands = (-0.12, -0.35 + 0.75 * up, 0.75 - 0.2 * up)
    return Pose(left=hands, right=hands, lean=0.25 - 0.35 * up, spread=0.16)


def lifted(time: float, duration: float, tempo: float) -> Pose:
    kick_ = wave_of(time, 0.8)
    up = lift_height(time, duration)
    return Pose(
        lift=0.85 * up,
        left=(0.75, 0.35 * up, 0.2),
        right=(0.75, 0.35 * up, 0.2),
        hip_left=0.35 * kick_ * up,
        hip_right=-0.35 * kick_ * up,
        knee_left=0.6 * up,
        knee_right=0.6 * up,
    )


def lift_height(time: float, duration: float) -> float:
    """0 on the ground, 1 held up."""
    return ease((time - 0.15 * duration) / 1.0) * ease((duration - 0.25 - time) / 0.9)


def kneel(time: float, duration: float, tempo: float) -> Pose:
    down = ease((time - 0.2) / 0.7) * ease((duration - time) / 0.6)
    hands = (-0.15, -0.15, 0.6)
    return Pose(
        hip_left=1.45 * down,
        knee_left=1.45 * down,
        hip_right=0.05 * down,
        knee_right=1.55 * down,
        left=tuple(d + (h - d) * down for h, d in zip(hands, DOWN, strict=True)),  # type: ignore[arg-type]
        right=tuple(d + (h - d) * down for h, d in zip(hands, DOWN, strict=True)),  # type: ignore[arg-type]
        head_pitch=-0.3 * down,
    )


def look_down(time: float, duration: float, tempo: float) -> Pose:
    hands = (-0.12, -0.15, 0.35)
    return Pose(head_pitch=0.35, left=hands, right=hands, lean=0.03)


def interview(time: float, duration: float, tempo: float) -> Pose:
    return Pose(right=(-0.12, 0.12, 0.95), left=(0.0, -0.6, 0.25), head_pitch=0.12 * pulse(time, 0.6), lean=0.05)


def massage(time: float, duration: float, tempo: float) -> Pose:
    knead = 0.05 * wave_of(time, 1.1)
    return Pose(lean=0.30, left=(-0.1, -0.3 + knead, 0.75), right=(-0.1, -0.3 - knead, 0.75), head_pitch=0.2)


def throw(time: float, duration: float, tempo: float) -> Pose:
    """Holds the ball low, swings it back over the head, throws forward at `THROW_AT` of the time."""
    moment = time / duration
    wind, release = ease((moment - 0.12) / 0.18), ease((moment - 0.34) / 0.06)
    start, back, out = (-0.12, -0.40, 0.55), (0.15, 0.80, -0.45), (-0.05, 0.35, 0.92)
    hand = tuple(s + (b - s) * wind + (o - b) * release for s, b, o in zip(start, back, out, strict=True))
    return Pose(right=hand, left=(0.3, -0.3, 0.5), lean=-0.2 * wind + 0.45 * release, hip_left=0.3, hip_right=-0.25)  # type: ignore[arg-type]


THROW_AT, CATCH_AT = 0.38, 0.62


def catch(time: float, duration: float, tempo: float) -> Pose:
    moment = time / duration
    ready, held = (-0.10, 0.05, 0.75), (-0.22, -0.30, 0.45)
    weight = ease((moment - CATCH_AT) / 0.08)
    hand = tuple(r + (h - r) * weight for r, h in zip(ready, held, strict=True))
    return Pose(left=hand, right=hand, knee_left=0.2, knee_right=0.2, hip_left=0.12, hip_right=0.12)  # type: ignore[arg-type]


HAND_OVER_AT = 0.55


def give(time: float, duration: float, tempo: float) -> Pose:
    out = ease((time / duration - 0.25) / 0.2) * (1 - ease((time / duration - 0.72) / 0.15))
    after = ease((time / duration - 0.72) / 0.15)
    hands = (-0.02, -0.42 + 0.24 * out - 0.5 * after, 0.45 + 0.48 * out - 0.4 * after)
    return Pose(left=hands, right=hands, lean=0.15 * out)


def receive(time: float, duration: float, tempo: float) -> Pose:
    reach = ease((time / duration - 0.30) / 0.15)
    back = ease((time / duration - HAND_OVER_AT - 0.08) / 0.15)
    hands = (-0.02, -0.85 + 0.62 * reach - 0.20 * back, 0.10 + 0.80 * reach - 0.42 * back)
    return Pose(left=hands, right=hands, lean=0.12 * reach * (1 - back))


def reach_forward(time: float, duration: float, tempo: float) -> Pose:
    """Runs after somebody with both arms stretched out."""
    hands = (-0.05, 0.05 + 0.1 * wave_of(time, 1.1), 0.9)
    return Pose(lean=0.22, left=hands, right=hands)


def flee(time: float, duration: float, tempo: float) -> Pose:
    """Runs with both arms thrown up, looking back at times."""
    return Pose(lean=0.15, left=(0.35, 0.75, 0.2), right=(0.35, 0.75, 0.2), head_yaw=0.5 * wave_of(time, 0.4))


POSES: dict[str, PoseFunction] = {
    function.__name__: function
    for function in (
        stand, attentive, sit, jump, wave, clap, bow, crouch, stretch, raise_arms, squat, look_around, phone, carry, kick,
        dance, fall, turn_around, drink, jumping_jacks, punch, read, push, pushed, pull, pulled, struck, hit, talk, listen,
        quarrel, hug, handshake, dance_pair, fight, point, beckon, salute, applaud, thanks, tap, photograph, model, help_up,
        get_up, lift, lifted, kneel, look_down, interview, massage, throw, catch, give, receive, reach_forward, flee,
    )
}  # fmt: skip

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
