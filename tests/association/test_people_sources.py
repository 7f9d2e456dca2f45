"""Boxes from a MOT file, frame by frame, and their gathering into trajectories."""

import numpy as np
import pytest

from smot_vlm.association.people_sources import DetectedPeople, GivenDetections, GivenPeople
from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.timing import PartTimes


def frame(index: int) -> Frame:
    return Frame(index, index / 25, np.zeros((4, 4, 3), np.uint8))


def test_a_mot_file_gives_each_frame_its_boxes(tmp_path):
    path = tmp_path / "mot.txt"
    path.write_text("3,7,1,2,10,20,0.5\n1,7,0,0,10,10,1\n1,2,5,5,10,10,-1\n")
    people = GivenPeople(path)
    first = people.update(frame(0))
    assert first.ids.tolist() == [2, 7]
    assert first.boxes.tolist() == [[5, 5, 15, 15], [0, 0, 10, 10]]
    assert first.scores.tolist() == [1.0, 1.0]
    assert len(people.update(frame(1))) == 0
    assert people.update(frame(2)).scores.tolist() == [0.5]
    assert people.used == 3


def test_frames_that_are_skipped_leave_their_boxes(tmp_path):
    path = tmp_path / "mot.txt"
    path.write_text("1,1,0,0,9,9\n2,1,1,1,9,9\n3,1,2,2,9,9\n")
    people = GivenPeople(path)
    assert [people.update(frame(index)).boxes[0, 0] for index in (0, 2)] == [0.0, 2.0]


def test_boxes_without_ids_are_handed_out_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "det.txt"
    path.write_text("2,-1,0,0,4,4,0.9\n1,-1,5,5,10,10,0.7\n1,-1,1,1,10,10,0.8\n")
    detections = GivenDetections(path)
    first = detections.detect(frame(0))
    assert first.boxes[:, 0].tolist() == [5, 1]
    assert first.scores.tolist() == [0.7, 0.8]
    assert first.ids is None
    assert len(detections.detect(frame(1))) == 1
    assert len(detections.detect(frame(2))) == 0
    with pytest.raises(ValueError, match=r"det.txt:3: id -1 was already in frame 1"):
        GivenPeople(path)


def test_rows_become_trajectories_by_id():
    builder = TrajectoryBuilder()
    builder.add(0, Detections([[0, 0, 1, 1], [5, 5, 6, 6]], [0.9, 0.8], ids=[4, 1]))
    builder.add(1, Detections([], [], ids=[]))
    builder.add(2, Detections([[1, 1, 2, 2]], [0.7], ids=[4]))
    tracks = builder.build()
    assert [track.id for track in tracks] == [1, 4]
    assert tracks[1].frames.tolist() == [0, 2]
    assert tracks[1].boxes.tolist() == [[0, 0, 1, 1], [1, 1, 2, 2]]
    assert tracks[1].scores == pytest.approx([0.9, 0.7])


def test_nobody_gives_no_trajectory():
    assert TrajectoryBuilder().build() == []


def test_association_is_timed_apart_from_the_detector():
    class Numbering:
        def update(self, detections: Detections, image: np.ndarray | None = None, elapsed: float = 1.0) -> Detections:
            return Detections(detections.boxes, detections.scores, np.arange(len(detections)))

        def reset(self) -> None:
            pass

    times = PartTimes()

    def detect(frame: Frame) -> Detections:
        assert "association" not in times.seconds, "parts must not nest"
        return Detections([[0, 0, 1, 1]], [0.9])

    people = DetectedPeople("numbering", detect, Numbering(), times, fps=25.0)
    assert people.update(frame(0)).ids.tolist() == [0]
    assert list(times.seconds) == ["association"]
