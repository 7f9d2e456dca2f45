import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.formats import mot, mot_files


def read(tmp_path, text: str, **options) -> mot.MotRows:
    path = tmp_path / "gt.txt"
    path.write_bytes(text.encode())
    return mot_files.read_truth(path, **options).rows


def test_frames_count_from_0_and_boxes_are_corners(tmp_path):
    rows = read(tmp_path, "1,7,10,20,30,40,1,1,1.0\n3,7,0.5,1,2,3,0.25\n")
    assert rows.frames.tolist() == [0, 2]
    assert rows.ids.tolist() == [7, 7]
    assert rows.boxes.tolist() == [[10, 20, 40, 60], [0.5, 1, 2.5, 4]]
    assert rows.scores.tolist() == [1.0, 0.25]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff1,1,1,2,3,4,1\r\n2,1,1,2,3,4,1",
        "1, 1, 1, 2, 3, 4, 1  \n\n2,1,1,2,3,4,1\n",
        "1 1 1 2 3 4\n2\t1\t1\t2\t3\t4",
    ],
    ids=["bom, windows, no last line end", "blanks", "blanks for commas"],
)
def test_files_as_people_save_them(tmp_path, text):
    rows = read(tmp_path, text)
    assert rows.frames.tolist() == [0, 1]
    assert rows.boxes.tolist() == [[1, 2, 4, 6]] * 2


def test_score_0_is_ignored_and_a_negative_score_is_none(tmp_path):
    rows = read(tmp_path, "1,1,1,2,3,4,0\n1,2,1,2,3,4,-1\n")
    assert rows.ids.tolist() == [2]
    assert rows.scores.tolist() == [1.0]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("1,1,a,2,3,4", "not numbers"),
        ("1,1,2,3", "4 values"),
        ("1,1,nan,2,3,4", "not finite"),
        ("1,1,1,2,inf,4", "not finite"),
        ("1e30,1,1,2,3,4", "beyond"),
        ("1,-1e30,1,2,3,4", "beyond"),
        ("1,1,1e308,2,1e308,4", "beyond"),
        ("0,1,1,2,3,4", "from 1"),
        ("1.5,1,1,2,3,4", "whole numbers"),
        ("1,1.5,1,2,3,4", "whole numbers"),
        ("1,1,1,2,-3,4", "above 0"),
        ("1,1,1,2,3,0", "above 0"),
        ("1,9,1,2,3,4", "already in frame 1"),
    ],
)
def test_a_bad_row_names_its_line(tmp_path, line, word):
    with pytest.raises(ValueError, match=rf"gt.txt:2: .*{word}"):
        read(tmp_path, f"1,9,1,2,3,4\n{line}\n")


def test_files_without_boxes(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such MOT file"):
        mot_files.read_truth(tmp_path / "absent.txt")
    assert len(read(tmp_path, "\n\n")) == 0
    (tmp_path / "gt.txt").write_bytes(b"1,1,1,2,3,4\n\x9c")
    with pytest.raises(ValueError, match=r"gt\.txt:2: not a text file"):
        mot_files.read_truth(tmp_path / "gt.txt")


def test_classes_are_told_by_nine_columns_only(tmp_path):
    rows = "1,1,1,2,3,4,1,1,0.5\n1,2,1,2,3,4,1,7,0.5\n1,3,1,2,3,4,1,-1,1\n1,4,1,2,3,4,1,7,3.2,-1\n1,5,1,2,3,4,1\n"
    assert read(tmp_path, rows, classes={1}).ids.tolist() == [1, 3, 4, 5]
    assert read(tmp_path, rows).ids.tolist() == [1, 2, 3, 4, 5]


coordinate = st.integers(-4_000_000, 4_000_000).map(lambda value: value / 1000)
extent = st.integers(1, 4_000_000).map(lambda value: value / 1000)
rows = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 500), coordinate, coordinate, extent, extent, st.integers(1, 10_000)),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[:2],
)


@given(rows)
def test_write_then_read_is_the_identity(tmp_path_factory, rows):
    table = np.array(rows, dtype=np.float64)
    boxes = np.concatenate([table[:, 2:4], table[:, 2:4] + table[:, 4:6]], axis=1)
    written = mot.MotRows(table[:, 0].astype(int), table[:, 1].astype(int), boxes, table[:, 6] / 10_000)
    path = tmp_path_factory.getbasetemp() / "identity.txt"
    path.write_text(mot.format_mot(written))
    found = mot_files.read_results(path).rows
    order = np.lexsort((written.ids, written.frames))
    np.testing.assert_array_equal(found.frames, written.frames[order])
    np.testing.assert_array_equal(found.ids, written.ids[order])
    np.testing.assert_allclose(found.boxes, written.boxes[order], atol=1e-6)
    np.testing.assert_allclose(found.scores, written.scores[order], atol=1e-9)
    assert mot.format_mot(found) == mot.format_mot(written)


def test_concatenate_nothing_is_empty():
    assert len(mot.concatenate([])) == 0
    assert mot.format_mot(mot.concatenate([])) == ""
