"""Bodies obey their bones: lengths stay, feet stand on the ground, hands go where they reach."""

from math import dist, pi, radians

import pytest

from smot_vlm.synthetic.body.people import BUILDS
from smot_vlm.synthetic.body.poses import POSES, stride
from smot_vlm.synthetic.body.rhythm import mirrored
from smot_vlm.synthetic.body.skeleton import FOOT_HEIGHT, Joints, Pose, solve

HEIGHT = 1.7
BUILD = BUILDS["woman"]


def bones(joints: Joints) -> dict[str, float]:
    found = {}
    for side in ("left", "right"):
        for name, a, b in (
            ("thigh", "hip", "knee"),
            ("shin", "knee", "ankle"),
            ("arm", "shoulder", "elbow"),
            ("fore", "elbow", "hand"),
        ):
            found[f"{name}_{side}"] = dist(getattr(joints, f"{a}_{side}"), getattr(joints, f"{b}_{side}"))
    found["trunk"] = dist(joints.pelvis, joints.neck)
    return found


@pytest.mark.parametrize("name", sorted(POSES))
@pytest.mark.parametrize("time", [0.0, 0.4, 1.3, 2.9])
def test_no_posture_stretches_a_bone(name, time):
    for yaw in (0.0, 1.0, -2.0):
        found = bones(solve(POSES[name](time, 5.0, 1.0), BUILD, HEIGHT, yaw))
        for side in ("left", "right"):
            assert found[f"thigh_{side}"] == pytest.approx(BUILD.leg * HEIGHT)
            assert found[f"shin_{side}"] == pytest.approx(BUILD.leg * HEIGHT)
            assert found[f"arm_{side}"] == pytest.approx(BUILD.upper_arm * HEIGHT)
            assert found[f"fore_{side}"] == pytest.approx(BUILD.forearm * HEIGHT)
        assert found["trunk"] == pytest.approx(BUILD.torso * HEIGHT)


@pytest.mark.parametrize("name", sorted(POSES))
def test_every_posture_touches_the_ground_or_is_lifted(name):
    for step in range(20):
        pose = POSES[name](0.25 * step, 5.0, 1.0)
        joints = solve(pose, BUILD, HEIGHT, 0.7)
        lowest = min(joints.ankle_left[1], joints.ankle_right[1]) - FOOT_HEIGHT * HEIGHT
        assert pose.lift >= 0
        assert lowest >= pose.lift - 1e-9
        assert min(joints.knee_left[1], joints.knee_right[1], joints.pelvis[1], joints.head[1]) > 0


@pytest.mark.parametrize("kind", sorted(BUILDS))
def test_a_standing_body_has_its_height(kind):
    build = BUILDS[kind]
    height = sum(build.height) / 2
    joints = solve(Pose(), build, height, 0.0)
    crown = joints.head[1] + build.head * height / 2
    assert crown == pytest.approx(height, rel=0.02)


@pytest.mark.parametrize(
    ("degrees", "forward"), [(0, (0, 0, -1)), (90, (1, 0, 0)), (-90, (-1, 0, 0)), (180, (0, 0, 1))]
)
def test_headings(degrees, forward):
    joints = solve(Pose(), BUILD, HEIGHT, radians(degrees))
    assert joints.forward == pytest.approx(forward, abs=1e-9)
    toe = [b - a for a, b in zip(joints.ankle_left, joints.toe_left, strict=True)]
    assert toe[0] * forward[0] + toe[2] * forward[2] > 0


def test_the_left_hand_is_on_the_right_of_the_screen_when_facing_it():
    joints = solve(Pose(), BUILD, HEIGHT, 0.0)
    assert joints.hand_left[0] > joints.hand_right[0]
    turned = solve(Pose(), BUILD, HEIGHT, pi)
    assert turned.hand_left[0] < turned.hand_right[0]


def test_a_hand_reaches_its_goal_or_points_at_it():
    standing = solve(Pose(), BUILD, HEIGHT, 0.0)
    near = (standing.shoulder_right[0], standing.shoulder_right[1] - 0.1, -0.35)
    assert dist(solve(Pose(), BUILD, HEIGHT, 0.0, None, near).hand_right, near) < 1e-6
    far = (standing.shoulder_right[0], standing.shoulder_right[1], -5.0)
    hand = solve(Pose(), BUILD, HEIGHT, 0.0, None, far).hand_right
    arm = (BUILD.upper_arm + BUILD.forearm) * HEIGHT
    assert dist(hand, standing.shoulder_right) == pytest.approx(0.995 * arm)
    assert hand[2] == pytest.approx(-0.995 * arm)


def test_mirroring_twice_changes_nothing():
    for name in sorted(POSES):
        pose = POSES[name](1.1, 5.0, 1.0)
        assert mirrored(mirrored(pose)) == pose


def test_a_mirrored_posture_is_the_reflected_body():
    pose = POSES["wave"](0.3, 5.0, 1.0)
    plain, other = (solve(one, BUILD, HEIGHT, 0.0) for one in (pose, mirrored(pose)))
    assert other.hand_left == pytest.approx((-plain.hand_right[0], *plain.hand_right[1:]))
    assert other.knee_right == pytest.approx((-plain.knee_left[0], *plain.knee_left[1:]))


def test_blending_ends_at_both_postures():
    a, b = Pose(), POSES["crouch"](2.0, 5.0, 1.0)
    assert a.blend(b, 0.0) == a
    assert a.blend(b, 1.0)[:12] == pytest.approx(b[:12])


def test_steps_alternate():
    ahead = solve(stride(Pose(), pi / 2, False, False, True), BUILD, HEIGHT, pi / 2)
    assert ahead.ankle_left[0] > ahead.ankle_right[0]
    assert ahead.hand_left[0] < ahead.hand_right[0], "arms swing against the legs"
    behind = solve(stride(Pose(), 3 * pi / 2, False, False, True), BUILD, HEIGHT, pi / 2)
    assert behind.ankle_left[0] < behind.ankle_right[0]
