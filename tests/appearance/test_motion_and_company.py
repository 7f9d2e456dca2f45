"""Motion across the picture, and who goes along with whom."""

import numpy as np
import pytest

from smot_vlm.appearance.company import company
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
        (walker(0.15), "", ""),
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
    assert company((TIMES, TIMES), (walker(0.8), other)) == expected


def test_people_who_stand_are_no_company():
    assert company((TIMES, TIMES), (walker(), walker(start=150))) == 0.0


def test_company_wants_time_together():
    assert company((TIMES[:4], TIMES[3:]), (walker(0.8)[:4], walker(0.8, start=150)[3:])) == 0.0
