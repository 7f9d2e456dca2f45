"""Interactions that go somewhere: who acts on whom shows in the motion."""

from math import atan2, cos, degrees, pi, sin

import numpy as np

from smot_vlm.synthetic.story.actions import OUTSIDE
from smot_vlm.synthetic.story.duet import Duet
from smot_vlm.synthetic.story.events import DoesNotFit


def push(d: Duet) -> None:
    """The subject drives the object ahead with both hands; the object leans back or is pushed in the back."""
    d.meet(d.arm)
    begin, way = d.a.time, min(d.room(d.side), 0.42 * d.seconds)
    if way < 0.8:
        raise DoesNotFit
    if d.rng.random() < 0.4:
        d.b.face(68.0 * d.side)
    for hand, away in (("left", 0.06), ("right", -0.06)):
        d.a.reach(begin, d.until, hand, d.b, "chest", (0.0, 0.02, away))
    d.move_both(d.side * way, begin + 0.4, d.until - 0.2)
    d.both("push", "pushed")


def pull(d: Duet) -> None:
    """The subject walks backwards and drags the object along by one hand."""
    d.meet(d.arm + 0.28)
    begin, way = d.a.time, min(d.room(-d.side), 0.42 * d.seconds)
    if way < 0.8:
        raise DoesNotFit
    for hand in ("left", "right"):
        d.a.reach(begin, d.until, hand, d.b, "hand_right", (0.0, 0.0, 0.0))
    d.move_both(-d.side * way, begin + 0.4, d.until - 0.2)
    d.both("pull", "pulled")


def _walk_both(d: Duet, direction: float, metres: float, running: bool = False) -> None:
    """Both go the same way until the end."""
    for actor in (d.a, d.b):
        actor.face(direction * 75.0)
        actor.go(actor.x + direction * metres, actor.z, d.until, running, d.a.time)


def _one_way(d: Duet, gap: float) -> tuple[float, float]:
    """Line up one behind the other, the object ahead, towards the freer side; returns direction and metres to go."""
    d.meet(gap)
    direction = d.side
    return direction, d.room(direction)


def _file(d: Duet, gap: float, slow: float, fast: float, running: bool, pose_a: str, pose_b: str) -> None:
    """Both go the same way, the object in front."""
    direction, room = _one_way(d, gap)
    way = min(room, fast * d.seconds)
    if way < slow * d.seconds:
        raise DoesNotFit
    _walk_both(d, direction, way, running)
    d.both(pose_a, pose_b)


def follow(d: Duet) -> None:
    """Both walk one way, the subject behind."""
    _file(d, float(d.rng.uniform(0.8, 1.0)), 0.42, 0.85, False, "stand", "stand")


def lead(d: Duet) -> None:
    """Both walk one way hand in hand, the subject in front."""
    # The subject goes ahead, so the line is built the other way round.
    back = Duet(d.b, d.a, d.until, d.stage, d.rng, d.last)
    direction, room = _one_way(back, 0.42 + 0.18 * (d.a.height + d.b.height) / 2)
    begin, seconds = d.a.time, d.seconds
    way = min(room, 0.8 * seconds)
    if way < 0.42 * seconds:
        raise DoesNotFit
    height = 0.50 * min(d.a.height, d.b.height)
    _walk_both(d, direction, way)
    hand = "right" if direction > 0 else "left"
    for actor, other in ((d.a, d.b), (d.b, d.a)):
        actor.reach(begin, d.until, hand, other, "between", (0.0, height, -0.10))
    d.both("stand", "stand")


def chase(d: Duet) -> None:
    """Both run one way, or laps where the stage is too short; the subject behind with outstretched arms."""
    gap = float(d.rng.uniform(0.85, 1.05))
    saved = d.a.copy(), d.b.copy()
    try:
        _file(d, gap, 1.15, 1.7, True, "reach_forward", "flee")
    except DoesNotFit:
        for actor, before in zip((d.a, d.b), saved, strict=True):
            actor.__dict__.update(before.__dict__)
        _chase_in_circles(d, gap)


