"""People of another shot are other people."""

import numpy as np
import pytest

from smot_vlm.association.associators import ASSOCIATORS
from smot_vlm.association.people_sources import DetectedPeople, GivenPeople
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.structures import Detections, Frame, Trajectory


def frame(index: int) -> Frame:
    return Frame(index, index / 25, np.zeros((60, 80, 3), np.uint8))


@pytest.mark.parametrize("name", sorted(set(ASSOCIATORS) - {"deepsort"}))
def test_ids_of_a_shot_follow_those_of_the_shots_before(name):
    boxes = Detections([[4, 4, 24, 44], [50, 10, 70, 50]], [0.9, 0.9])
    people = DetectedPeople(name, lambda _: boxes, ASSOCIATORS[name](AssociationSettings(fps=25.0)), fps=25.0)
    shots = []
    for shot in range(3):
        if shot:
            people.end_tracks()
        shots.append({number for index in range(6) for number in people.update(frame(6 * shot + index)).ids.tolist()})
    assert shots == [{1, 2}, {3, 4}, {5, 6}]


def test_ids_that_were_given_go_on():
    people = GivenPeople([Trajectory(7, [0, 1], [[0, 0, 1, 1]] * 2, [1, 1])])
    assert people.update(frame(0)).ids.tolist() == [7]
    people.end_tracks()
    assert people.update(frame(1)).ids.tolist() == [7]
