"""Interactions on the spot: who acts on whom shows in the gestures."""

from collections.abc import Callable

from smot_vlm.synthetic.body.duet_poses import CATCH_AT, HAND_OVER_AT, THROW_AT
from smot_vlm.synthetic.body.props import Prop
from smot_vlm.synthetic.story.duet import Duet


def hit(d: Duet) -> None:
    """The subject strikes; the object flinches behind both arms."""
    d.meet(0.10 + 0.33 * d.a.height)
    d.both("hit", "struck")


def fight(d: Duet) -> None:
    """Both strike at each other."""
    d.meet(0.16 + 0.26 * (d.a.height + d.b.height) / 2)
    d.both("fight", "fight", mirror_b=True)


def talk(d: Duet) -> None:
    """One gestures while the other listens, then the other way round."""
    d.meet(float(d.rng.uniform(0.75, 1.0)))
    middle = d.a.time + d.seconds / 2
    d.both("talk", "listen", middle)
    d.both("listen", "talk")


def quarrel(d: Duet) -> None:
    """Both lean forward and shake a raised arm."""
    d.meet(float(d.rng.uniform(0.75, 0.95)))
    d.both("quarrel", "quarrel")


def embrace(d: Duet) -> None:
    """Both stand close with their arms around each other."""
    d.meet(0.17 * (d.a.height + d.b.height) / 2)
    begin = d.a.time
    for actor, other, side in ((d.a, d.b, d.side), (d.b, d.a, -d.side)):
        low = 0.10 if actor.height >= other.height else -0.05
        for hand, away in (("left", -0.13), ("right", 0.13)):
            actor.reach(begin, d.until, hand, other, "chest", (0.20 * side, -low, away * side))
    d.both("hug", "hug")


def handshake(d: Duet) -> None:
    """Right hands clasped, going up and down."""
    d.meet(0.26 + 0.22 * (d.a.height + d.b.height) / 2)
    height = 0.56 * min(d.a.height, d.b.height)
    for actor, other in ((d.a, d.b), (d.b, d.a)):
        actor.reach(d.a.time, d.until, "right", other, "between", (0.0, height, -0.04), (0.06, 1.1))
    d.both("handshake", "handshake")


def dance(d: Duet) -> None:
    """Hand in hand, arms swinging, both sway and step."""
    d.meet(0.26 + 0.20 * (d.a.height + d.b.height) / 2)
    height = 0.66 * min(d.a.height, d.b.height)
    for actor, other, near, far in ((d.a, d.b, "right", "left"), (d.b, d.a, "left", "right")):
        near, far = (near, far) if d.side > 0 else (far, near)
        actor.reach(d.a.time, d.until, near, other, "between", (0.0, height, -0.22), (0.24, 0.57))
        actor.reach(d.a.time, d.until, far, other, "between", (0.0, height, 0.22), (-0.24, 0.57))
    d.both("dance_pair", "dance_pair", mirror_b=True)


def throw(d: Duet) -> None:
    """A ball flies from the subject to the object, once."""
    d.spread(1.6, 2.6)
    begin, seconds = d.a.time, d.seconds
    leaves_hand, arrives = begin + THROW_AT * seconds, begin + CATCH_AT * seconds
    d.a.hold("ball", begin, leaves_hand, "right")
    d.a.props.append(Prop("ball", leaves_hand, arrives, d.a.index, "right", d.b.index))
    d.b.hold("ball", arrives, d.until, "both")
    d.both("throw", "catch")


def give(d: Duet) -> None:
    """A box goes from the hands of the subject into those of the object, once."""
    d.meet(0.20 + 0.30 * (d.a.height + d.b.height) / 2)
    begin, seconds = d.a.time, d.seconds
    handed = begin + (HAND_OVER_AT + 0.04) * seconds
    d.a.hold("box", begin, handed)
    d.b.hold("box", handed, d.until)
    d.both("give", "receive")


def gesture(pose_a: str, pose_b: str, low: float, high: float, heading: float = 68.0) -> Callable[[Duet], None]:
    """The subject makes a gesture at the object, who looks on.

    Args:
        pose_a: of the subject.
        pose_b: of the object.
        low: least distance, metres.
        high: greatest distance.
        heading: degrees off the camera at which the gesture shows best.

    Returns:
        The choreography.
    """

    def play(d: Duet) -> None:
        d.spread(low, high)
        d.a.face(heading * d.side)
        d.both(pose_a, pose_b)

    return play


def tap(d: Duet) -> None:
    """The subject stands behind the object and taps a shoulder."""
    d.meet(0.24 + 0.23 * d.a.height)
    d.b.face(68.0 * d.side)
    shoulder = "shoulder_right" if d.side > 0 else "shoulder_left"
    hand = "right" if d.side > 0 else "left"
    d.a.reach(d.a.time, d.until, hand, d.b, shoulder, (-0.02 * d.side, 0.10, -0.03), (0.09, 1.2))
    d.both("tap", "attentive", mirror_a=d.side < 0)


def photograph(d: Duet) -> None:
    """The subject holds a camera to the eye; the object poses."""
    d.spread(1.5, 2.4)
    d.a.hold("camera", d.a.time, d.until)
    d.b.face(-30.0 * d.side)
    d.both("photograph", "model")


def help_up(d: Duet) -> None:
    """The object sits on the ground and is drawn up by the hand."""
    d.meet(0.55 + 0.18 * d.b.height)
    begin = d.a.time
    near = "left" if d.side > 0 else "right"
    height = 0.36 * min(d.a.height, d.b.height)
    far = "right" if near == "left" else "left"
    d.a.reach(begin, d.until, far, d.b, "between", (0.0, height, -0.06))
    d.b.reach(begin, d.until, near, d.a, "between", (0.0, height, -0.06))
    d.both("help_up", "get_up")


def lift(d: Duet) -> None:
    """The object, a child, is held up in the air."""
    d.meet(0.24 * d.a.height)
    d.b.face_towards(d.a.x, 40.0)
    for hand, away in (("left", 0.10), ("right", -0.10)):
        d.a.reach(d.a.time, d.until, hand, d.b, "pelvis", (0.0, 0.12, away))
    d.both("lift", "lifted")


def kneel(d: Duet) -> None:
    """The subject goes down on one knee; the object looks down."""
    d.meet(0.85)
    d.both("kneel", "look_down")


def interview(d: Duet) -> None:
    """The subject holds a microphone to the object's mouth; the object talks."""
    d.meet(0.30 + 0.30 * d.a.height)
    d.a.hold("microphone", d.a.time, d.until, "right")
    d.a.reach(d.a.time, d.until, "right", d.b, "head", (-0.24 * d.side, -0.10, -0.05))
    d.both("interview", "talk")


def massage(d: Duet) -> None:
    """The object sits; the subject stands behind with both hands on the shoulders."""
    d.meet(0.22 + 0.14 * d.a.height)
    d.b.face(60.0 * d.side)
    d.b.hold("stool", d.b.time, d.until, "seat")
    for hand, joint, rate in (("left", "shoulder_left", 1.1), ("right", "shoulder_right", 1.3)):
        d.a.reach(d.a.time + 0.5, d.until, hand, d.b, joint, (0.0, 0.07, 0.0), (0.04, rate))
    d.both("massage", "sit")