def _chase_in_circles(d: Duet, gap: float) -> None:
    """Laps on a flat ellipse: room for any length of time; who is behind whom shows in the direction of running."""
    d.meet(gap)
    begin, seconds, direction = d.a.time, d.seconds, d.side
    z = d.a.z
    wide = min(1.5, d.stage.half_width(z) - 0.1)
    deep = 0.42
    if wide < 1.1:
        raise DoesNotFit
    middle = (d.a.x + d.b.x) / 2
    centre = min(max(middle, -d.stage.half_width(z) + wide), d.stage.half_width(z) - wide)
    lead = gap / wide
    here = min(max((middle - centre) / wide, -0.9), 0.9)
    start = np.arcsin(here) if direction > 0 else pi - np.arcsin(here)
    # The lap keeps behind the front edge of the stage; who starts on that edge moves away from it during the first
    # second.
    away = max(0.0, d.stage.near + deep * (1 + cos(start)) - z)
    rate = 1.35 / wide  # radians a second
    steps = max(8, round(seconds / 0.22))
    for actor, ahead in ((d.a, -lead / 2), (d.b, lead / 2)):
        for step in range(steps):
            t0, t1 = begin + seconds * step / steps, begin + seconds * (step + 1) / steps
            angle = start + ahead + rate * (t1 - begin)
            x = centre + wide * sin(angle)
            goal_z = z + deep * (cos(angle) - cos(start)) + away * min(1.0, (t1 - begin) / 1.2)
            heading = degrees(atan2(x - actor.x, -(goal_z - actor.z)))
            actor.face(heading, t0)
            actor.go(x, goal_z, t1, True, t0)
    d.both("reach_forward", "flee")


def accompany(d: Duet) -> None:
    """Both walk one way, side by side."""
    d.meet(0.34, depth=0.34)
    direction = 1.0 if d.room(1.0) >= d.room(-1.0) else -1.0
    way = min(d.room(direction), 0.85 * d.seconds)
    if way < 0.42 * d.seconds:
        raise DoesNotFit
    _walk_both(d, direction, way)
    d.both("stand", "stand")


def approach(d: Duet) -> None:
    """The subject walks up to the object, who stands."""
    distance = abs(d.b.x - d.a.x)
    gap = 0.70
    way = distance - gap
    seconds = min(d.seconds - 0.6, way / 0.5)
    if way < 1.4 or seconds < 2.6 or way / seconds > 1.2:
        raise DoesNotFit
    begin, side = d.a.time, d.side
    d.a.face(side * 75.0)
    d.b.face_towards(d.a.x)
    d.a.go(d.b.x - side * gap, d.b.z + 0.04, begin + seconds, start=begin)
    d.both("stand", "attentive")


def leave(d: Duet) -> None:
    """The subject walks away from the object, who stands."""
    d.meet(0.75)
    begin, side, seconds = d.a.time, d.side, d.until - d.a.time
    room = d.stage.half_width(d.a.z) + side * d.a.x
    leaves = d.last and d.rng.random() < 0.5
    if leaves:
        room = d.stage.frame_edge(d.a.z) + OUTSIDE + side * d.a.x
    way = room if leaves else min(room, 0.9 * seconds)
    if way < 0.42 * (seconds - 0.8) or way < 1.4 or way > 1.0 * seconds:
        raise DoesNotFit
    d.both("stand", "attentive", begin + 0.6)
    d.a.face(-side * 75.0)
    d.a.go(d.a.x - side * way, d.a.z, d.until, start=begin + 0.6)
    d.both("stand", "attentive")


def circle(d: Duet) -> None:
    """The subject walks round the object."""
    d.meet(0.85)
    begin, seconds, side = d.a.time, d.seconds, d.side
    wide, deep = 0.85, 0.55
    x, z = d.b.x, d.b.z
    if abs(x) + wide > d.stage.frame_edge(z - deep):
        raise DoesNotFit
    start = pi if side > 0 else 0.0
    spin = 1.0 if d.rng.random() < 0.5 else -1.0
    turns = max(1.0, round(seconds / 5.5 * 2) / 2)
    steps = max(10, round(seconds / 0.25))
    d.b.face(float(d.rng.uniform(-20, 20)))
    for step in range(steps):
        t0, t1 = begin + seconds * step / steps, begin + seconds * (step + 1) / steps
        angle = start + spin * 2 * pi * turns * (step + 1) / steps
        goal_x, goal_z = x + wide * cos(angle), z + deep * sin(angle)
        d.a.face(degrees(atan2(goal_x - d.a.x, -(goal_z - d.a.z))), t0)
        d.a.go(goal_x, goal_z, t1, False, t0)
    d.both("stand", "attentive")
