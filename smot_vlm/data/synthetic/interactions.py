"""What two people do with each other: how each interaction is played, and the edges it stands for."""

from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, cos, degrees, pi, sin

import numpy as np

from smot_vlm.data.synthetic.actions import OUTSIDE, NoRoom
from smot_vlm.data.synthetic.camera import Stage
from smot_vlm.data.synthetic.people import ADULTS
from smot_vlm.data.synthetic.poses import CATCH_AT, HAND_OVER_AT, THROW_AT
from smot_vlm.data.synthetic.script import Actor, Prop

MEET_SPEED = 1.5  # metres a second at which people step together before an interaction
LONGEST_MEETING = 1.4  # seconds


@dataclass(frozen=True)
class Duet:
    """An interaction being written: subject `a` acts on object `b` until `until` seconds."""

    a: Actor
    b: Actor
    until: float
    stage: Stage
    rng: np.random.Generator
    last: bool = False

    @property
    def side(self) -> float:
        """+1 where the object is to the right of the subject."""
        return 1.0 if self.b.x >= self.a.x else -1.0

    @property
    def seconds(self) -> float:
        return self.until - self.a.time

    def meet(self, gap: float, depth: float = 0.04) -> None:
        """Both step to a distance of `gap` metres, at one depth, and face each other."""
        a, b, side = self.a, self.b, self.side
        z = (a.z + b.z) / 2
        limit = self.stage.half_width(z) - gap / 2
        centre = min(max((a.x + b.x) / 2, -limit), limit)
        ax, bx = centre - side * gap / 2, centre + side * gap / 2
        way = max(abs(ax - a.x), abs(bx - b.x), abs(z - a.z), abs(z - b.z))
        seconds = way / MEET_SPEED
        if seconds > LONGEST_MEETING:
            raise NoRoom
        start = max(a.time, b.time)
        for actor, x, other in ((a, ax, bx), (b, bx, ax)):
            if way > 0.05:
                actor.face(80.0 if x > actor.x else -80.0)
                actor.go(x, z + (depth if actor is b else 0.0), start + seconds)
                actor.do("stand", start + seconds)
            actor.face_towards(other)

    def both(
        self, pose_a: str, pose_b: str, until: float | None = None, mirror_a: bool = False, mirror_b: bool = False
    ) -> None:
        """Show a gesture each, up to `until` (default the end)."""
        end = self.until if until is None else until
        self.a.do(pose_a, end, mirror_a)
        self.b.do(pose_b, end, mirror_b)

    def move_both(self, metres: float, start: float, until: float) -> None:
        """Shift both along the stage, keeping their distance."""
        for actor in (self.a, self.b):
            actor.go(actor.x + metres, actor.z, until, start=start)

    def room(self, direction: float) -> float:
        """Metres that both can go to this side."""
        front = max(direction * self.a.x, direction * self.b.x)
        return self.stage.half_width(self.a.z) - front

    @property
    def arm(self) -> float:
        """A distance at which the subject's hands reach the object's body, metres."""
        return 0.20 + 0.26 * self.a.height


def _push(d: Duet) -> None:
    d.meet(d.arm)
    begin, way = d.a.time, min(d.room(d.side), 0.42 * d.seconds)
    if way < 0.8:
        raise NoRoom
    if d.rng.random() < 0.4:
        d.b.face(68.0 * d.side)
    for hand, away in (("left", 0.06), ("right", -0.06)):
        d.a.reach(begin, d.until, hand, d.b, "chest", (0.0, 0.02, away))
    d.move_both(d.side * way, begin + 0.4, d.until - 0.2)
    d.both("push", "pushed")


def _pull(d: Duet) -> None:
    d.meet(d.arm + 0.28)
    begin, way = d.a.time, min(d.room(-d.side), 0.42 * d.seconds)
    if way < 0.8:
        raise NoRoom
    for hand in ("left", "right"):
        d.a.reach(begin, d.until, hand, d.b, "hand_right", (0.0, 0.0, 0.0))
    d.move_both(-d.side * way, begin + 0.4, d.until - 0.2)
    d.both("pull", "pulled")


