"""Boxes from a file, frame by frame, and their gathering into trajectories."""

import json
import logging

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
    assert people.boxes.used == 3


def test_frames_that_are_skipped_leave_their_boxes(tmp_path):
    path = tmp_path / "mot.txt"
    path.write_text("1,1,0,0,9,9\n2,1,1,1,9,9\n3,1,2,2,9,9\n")
    people = GivenPeople(path)
    assert [people.update(frame(index)).boxes[0, 0] for index in (0, 2)] == [0.0, 2.0]


@pytest.mark.parametrize(("width", "height", "scaled"), [(8, 6, False), (32, 12, True)])
def test_boxes_of_masks_are_scaled_to_the_video(tmp_path, caplog, width, height, scaled):
    masks = np.zeros((2, 1, 6, 8), dtype=bool)
    masks[:, 0, 2:5, 1:3] = True
    path = tmp_path / "masks.npz"
    np.savez(path, masks=masks, ids=[9])
    people = GivenPeople(path)
    with caplog.at_level(logging.INFO):
        found = [people.update(Frame(index, 0.0, np.zeros((height, width, 3), np.uint8))) for index in range(2)]
    factors = np.array([width / 8, height / 6] * 2)
    for one in found:
        assert one.boxes.tolist() == [(factors * [1, 2, 3, 5]).tolist()]
        assert one.ids.tolist() == [9]
    assert caplog.text.count("boxes of 8 x 6 pixels are scaled to the 32 x 12 of the video") == scaled
    assert "WARNING" not in caplog.text


@pytest.mark.parametrize(
    ("content", "frames"),
    [
        # Images 000002.jpg to 000005.jpg: a predictor counts them from 0, names are numbers.
        ([{"1": [0, 0, 2, 2]}, {}, {"1": [0, 0, 2, 2]}], [0, 2]),
        (
            [
                {"image_id": 3, "bbox": [0, 0, 2, 2], "track_id": 1},
                {"image_id": 5, "bbox": [0, 0, 2, 2], "track_id": 1},
            ],
            [1, 3],
        ),
    ],
)
def test_frames_of_a_folder_of_images_that_does_not_begin_with_1(tmp_path, content, frames):
    path = tmp_path / "tracks.json"
    path.write_text(json.dumps(content))
    people = GivenPeople(path, numbers=np.array([1, 2, 3, 4]))
    assert [index for index in range(4) if len(people.update(frame(index)))] == frames


def test_what_was_left_out_or_guessed_is_told(tmp_path, caplog):
    path = tmp_path / "tracks.json"
    entry = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 2], "track_id": 1}
    path.write_text(json.dumps([entry, {**entry, "category_id": 2, "track_id": 2}, {**entry, "bbox": [0, 0, 0, 2]}]))
    people = GivenPeople(path)
    assert people.update(frame(0)).ids.tolist() == [1]
    for told in (
        "image_id is taken as the frame, counted from 1",
        "1 boxes have a width",
        "1 of 2 rows are of other classes",
    ):
        assert caplog.text.count(told) == 1


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
    with pytest.raises(ValueError, match=r"det.txt: every id is -1, .*--detections"):
        GivenPeople(path)


@pytest.mark.parametrize("source", [GivenPeople, GivenDetections])
def test_what_does_not_fit_the_video_is_told(tmp_path, caplog, source):
    path = tmp_path / "mot.txt"
    path.write_text("1,1,1,1,2,2\n2,1,1,1,2,2\n9,1,1,1,2,2\n")
    given = source(path)
    boxes = given.boxes
    for index in range(3):
        boxes.of(frame(index))
    boxes.check_used("clip.mp4", ended=False)
    assert caplog.text == "", "more frames may come"
    boxes.check_used("clip.mp4", ended=True)
    boxes.check_used("clip.mp4", ended=True)
    assert caplog.text.count("1 of 3 boxes lie beyond the last frame of clip.mp4, which is frame 3") == 1


@pytest.mark.parametrize("source", [GivenPeople, GivenDetections])
def test_boxes_of_another_video_are_an_error_and_no_boxes_are_none(tmp_path, source):
    path = tmp_path / "mot.txt"
    path.write_text("8,1,1,1,2,2\n")
    given = source(path)
    given.boxes.of(frame(0))
    with pytest.raises(ValueError, match=r"mot.txt: none of its boxes lies in the frames that were read of clip.mp4"):
        given.boxes.check_used("clip.mp4", ended=True)
    path.write_text("")
    nobody = source(path)
    assert len(nobody.boxes.of(frame(0))) == 0
    nobody.boxes.check_used("clip.mp4", ended=True)


def test_corners_in_place_of_sides_are_told_once(tmp_path, caplog):
    path = tmp_path / "mot.txt"
    path.write_text("1,1,1,1,4,4\n2,1,2,1,4,3\n")
    people = GivenPeople(path)
    for index in range(2):
        people.update(frame(index))
    assert caplog.text.count("all fit in as x1,y1,x2,y2") == 1


def test_detections_that_were_given_are_checked_behind_an_associator(tmp_path):
    path = tmp_path / "det.txt"
    path.write_text("8,-1,1,1,2,2\n")
    people = DetectedPeople("none", GivenDetections(path), lambda: None, fps=25.0)
    with pytest.raises(ValueError, match="none of its boxes"):
        people.check_used("clip.mp4", ended=True)


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
