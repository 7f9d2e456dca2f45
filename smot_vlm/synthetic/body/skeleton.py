"""From a pose in angles to joints in space: forward kinematics for trunk, legs and head, two-bone reach for the arms.

Coordinates of one person, in metres: x to the right of the screen, y up from the ground, z away from the camera;
the origin lies on the ground under the pelvis. Yaw 0 looks into the camera, +90 degrees to the right of the screen.
"""

from dataclasses import dataclass
from math import cos, sin, sqrt
from typing import NamedTuple

from smot_vlm.synthetic.body.people import Build
from smot_vlm.synthetic.body.vectors import Vector, add, dot, mix, scale, unit

FOOT_HEIGHT = 0.022  # of the body height


class Pose(NamedTuple):
    """A body's posture. Angles in radians; hands relative to the shoulder in arm lengths: outwards, up, forward.

    Attributes:
        lean: trunk forwards.
        side: trunk towards the left hand.
        tilt: the whole body backwards (pi / 2 lies on the back).
        lift: metres above the ground.
        turn: added to the yaw.
        hip_left: thigh forwards.
        hip_right: thigh forwards.
        knee_left: shin backwards.
        knee_right: shin backwards.
        spread: legs apart.
        head_yaw: to the left.
        head_pitch: downwards.
        left: hand.
        right: hand.
    """

    lean: float = 0.0
    side: float = 0.0
    tilt: float = 0.0
    lift: float = 0.0
    turn: float = 0.0
    hip_left: float = 0.0
    hip_right: float = 0.0
    knee_left: float = 0.0
    knee_right: float = 0.0
    spread: float = 0.06
    head_yaw: float = 0.0
    head_pitch: float = 0.0
    left: Vector = (0.10, -0.97, 0.03)
    right: Vector = (0.10, -0.97, 0.03)

    def blend(self, other: "Pose", weight: float) -> "Pose":
        """The posture between this one and another.

        Args:
            other: the other one.
            weight: 0 for this one, 1 for the other.

        Returns:
            Linear in every number.
        """
        numbers = [a + (b - a) * weight for a, b in zip(self[:12], other[:12], strict=True)]
        return Pose._make((*numbers, mix(self.left, other.left, weight), mix(self.right, other.right, weight)))


class Joints(NamedTuple):
    """Places of a body's joints, and its directions.

    Attributes:
        pelvis, neck, head, chest: places on the middle line.
        shoulder_left, shoulder_right, elbow_left, elbow_right, hand_left, hand_right: places of the arms.
        hip_left, hip_right, knee_left, knee_right, ankle_left, ankle_right, toe_left, toe_right: places of the legs.
        up: of the trunk.
        forward: of the trunk.
        to_left: of the body.
        face: where the face points.
    """

    pelvis: Vector
    neck: Vector
    head: Vector
    shoulder_left: Vector
    shoulder_right: Vector
    elbow_left: Vector
    elbow_right: Vector
    hand_left: Vector
    hand_right: Vector
    hip_left: Vector
    hip_right: Vector
    knee_left: Vector
    knee_right: Vector
    ankle_left: Vector
    ankle_right: Vector
    toe_left: Vector
    toe_right: Vector
    chest: Vector
    up: Vector
    forward: Vector
    to_left: Vector
    face: Vector


@dataclass(frozen=True)
class PlacedBody:
    """One person at one time.

    Attributes:
        index: of the person.
        x: metres on the stage, to the right.
        z: metres away from the camera.
        joints: relative to there.
    """

    index: int
    x: float
    z: float
    joints: Joints

    def world(self, point: Vector) -> Vector:
        """A joint's place on the stage.

        Args:
            point: relative to the body's origin.

        Returns:
            x, height, z.
        """
        return (self.x + point[0], point[1], self.z + point[2])


