"""Ground truth, results and detections: what the same row means in each, and what is said of rows that are left out."""

import codecs
from pathlib import Path

import numpy as np
import pytest

from smot_vlm.formats.box_sense import odd_boxes
from smot_vlm.formats.frame_numbers import numbers_of_names, place_rows
from smot_vlm.formats.mot_files import MotFile, read_detections, read_results, read_truth


def write(folder: Path, text: str) -> Path:
    path = folder / "mot.txt"
    path.write_text(text)
    return path


def rows_of(classes: str, end: str = "") -> str:
    """One row for each class in a text such as "0 0 2"."""
    return "".join(f"{frame},1,5,5,10,20,0.5,{one}{end}\n" for frame, one in enumerate(classes.split(), start=1))


def kept_frames(file: MotFile) -> list[int]:
    return (file.rows.frames + 1).tolist()


@pytest.mark.parametrize(
    ("read", "ids", "scores"),
    [
        (read_truth, [2, 3], [1.0, 0.5]),
        (read_results, [1, 2, 3], [0, 1, 0.5]),
        (read_detections, [1, 2, 3], [0, 1, 0.5]),
    ],
)
def test_a_0_is_a_mark_in_ground_truth_alone(tmp_path, read, ids, scores):
    file = read(write(tmp_path, "1,1,1,2,3,4,0\n1,2,1,2,3,4,-1\n1,3,1,2,3,4,0.5\n"))
    assert file.rows.ids.tolist() == ids
    assert file.rows.scores.tolist() == scores
    assert [(loss.kind, loss.count) for loss in file.losses] == ([("ignored-row", 1)] if read is read_truth else [])


@pytest.mark.parametrize("read", [read_truth, read_results, read_detections])
@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff\r\n"])
def test_a_file_without_a_row_is_nobody(tmp_path, read, text):
    file = read(write(tmp_path, text))
    assert (len(file.rows), file.rows.boxes.shape, file.losses) == (0, (0, 4), ())


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("0 0", [1, 1]), ("-1 -1", [1, 1]), ("0 -1", [1, 1]), ("0.5 -1", [0.5, 1]), ("2.5 -0.3 -1", [2.5, -0.3, -1])],
)
def test_scores_that_are_none_and_scores_below_0(tmp_path, written, read_as):
    text = "".join(f"{frame},-1,5,5,10,20,{score}\n" for frame, score in enumerate(written.split(), start=1))
    assert read_detections(write(tmp_path, text)).rows.scores.tolist() == read_as


@pytest.mark.parametrize("read", [read_results, read_detections])
@pytest.mark.parametrize(
    ("classes", "end", "asked", "frames"),
    [
        ("0 0 2", ",-1", None, [1, 2]),  # COCO's numbers, from 0
        ("1 2 1", ",0.7", None, [1, 3]),  # MOTChallenge's, from 1
        ("1 2 1", "", None, [1, 3]),
        ("1 7 1", ",-1,-1", None, [1, 3]),
        ("1 7 1", ",3.2,-1", None, [1, 2, 3]),  # a place in the world
        ("-1 -1 2", ",1", None, [1, 2]),
        ("person car Pedestrian", ",1", None, [1, 3]),
        ("0.3 0.9 1.0", "", None, [1, 2, 3]),  # no class, but a visibility
        ("0 0 2", ",-1", {2}, [3]),
        ("0 5 2", ",-1", {2, 5}, [2, 3]),
    ],
)
def test_classes_of_a_trackers_file(tmp_path, read, classes, end, asked, frames):
    file = read(write(tmp_path, rows_of(classes, end)), asked)
    assert kept_frames(file) == frames
    left_out = 3 - len(frames)
    assert sum(loss.count for loss in file.losses) == left_out
    if left_out:
        assert f"{left_out} of 3 rows are of other classes" in file.losses[0].message


def test_labels_beside_a_trackers_file(tmp_path):
    (tmp_path / "Labels.txt").write_text("car\nPerson\n\n")
    assert kept_frames(read_results(write(tmp_path, rows_of("1 2 2", ",1")))) == [2, 3]
    assert kept_frames(read_truth(tmp_path / "mot.txt")) == [2, 3]
    assert kept_frames(read_truth(tmp_path / "mot.txt", {1})) == [1]
    (tmp_path / "Labels.txt").write_text("car\nbus\n")
    with pytest.raises(ValueError, match=r"Labels.txt: labels are 'car', 'bus'; none is person"):
        read_results(tmp_path / "mot.txt")


def test_boxes_without_ids_are_no_results(tmp_path):
    path = write(tmp_path, "1,-1,5,5,10,20,0.5\n2,-1,5,5,10,20,0.5\n")
    with pytest.raises(ValueError, match=r"mot.txt: every id is -1, .*--detections"):
        read_results(path)
    assert len(read_detections(path).rows) == 2
    file = read_results(write(tmp_path, "1,-1,5,5,10,20,0.5\n1,-1,50,5,10,20,0.5\n1,4,5,5,10,20,0.5\n"))
    assert file.rows.ids.tolist() == [4]
    assert [(loss.kind, loss.count) for loss in file.losses] == [("row-without-id", 2)]


