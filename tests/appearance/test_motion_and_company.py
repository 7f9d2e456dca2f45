"""Motion across the picture, and who goes along with whom."""

import numpy as np
import pytest

from smot_vlm.appearance.company import company
from smot_vlm.appearance.courses import Course, Courses
from smot_vlm.appearance.motion import motion_of

TIMES = np.arange(0, 4, 0.5)


def walker(speed: float = 0.0, start: float = 100.0, growth: float = 1.0, foot: float = 300.0) -> np.ndarray:
    """Boxes of a person 100 pixels tall who moves `speed` heights a second to the right."""
    height = 100 * growth**TIMES
    middle = start + 100 * speed * TIMES
    return np.stack([middle - 20, foot - height, middle + 20, np.full_like(TIMES, foot)], axis=1)


@pytest.mark.parametrize(
    ("boxes", "state", "direction"),
    [
        (walker(0.8), "moves", "to the right"),
        (walker(-0.8), "moves", "to the left"),
        (walker(), "stays", ""),
        (walker(0.15), "", ""),  # half a height in all
        (walker(-0.2), "moves", "to the left"),  # slowly, but not on the spot any more
        (walker(growth=1.4), "moves", "towards the camera"),
        (walker(growth=1 / 1.4), "moves", "away from the camera"),
    ],
)
def test_motion(boxes, state, direction):
    found = motion_of(TIMES, boxes)
    assert (found.state, found.direction) == (state, direction)


def test_speed_is_in_heights_a_second():
    assert motion_of(TIMES, walker(0.8)).speed == pytest.approx(0.8)


def test_too_short_a_track_tells_no_motion():
    assert motion_of(TIMES[:2], walker(0.8)[:2]).state == ""
    assert motion_of(TIMES[:3] / 10, walker(0.8)[:3]).state == ""
    assert motion_of(TIMES[:4] / 2, walker(0.4)[:4]).state == "moves", "out of the picture within a second"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (walker(0.8, start=150), 1.0),  # beside
        (walker(0.8, start=400), 0.0),  # far behind
        (walker(-0.8, start=150), 0.0),  # the other way
        (walker(0.4, start=150), 0.0),  # slower
        (walker(0.8, start=150, foot=340), 0.0),  # on another path
    ],
)
def test_company(other, expected):
    assert company(Course(TIMES, walker(0.8)), Course(TIMES, other)) == expected


def test_people_who_stand_are_no_company():
    assert company(Course(TIMES, walker()), Course(TIMES, walker(start=150))) == 0.0


def test_company_wants_time_together():
    assert company(Course(TIMES[:4], walker(0.8)[:4]), Course(TIMES[3:], walker(0.8, start=150)[3:])) == 0.0


def test_a_slow_walk_shows_after_some_time():
    times, steps = np.arange(0, 8, 0.25), np.arange(32)[:, None]
    boxes = np.array([100.0, 200, 140, 300]) + steps * np.array([2.5, 0, 2.5, 0])  # 0.1 heights a second
    assert motion_of(times[:16], boxes[:16]).state == ""
    assert motion_of(times, boxes).state == "moves"
    swaying = np.array([100.0, 200, 140, 300]) + 8 * (np.arange(32) % 2)[:, None] * np.array([1, 0, 1, 0])
    assert motion_of(times, swaying).state == "stays", "to and fro leads nowhere"


def test_courses_of_people_who_come_one_after_the_other_have_looks_in_common():
    courses = Courses()
    for look in range(300):
        for person, first in ((1, 0), (2, 7)):
            if look >= first:
                courses.add(person, look / 4, np.array([10.0 * look, 0, 10 * look + 40, 100]))
    assert company(courses.of(1), courses.of(2)) == 1.0


def test_courses_keep_the_newest_looks_and_let_go_of_people():
    courses = Courses()
    courses.keep_newest(3)
    for look in range(5):
        courses.add(1, look / 2, np.full(4, look, np.float64))
    held = courses.snapshot()
    courses.add(1, 2.5, np.full(4, 5.0))
    assert held.of(1).times.tolist() == [1.0, 1.5, 2.0]
    assert held.of(1).newest(0.5).boxes[:, 0].tolist() == [3, 4]
    assert courses.of(1).boxes[:, 0].tolist() == [3, 4, 5]
    courses.forget([1, 9])
    assert held.of(1).times.tolist() == [1.0, 1.5, 2.0]
    with pytest.raises(KeyError):
        courses.of(1)
