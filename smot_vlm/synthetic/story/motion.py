"""Where everyone is and what their bodies do at any second, computed from their scripts."""

from bisect import bisect_right
from math import hypot, pi, sin

from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.body.poses import FREE_ARMS, POSES, stride
from smot_vlm.synthetic.body.rhythm import ease, mirrored
from smot_vlm.synthetic.body.skeleton import PlacedBody, Pose, solve
from smot_vlm.synthetic.body.vectors import Vector, add, mix
from smot_vlm.synthetic.story.script import Actor, Gesture, PathSegment

TURN_SECONDS = 0.35
BLEND_SECONDS = 0.35
STEP_CYCLE = 0.80  # metres of one step cycle per metre of body height, walking
RUN_CYCLE = 1.25


def bodies_at(actors: tuple[Actor, ...], people: tuple[Person, ...], time: float) -> list[PlacedBody]:
    """Everyone at one time.

    Args:
        actors: the scripts.
        people: whose.
        time: seconds.

    Returns:
        In order of index.
    """
    states = [_state(actor, person, time) for actor, person in zip(actors, people, strict=True)]
    placed = [
        PlacedBody(actor.index, x, z, solve(pose, person.build, person.height, yaw))
        for actor, person, (x, z, yaw, pose) in zip(actors, people, states, strict=True)
    ]
    result = []
    for actor, person, state, base in zip(actors, people, states, placed, strict=True):
        left = _target(actor, "left", time, base, placed)
        right = _target(actor, "right", time, base, placed)
        if left is not None or right is not None:
            joints = solve(state[3], person.build, person.height, state[2], left, right)
            base = PlacedBody(actor.index, base.x, base.z, joints)
        result.append(base)
    return result


def _state(actor: Actor, person: Person, time: float) -> tuple[float, float, float, Pose]:
    x, z, segment = _position(actor, time)
    yaw = _heading(actor, time)
    pose, free = _gesture(actor, person.tempo, time)
    if segment is not None:
        length = hypot(segment.x1 - segment.x0, segment.z1 - segment.z0)
        gone = segment.distance + length * (time - segment.start) / (segment.end - segment.start)
        cycle = (RUN_CYCLE if segment.running else STEP_CYCLE) * person.height
        ahead = (segment.x1 - segment.x0) * sin(yaw) - (segment.z1 - segment.z0) * sin(yaw + pi / 2)
        stepping = stride(pose, 2 * pi * gone / cycle, segment.running, ahead < 0, free)
        weight = min(
            1.0, length / (segment.end - segment.start) / 0.3, (time - segment.start) / 0.2, (segment.end - time) / 0.2
        )
        pose = pose.blend(stepping, max(weight, 0.0))
    return x, z, yaw, pose


def _position(actor: Actor, time: float) -> tuple[float, float, PathSegment | None]:
    """Place, and the way that the actor is on."""
    x, z = actor.start_x, actor.start_z
    for segment in actor.path:
        if time < segment.start:
            break
        if time < segment.end:
            share = (time - segment.start) / (segment.end - segment.start)
            return (
                segment.x0 + (segment.x1 - segment.x0) * share,
                segment.z0 + (segment.z1 - segment.z0) * share,
                segment,
            )
        x, z = segment.x1, segment.z1
    return x, z, None


def _heading(actor: Actor, time: float) -> float:
    index = bisect_right(actor.turns, time, key=lambda turn: turn[0]) - 1
    if index < 0:
        return actor.turns[0][1] if actor.turns else 0.0
    start, goal = actor.turns[index]
    if index == 0 or time >= start + TURN_SECONDS:
        return goal
    before = actor.turns[index - 1][1]
    turn = (goal - before + pi) % (2 * pi) - pi
    return before + turn * ease((time - start) / TURN_SECONDS)


def _gesture(actor: Actor, tempo: float, time: float) -> tuple[Pose, bool]:
    """Posture without steps, and whether the arms are free to swing."""
    index = max(bisect_right(actor.gestures, time, key=lambda gesture: gesture.start) - 1, 0)
    gesture = actor.gestures[index]
    pose = _pose_at(gesture, tempo, time)
    since = time - gesture.start
    if index and since < BLEND_SECONDS:
        before = _pose_at(actor.gestures[index - 1], tempo, gesture.start)
        turns = round((before.turn - pose.turn) / (2 * pi))
        before = before._replace(turn=before.turn - 2 * pi * turns)
        pose = before.blend(pose, ease(since / BLEND_SECONDS))
    return pose, gesture.pose in FREE_ARMS


def _pose_at(gesture: Gesture, tempo: float, time: float) -> Pose:
    pose = POSES[gesture.pose](max(time - gesture.start, 0.0), gesture.end - gesture.start, tempo)
    return mirrored(pose) if gesture.mirror else pose


def _target(actor: Actor, hand: str, time: float, base: PlacedBody, placed: list[PlacedBody]) -> Vector | None:
    """Where a hand has to go, relative to the actor's own origin; None where it is free."""
    for reach in actor.reaches:
        if reach.hand != hand or not reach.start <= time < reach.end:
            continue
        partner = placed[reach.partner]
        if reach.point == "between":
            goal = ((base.x + partner.x) / 2, 0.0, (base.z + partner.z) / 2)
        else:
            goal = partner.world(getattr(partner.joints, reach.point))
        goal = add(goal, reach.offset)
        goal = add(goal, (0.0, reach.bob[0] * sin(2 * pi * reach.bob[1] * (time - reach.start)), 0.0))
        own = base.joints.hand_left if hand == "left" else base.joints.hand_right
        weight = ease((time - reach.start) / 0.3) * ease((reach.end - time) / 0.25)
        local = (goal[0] - base.x, goal[1], goal[2] - base.z)
        return mix(own, local, weight)
    return None