def _hit(d: Duet) -> None:
    d.meet(0.10 + 0.33 * d.a.height)
    d.both("hit", "struck")


def _fight(d: Duet) -> None:
    d.meet(0.16 + 0.26 * (d.a.height + d.b.height) / 2)
    d.both("fight", "fight", mirror_b=True)


def _talk(d: Duet) -> None:
    d.meet(float(d.rng.uniform(0.75, 1.0)))
    middle = d.a.time + d.seconds / 2
    d.both("talk", "listen", middle)
    d.both("listen", "talk")


def _quarrel(d: Duet) -> None:
    d.meet(float(d.rng.uniform(0.75, 0.95)))
    d.both("quarrel", "quarrel")


def _embrace(d: Duet) -> None:
    d.meet(0.17 * (d.a.height + d.b.height) / 2)
    begin = d.a.time
    for actor, other, side in ((d.a, d.b, d.side), (d.b, d.a, -d.side)):
        low = 0.10 if actor.height >= other.height else -0.05
        for hand, away in (("left", -0.13), ("right", 0.13)):
            actor.reach(begin, d.until, hand, other, "chest", (0.20 * side, -low, away * side))
    d.both("hug", "hug")


def _handshake(d: Duet) -> None:
    d.meet(0.26 + 0.22 * (d.a.height + d.b.height) / 2)
    height = 0.56 * min(d.a.height, d.b.height)
    for actor, other in ((d.a, d.b), (d.b, d.a)):
        actor.reach(d.a.time, d.until, "right", other, "between", (0.0, height, -0.04), (0.06, 1.1))
    d.both("handshake", "handshake")


def _dance(d: Duet) -> None:
    d.meet(0.26 + 0.20 * (d.a.height + d.b.height) / 2)
    height = 0.66 * min(d.a.height, d.b.height)
    for actor, other, near, far in ((d.a, d.b, "right", "left"), (d.b, d.a, "left", "right")):
        near, far = (near, far) if d.side > 0 else (far, near)
        actor.reach(d.a.time, d.until, near, other, "between", (0.0, height, -0.22), (0.24, 0.57))
        actor.reach(d.a.time, d.until, far, other, "between", (0.0, height, 0.22), (-0.24, 0.57))
    d.both("dance_pair", "dance_pair", mirror_b=True)


def _one_way(d: Duet, gap: float) -> tuple[float, float]:
    """Line up one behind the other, the object ahead, towards the freer side; returns direction and metres to go."""
    d.meet(gap)
    direction = d.side
    return direction, d.room(direction)


def _file(d: Duet, gap: float, slow: float, fast: float, running: bool, pose_a: str, pose_b: str) -> None:
    """Both go the same way, the object in front."""
    direction, room = _one_way(d, gap)
    begin = d.a.time
    seconds = d.until - begin
    way = min(room, fast * seconds)
    if way < slow * seconds:
        raise NoRoom
    for actor in (d.a, d.b):
        actor.face(direction * 75.0)
        actor.go(actor.x + direction * way, actor.z, d.until, running, begin)
    d.both(pose_a, pose_b)


def _follow(d: Duet) -> None:
    _file(d, float(d.rng.uniform(0.8, 1.0)), 0.42, 0.85, False, "stand", "stand")