def test_a_file_that_windows_wrote(tmp_path):
    path = tmp_path / "mot.txt"
    path.write_bytes(codecs.BOM_UTF16_LE + "1,1,5,5,10,20,1\r\n2,1,5,5,10,20,1\r\n".encode("utf-16-le"))
    assert kept_frames(read_results(path)) == [1, 2]


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        ([[100, 40, 130, 90], [10, 10, 40, 110]], None),
        # Corners 150,60,200,140 and 20,30,60,120 in a frame of 200 x 150, read as sides.
        (
            [[150, 60, 350, 200], [20, 30, 80, 150]],
            "1 of 2 boxes leave the 200 x 150 frame, and all fit in as x1,y1,x2,y2",
        ),
        ([[300, 10, 340, 60], [500, 10, 540, 60], [10, 10, 50, 60]], "2 of 3 boxes leave"),
        ([[0.2, 0.1, 0.4, 0.6], [0.5, 0.1, 0.7, 0.6]], "fractions of the frame"),
        ([[-10, -5, 40, 100], [190, 100, 210, 160]], None),  # amodal boxes
        ([], None),
    ],
)
def test_boxes_in_another_form_are_told(boxes, reason):
    found = odd_boxes(np.array(boxes, dtype=float).reshape(-1, 4), 200, 150)
    assert (found is None) == (reason is None)
    assert reason is None or reason in found


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["000031.jpg", "000032.jpg"], [30, 31]),
        (["frame_9.png", "frame_10.png"], [8, 9]),
        (["0.jpg", "1.jpg"], None),
        (["a.jpg", "b.jpg"], None),
        (["a1.jpg", "b1.jpg"], None),
        ([], None),
    ],
)
def test_numbers_of_images(names, numbers):
    found = numbers_of_names(names)
    assert (None if found is None else found.tolist()) == numbers


@pytest.mark.parametrize(
    ("images", "rows", "positions", "kinds"),
    [
        (range(1, 5), [1, 4], [0, 3], []),
        (range(1, 5), [1, 5, 6], [0, -1, -1], ["row-without-image"]),
        (range(31, 35), [1, 31, 34], [-1, 0, 3], ["row-without-image"]),
        (range(31, 35), [1, 2, 4], [0, 1, 3], ["renumbered"]),
        ([1, 2, 4, 5], [1, 2, 3, 4], [0, 1, -1, 2], ["row-without-image"]),
        ([1, 13, 25], [1, 2, 13, 25], [0, -1, 1, 2], ["row-without-image"]),
        (range(31, 35), [90], [-1], ["row-without-image"]),
        (range(1, 5), [], [], []),
    ],
)
def test_rows_belong_to_the_image_of_their_number(images, rows, positions, kinds):
    frames, numbers = (np.array(list(values), dtype=np.int64) - 1 for values in (rows, images))
    placement = place_rows(frames, numbers, "mot.txt")
    assert placement.positions.tolist() == positions
    assert [loss.kind for loss in placement.losses] == kinds
    assert sum(loss.count for loss in placement.losses) == (len(rows) if "renumbered" in kinds else positions.count(-1))


def corners(x: float, y: float, width: float, height: float, angle: float) -> str:
    """The four corners of a box that is turned about its middle."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offsets = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    return ",".join(f"{value:.3f}" for value in ((x, y) + offsets @ turn.T).ravel())


# As BoxMOT writes rotated boxes (score, class, number of the detection), and as MMOT's ground truth has them.
ROTATED = (
    f"1,7,{corners(50, 40, 20, 10, np.pi / 2)},0.9,2,4\n"
    f"2,7,{corners(50, 40, 20, 20, np.pi / 4)},0.8,2,0\n"
    f"2,8,{corners(90, 40, 30, 10, 0.1)},0.7,0,1\n"
)


@pytest.mark.parametrize("read", [read_truth, read_results, read_detections])
def test_a_rotated_box_is_the_upright_box_around_it_and_that_is_told(tmp_path, read):
    file = read(write(tmp_path, ROTATED), classes=[2])
    assert (file.rows.ids.tolist(), file.rows.scores.tolist()) == ([7, 7], [0.9, 0.8])
    half = 10 * np.sqrt(2)
    expected = [[45, 30, 55, 50], [50 - half, 40 - half, 50 + half, 40 + half]]
    np.testing.assert_allclose(file.rows.boxes, expected, atol=0.002)
    assert [(loss.kind, loss.count) for loss in file.losses] == [("rotated-box", 3), ("other-class", 1)]
    assert "3 of 3 rows are rotated boxes; read as the upright boxes around them" in file.losses[0].message


@pytest.mark.parametrize("read", [read_truth, read_results, read_detections])
def test_classes_of_rotated_boxes_are_asked_for(tmp_path, read):
    """Nobody's custom says which number is a person's: in MMOT 0 is a car and 2 a pedestrian."""
    with pytest.raises(ValueError, match=r"rotated boxes, whose classes \(0, 2\) .* with --classes"):
        read(write(tmp_path, ROTATED))
    text = ROTATED.replace(",2,4\n", ",-1,4\n").replace(",2,0\n", ",-1,0\n").replace(",0,1\n", ",-1,1\n")
    assert len(read(write(tmp_path, text)).rows) == 3


def test_corners_that_are_rounded_are_corners(tmp_path):
    text = "3,1,27,11,61,31,52,46,18,27,1,-1,-1\n"
    assert read_results(write(tmp_path, text)).rows.boxes.tolist() == [[18, 11, 61, 46]]


def test_other_rows_of_thirteen_columns_are_boxes_as_ever(tmp_path):
    text = "1,1,794.2,247.5,71.2,174.8,0.9,-1,-1,-1,0,0,0\n"
    file = read_results(write(tmp_path, text))
    np.testing.assert_allclose(file.rows.boxes, [[794.2, 247.5, 865.4, 422.3]])
    assert file.losses == ()