def solve(
    pose: Pose,
    build: Build,
    height: float,
    yaw: float,
    reach_left: Vector | None = None,
    reach_right: Vector | None = None,
) -> Joints:
    """Joints of a body; a hand with a reach target goes there as far as the arm allows.

    Args:
        pose: the posture.
        build: proportions.
        height: metres.
        yaw: heading, radians.
        reach_left: where the left hand goes, relative to the body's origin; None: as the posture has it.
        reach_right: the same of the right hand.

    Returns:
        Places in metres, relative to the origin on the ground under the pelvis.
    """
    yaw += pose.turn
    level = (sin(yaw), 0.0, -cos(yaw))
    left = (cos(yaw), 0.0, sin(yaw))
    body_up = add((0.0, cos(pose.tilt), 0.0), level, -sin(pose.tilt))
    body_forward = add(scale(level, cos(pose.tilt)), (0.0, 1.0, 0.0), sin(pose.tilt))

    up = add(scale(body_up, cos(pose.lean) * cos(pose.side)), body_forward, sin(pose.lean))
    up = unit(add(up, left, sin(pose.side)))
    forward = unit(add(scale(body_forward, cos(pose.lean)), body_up, -sin(pose.lean)))

    hips, knees, ankles, toes = _legs(pose, build, height, body_up, body_forward, left)

    neck = scale(up, build.torso * height)
    face = _face_direction(pose, level, left, up, body_forward)
    head_axis = unit(add(up, forward, 0.35 * sin(pose.head_pitch)))
    head = add(neck, head_axis, (build.neck + build.head / 2) * height)
    chest = add(scale(up, 0.72 * build.torso * height), forward, build.torso_radius * height)

    arm_length = (build.upper_arm + build.forearm) * height
    shoulders, elbows, hands = [], [], []
    lowest = _lowest(build, height, hips, knees, ankles, neck, head)
    rise = pose.lift - lowest
    for sign, hand, reach in ((1.0, pose.left, reach_left), (-1.0, pose.right, reach_right)):
        outwards_axis = scale(left, sign)
        shoulder = add(neck, outwards_axis, build.shoulder * height)
        target = add(
            add(add(shoulder, outwards_axis, hand[0] * arm_length), up, hand[1] * arm_length),
            forward,
            hand[2] * arm_length,
        )
        if reach is not None:
            target = (reach[0], reach[1] - rise, reach[2])
        pole = add(add(scale(outwards_axis, 0.55), up, -0.55), forward, -0.5)
        elbow, wrist = _two_bones(shoulder, target, pole, build.upper_arm * height, build.forearm * height)
        shoulders.append(shoulder)
        elbows.append(elbow)
        hands.append(wrist)

    points = [(0.0, 0.0, 0.0), neck, head, *shoulders, *elbows, *hands, *hips, *knees, *ankles, *toes, chest]
    return Joints._make((*((x, y + rise, z) for x, y, z in points), up, forward, left, face))


def _legs(
    pose: Pose, build: Build, height: float, up: Vector, forward: Vector, left: Vector
) -> tuple[list[Vector], list[Vector], list[Vector], list[Vector]]:
    """Hips, knees, ankles and toes, left and right, relative to the pelvis."""
    hips, knees, ankles, toes = [], [], [], []
    for sign, hip_angle, knee_angle in ((1.0, pose.hip_left, pose.knee_left), (-1.0, pose.hip_right, pose.knee_right)):
        shin_angle, outwards = hip_angle - knee_angle, sign * sin(pose.spread)
        hip = scale(left, sign * build.hip * height)
        knee = add(hip, _swing(up, forward, left, hip_angle, outwards), build.leg * height)
        ankle = add(knee, _swing(up, forward, left, shin_angle, outwards), build.leg * height)
        foot = unit(add(scale(forward, cos(0.6 * shin_angle)), up, 0.5 * sin(shin_angle)))
        hips.append(hip)
        knees.append(knee)
        ankles.append(ankle)
        toes.append(add(add(ankle, foot, 0.10 * height), up, -0.012 * height))
    return hips, knees, ankles, toes


def _swing(up: Vector, forward: Vector, left: Vector, angle: float, outwards: float) -> Vector:
    return unit(add(add(scale(up, -cos(angle)), forward, sin(angle)), left, outwards))


def _face_direction(pose: Pose, level: Vector, left: Vector, up: Vector, forward: Vector) -> Vector:
    ahead = forward if pose.tilt else level
    turned = add(scale(ahead, cos(pose.head_yaw)), left, sin(pose.head_yaw))
    return unit(add(turned, up, -sin(pose.head_pitch)))


def _lowest(
    build: Build,
    height: float,
    hips: list[Vector],
    knees: list[Vector],
    ankles: list[Vector],
    neck: Vector,
    head: Vector,
) -> float:
    """Height of the lowest point of the body's outline, relative to the pelvis."""
    return min(
        min(point[1] for point in ankles) - FOOT_HEIGHT * height,
        min(point[1] for point in knees) - build.leg_radius * height,
        min(point[1] for point in hips) - build.leg_radius * height,
        neck[1] - build.torso_radius * height,
        head[1] - build.head * height / 2,
    )


def _two_bones(shoulder: Vector, target: Vector, pole: Vector, upper: float, fore: float) -> tuple[Vector, Vector]:
    """Elbow and hand: the hand at `target` or as near as the arm reaches, the elbow bent towards `pole`."""
    line = add(target, shoulder, -1.0)
    distance = sqrt(dot(line, line))
    direction = unit(line)
    reach = min(max(distance, 0.25 * (upper + fore)), 0.995 * (upper + fore))
    along = (upper**2 - fore**2 + reach**2) / (2 * reach)
    aside = sqrt(max(upper**2 - along**2, 0.0))
    bend = unit(add(pole, direction, -dot(pole, direction)))
    elbow = add(add(shoulder, direction, along), bend, aside)
    return elbow, add(shoulder, direction, reach)