def _lead(d: Duet) -> None:
    # The subject goes ahead, so the line is built the other way round.
    back = Duet(d.b, d.a, d.until, d.stage, d.rng, d.last)
    direction, room = _one_way(back, 0.42 + 0.18 * (d.a.height + d.b.height) / 2)
    begin, seconds = d.a.time, d.until - d.a.time
    way = min(room, 0.8 * seconds)
    if way < 0.42 * seconds:
        raise NoRoom
    near_a, near_b = ("right", "right") if direction > 0 else ("left", "left")
    height = 0.50 * min(d.a.height, d.b.height)
    for actor, other, hand in ((d.a, d.b, near_a), (d.b, d.a, near_b)):
        actor.face(direction * 75.0)
        actor.go(actor.x + direction * way, actor.z, d.until, False, begin)
        actor.reach(begin, d.until, hand, other, "between", (0.0, height, -0.10))
    d.both("stand", "stand")


def _chase(d: Duet) -> None:
    gap = float(d.rng.uniform(0.85, 1.05))
    saved = d.a.copy(), d.b.copy()
    try:
        _file(d, gap, 1.15, 1.7, True, "reach_forward", "flee")
    except NoRoom:
        for actor, before in zip((d.a, d.b), saved, strict=True):
            actor.__dict__.update(before.__dict__)
        _chase_in_circles(d, gap)


def _chase_in_circles(d: Duet, gap: float) -> None:
    """Laps on a flat ellipse: room for any length of time; who is behind whom shows in the direction of running."""
    d.meet(gap)
    begin, seconds, direction = d.a.time, d.until - d.a.time, d.side
    z = d.a.z
    wide = min(1.5, d.stage.half_width(z) - 0.1)
    deep = 0.42
    if wide < 1.1:
        raise NoRoom
    middle = (d.a.x + d.b.x) / 2
    centre = min(max(middle, -d.stage.half_width(z) + wide), d.stage.half_width(z) - wide)
    lead = gap / wide
    here = min(max((middle - centre) / wide, -0.9), 0.9)
    start = np.arcsin(here) if direction > 0 else pi - np.arcsin(here)
    # The lap keeps behind the front edge of the stage; who starts on that edge moves away from it during the first second.
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


def _accompany(d: Duet) -> None:
    d.meet(0.34, depth=0.34)
    direction = 1.0 if d.room(1.0) >= d.room(-1.0) else -1.0
    begin, seconds = d.a.time, d.until - d.a.time
    way = min(d.room(direction), 0.85 * seconds)
    if way < 0.42 * seconds:
        raise NoRoom
    for actor in (d.a, d.b):
        actor.face(direction * 75.0)
        actor.go(actor.x + direction * way, actor.z, d.until, False, begin)
    d.both("stand", "stand")


def _approach(d: Duet) -> None:
    distance = abs(d.b.x - d.a.x)
    gap = 0.70
    way = distance - gap
    seconds = min(d.seconds - 0.6, way / 0.5)
    if way < 1.4 or seconds < 2.6 or way / seconds > 1.2:
        raise NoRoom
    begin, side = d.a.time, d.side
    d.a.face(side * 75.0)
    d.b.face_towards(d.a.x)
    d.a.go(d.b.x - side * gap, d.b.z + 0.04, begin + seconds, start=begin)
    d.both("stand", "attentive")


def _leave(d: Duet) -> None:
    d.meet(0.75)
    begin, side, seconds = d.a.time, d.side, d.until - d.a.time
    room = d.stage.half_width(d.a.z) + side * d.a.x
    leaves = d.last and d.rng.random() < 0.5
    if leaves:
        room = d.stage.frame_edge(d.a.z) + OUTSIDE + side * d.a.x
    way = room if leaves else min(room, 0.9 * seconds)
    if way < 0.42 * (seconds - 0.8) or way < 1.4 or way > 1.0 * seconds:
        raise NoRoom
    d.both("stand", "attentive", begin + 0.6)
    d.a.face(-side * 75.0)
    d.a.go(d.a.x - side * way, d.a.z, d.until, start=begin + 0.6)
    d.both("stand", "attentive")


def _spread(d: Duet, low: float, high: float) -> None:
    """Face each other at a distance between `low` and `high` metres."""
    distance = abs(d.b.x - d.a.x)
    d.meet(min(max(distance, low), high))


def _throw(d: Duet) -> None:
    _spread(d, 1.6, 2.6)
    begin, seconds = d.a.time, d.until - d.a.time
    leaves_hand, arrives = begin + THROW_AT * seconds, begin + CATCH_AT * seconds
    d.a.hold("ball", begin, leaves_hand, "right")
    d.a.props.append(Prop("ball", leaves_hand, arrives, d.a.index, "right", d.b.index))
    d.b.hold("ball", arrives, d.until, "both")
    d.both("throw", "catch")


def _give(d: Duet) -> None:
    d.meet(0.20 + 0.30 * (d.a.height + d.b.height) / 2)
    begin, seconds = d.a.time, d.until - d.a.time
    handed = begin + (HAND_OVER_AT + 0.04) * seconds
    d.a.hold("box", begin, handed)
    d.b.hold("box", handed, d.until)
    d.both("give", "receive")


def _gesture(pose_a: str, pose_b: str, low: float, high: float, heading: float = 68.0) -> Callable[[Duet], None]:
    """The subject makes a gesture at the object, who looks on, from a distance between `low` and `high` metres.

    heading: degrees off the camera at which the gesture shows best.
    """

    def play(d: Duet) -> None:
        _spread(d, low, high)
        d.a.face(heading * d.side)
        d.both(pose_a, pose_b)

    return play


def _tap(d: Duet) -> None:
    d.meet(0.24 + 0.23 * d.a.height)
    d.b.face(68.0 * d.side)
    shoulder = "shoulder_right" if d.side > 0 else "shoulder_left"
    hand = "right" if d.side > 0 else "left"
    d.a.reach(d.a.time, d.until, hand, d.b, shoulder, (-0.02 * d.side, 0.10, -0.03), (0.09, 1.2))
    d.both("tap", "attentive", mirror_a=d.side < 0)


def _photograph(d: Duet) -> None:
    _spread(d, 1.5, 2.4)
    d.a.hold("camera", d.a.time, d.until)
    d.b.face(-30.0 * d.side)
    d.both("photograph", "model")


def _help(d: Duet) -> None:
    d.meet(0.55 + 0.18 * d.b.height)
    begin = d.a.time
    near = "left" if d.side > 0 else "right"
    height = 0.36 * min(d.a.height, d.b.height)
    far = "right" if near == "left" else "left"
    d.a.reach(begin, d.until, far, d.b, "between", (0.0, height, -0.06))
    d.b.reach(begin, d.until, near, d.a, "between", (0.0, height, -0.06))
    d.both("help_up", "get_up")


def _lift(d: Duet) -> None:
    d.meet(0.24 * d.a.height)
    d.b.face_towards(d.a.x, 40.0)
    for hand, away in (("left", 0.10), ("right", -0.10)):
        d.a.reach(d.a.time, d.until, hand, d.b, "pelvis", (0.0, 0.12, away))
    d.both("lift", "lifted")


def _kneel(d: Duet) -> None:
    d.meet(0.85)
    d.both("kneel", "look_down")


def _circle(d: Duet) -> None:
    d.meet(0.85)
    begin, seconds, side = d.a.time, d.until - d.a.time, d.side
    wide, deep = 0.85, 0.55
    x, z = d.b.x, d.b.z
    if abs(x) + wide > d.stage.frame_edge(z - deep):
        raise NoRoom
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


def _interview(d: Duet) -> None:
    d.meet(0.30 + 0.30 * d.a.height)
    d.a.hold("microphone", d.a.time, d.until, "right")
    d.a.reach(d.a.time, d.until, "right", d.b, "head", (-0.24 * d.side, -0.10, -0.05))
    d.both("interview", "talk")


def _massage(d: Duet) -> None:
    d.meet(0.22 + 0.14 * d.a.height)
    d.b.face(60.0 * d.side)
    d.b.hold("stool", d.b.time, d.until, "seat")
    for hand, joint, rate in (("left", "shoulder_left", 1.1), ("right", "shoulder_right", 1.3)):
        d.a.reach(d.a.time + 0.5, d.until, hand, d.b, joint, (0.0, 0.07, 0.0), (0.04, rate))
    d.both("massage", "sit")


@dataclass(frozen=True)
class Choreography:
    """How an interaction is played and what it stands for in the graph.

    reverse: verb of the edge from object to subject, "" for none. seconds: shortest and longest time it can fill.
    adult_subject, child_object, adult_object: who can take part. mutual: both edges carry the verb itself.
    """

    play: Callable[[Duet], None]
    reverse: str = ""
    seconds: tuple[float, float] = (4.0, 9.0)
    adult_subject: bool = False
    child_object: bool = False
    alike: bool = False

    def casts(self, subject: str, object_: str) -> bool:
        """Whether people of these kinds can play it."""
        if self.adult_subject and subject not in ADULTS:
            return False
        if self.child_object and object_ in ADULTS:
            return False
        return not self.alike or (subject in ADULTS) == (object_ in ADULTS)


DUETS: dict[str, Choreography] = {
    "talk.v.01": Choreography(_talk, "talk.v.01", (4.0, 10.0)),
    "quarrel.v.01": Choreography(_quarrel, "quarrel.v.01"),
    "embrace.v.02": Choreography(_embrace, "embrace.v.02"),
    "handshake.n.01": Choreography(_handshake, "handshake.n.01"),
    "dance.v.01": Choreography(_dance, "dance.v.01", (4.0, 10.0)),
    "fight.v.02": Choreography(_fight, "fight.v.02", alike=True),
    "accompany.v.02": Choreography(_accompany, "accompany.v.02", (4.0, 8.0)),
    "follow.v.01": Choreography(_follow, "", (4.0, 8.0)),
    "lead.v.01": Choreography(_lead, "follow.v.01", (4.0, 8.0)),
    "chase.v.01": Choreography(_chase, "flee.v.01", (4.0, 8.0)),
    "approach.v.01": Choreography(_approach, "", (4.0, 6.5)),
    "leave.v.01": Choreography(_leave, "", (4.0, 7.0)),
    "push.v.01": Choreography(_push, "", (4.0, 7.0)),
    "pull.v.01": Choreography(_pull, "", (4.0, 7.0)),
    "hit.v.03": Choreography(_hit, "", (4.0, 7.0)),
    "throw.v.01": Choreography(_throw, "catch.v.04", (4.5, 8.0)),
    "give.v.03": Choreography(_give, "receive.v.01", (4.5, 8.0)),
    "indicate.v.02": Choreography(_gesture("point", "attentive", 1.0, 2.2)),
    "beckon.v.01": Choreography(_gesture("beckon", "attentive", 1.0, 2.4, 48.0)),
    "salute.v.02": Choreography(_gesture("salute", "attentive", 0.9, 1.8, 42.0)),
    "applaud.v.01": Choreography(_gesture("applaud", "thanks", 1.0, 2.0)),
    "tap.v.07": Choreography(_tap, alike=True),
    "photograph.v.01": Choreography(_photograph, "model.v.03"),
    "help.v.01": Choreography(_help, "", (4.5, 8.0), adult_subject=True),
    "raise.v.02": Choreography(_lift, "", (4.5, 8.0), adult_subject=True, child_object=True),
    "kneel.v.01": Choreography(_kneel, "", (4.0, 8.0), adult_subject=True),
    "circle.v.01": Choreography(_circle, "", (4.5, 9.0)),
    "interview.v.01": Choreography(_interview, "", (4.0, 9.0), adult_subject=True, alike=True),
    "massage.v.01": Choreography(_massage, "", (4.0, 9.0), adult_subject=True, alike=True),
}
