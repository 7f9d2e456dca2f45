"""Tracks made elsewhere that are damaged, hostile or of another form: one line says what is wrong and where."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smot_vlm.formats.track_files import read_tracks


def write(folder: Path, content: Any) -> Path:
    path = folder / "tracks"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


GOOD = {"object_ids": [1], "boxes": [[0, 0, 5, 5]]}
RLE = {"size": [4, 4], "counts": [5, 2, 9]}
ROW = {"x_min": 0, "y_min": 0, "x_max": 5, "y_max": 5, "class_id": "", "confidence": "", "tracker_id": 1, "frame": 0}
RESULT = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "track_id": 1}
UNKNOWN = "no form of tracks that is known; give MOT text"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("frame,id,x,y,w,h\n1,1,0,0,5,5\n", UNKNOWN),
        ("a text\n", UNKNOWN),
        ({}, UNKNOWN),
        ({"tracks": []}, UNKNOWN),
        ([1], UNKNOWN),
        ("[", "not JSON"),
        ([ROW, 5], "[1] is 5; give keys and values"),
        ([{**ROW, "x_max": "wide"}], "[0].x_max is 'wide'; it takes float"),
        ([{**ROW, "x_max": -1}], "[0]: a box from 0,0 to -1,5 ends before it begins"),
        ([{**ROW, "frame": -1}], "[0].frame is -1; it takes int from 0"),
        ([{**ROW, "tracker_id": 1.5}], "[0].tracker_id is 1.5; it takes int"),
        ([{**ROW, "tracker_id": True}], "[0].tracker_id is True; it takes int"),
        ([ROW, ROW], "[1]: id 1 was already in frame 0 ([0]); an id has one box a frame"),
        ("x_min,y_min,x_max,y_max,tracker_id,frame\n0,0,5,nan,1,0\n", "tracks:2.y_max is nan; it takes float"),
        ("x_min,y_min,x_max,y_max,tracker_id,frame\n0,0,5\n", "tracks:2: 3 cells; the first line has 6"),
        ("x_min,y_min,x_max,y_max,tracker_id,frame\n0,0,5,5,1,0\n0,0,5,5,1,0\n", "tracks:3: id 1 was already in frame 0 (line 2)"),
        ("x_min,y_min,x_max,y_max,tracker_id,frame\n" + '"' + "0" * 200_000 + '"\n', "not CSV (field larger"),
        ([RESULT, {"image_id": 2}], "[1].bbox is missing; it takes [x, y, width, height]"),
        ([{**RESULT, "bbox": [0, 0, -5, 5]}], "[0]: a box from 0,0 to -5,5 ends before it begins"),
        ([{**RESULT, "bbox": [0, 0, 5]}], "[0].bbox is [0, 0, 5]; it takes [x, y, width, height] in pixels"),
        ([{**RESULT, "image_id": "a.jpg"}], "[0].image_id is 'a.jpg'; it takes int from 0"),
        ([{**RESULT, "track_id": None}], "every track_id is -1"),
        ({"annotations": 5}, "annotations is 5; it takes a list"),
        ({"annotations": [RESULT], "images": [{"id": 2}]}, "annotations[0].image_id is 1; no image has this id"),
        ({"annotations": [], "images": [{"id": 2}, {"id": 2}]}, "two images have the same id"),
        ({"annotations": [], "images": [{"id": 2, "video_id": 1}, {"id": 3, "video_id": 2}]}, "images of 2 videos"),
        ({"annotations": [], "images": 5}, "images is 5; it takes a list"),
        ({"frames": 5}, "frames is 5; it takes a list"),
        ({"frames": [5]}, "frames[0] is 5; give keys and values"),
        ({"frames": {"x": GOOD}}, "frames.x: 'x' is no index of a frame"),
        ({"frames": [{"person": [0, 0, 1, 1]}]}, "frames[0] has key 'person'; its keys are ids, or object_ids"),
        ([{"object_ids": [1]}], "[0]: give boxes [x1, y1, x2, y2], or masks as COCO's RLE"),
        ([{**GOOD, "object_ids": [1, 2]}], "[0]: 2 object_ids, 1 boxes or masks, 1 scores; give one each"),
        ([{**GOOD, "scores": [float("inf")]}], "[0].scores[0] is inf; it takes float"),
        ([{**GOOD, "object_ids": ["1"]}], "[0].object_ids[0] is '1'; it takes int"),
        ([{"1": [0, 0, 5]}], "[0].1 is [0, 0, 5]; it takes [x1, y1, x2, y2] in pixels"),
        ([{"1": {"counts": [16]}}], "a mask is COCO's RLE with size and counts"),
        ([{"1": {**RLE, "size": [4, 2**20]}}], "[0].1.size[1] is 1048576; it takes int from 1 to 32768"),
        ([{"1": {**RLE, "size": [4, 5]}}], "[0].1.counts do not add up to the 4 x 5 pixels"),
        ([{"1": {**RLE, "counts": [5, -2, 13]}}], "[0].1.counts is [5, -2, 13]; it takes whole numbers"),
        ([{"1": {**RLE, "counts": [2**62] * 4}}], "it takes whole numbers from 0 to 16, or COCO's text"),
        ([{"1": {**RLE, "counts": "ooo"}}], "[0].1.counts is 'ooo', no text of COCO's run lengths"),
        ([{"1": {**RLE, "counts": "oooooooo0"}}], "no text of COCO's run lengths"),
        ([{"1": {**RLE, "counts": "a \u20ac"}}], "no text of COCO's run lengths"),
        ([{"1": {**RLE, "counts": "oooooo1"}}], "do not add up to the 4 x 4 pixels"),
        ([{"1": {**RLE, "counts": ""}}], "do not add up to the 4 x 4 pixels"),
        ([{"1": RLE, "2": [0, 0, 5, 5]}], "[0].2: a box in pixels of the video among a mask of 4 x 4 pixels"),
        ([{"1": RLE, "2": {"size": [2, 8], "counts": [16]}}], "a mask of 8 x 2 pixels among a mask of 4 x 4 pixels"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_one_line(tmp_path, content, words):
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=r"tracks") as caught:
        read_tracks(path)
    told = str(caught.value)
    assert words in told
    assert told.startswith(str(path))
    assert told.isprintable()
    assert len(told) < 500


def npz(folder: Path, **arrays: Any) -> Path:
    path = folder / "masks.npz"
    np.savez(path, **arrays)
    return path


SMALL = np.ones((2, 1, 4, 4), dtype=bool)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": SMALL}, "it holds 'a'; give masks (frames, objects, height, width)"),
        ({"masks": SMALL}, "it holds 'masks'; give masks"),
        ({"masks": SMALL.astype(float), "ids": [1]}, "masks are of 'float64'; give masks"),
        ({"masks": SMALL[0], "ids": [1]}, "masks are of shape (1, 4, 4); give masks"),
        ({"masks": np.asfortranarray(np.ones((2, 2, 4, 4), bool)), "ids": [1, 2]}, "Fortran's order"),
        ({"masks": SMALL, "ids": [1, 2]}, "ids is of shape (2,); it takes (1,)"),
        ({"masks": SMALL, "ids": [1.0]}, "ids is of 'float64'; it takes whole numbers"),
        ({"masks": SMALL, "ids": np.array([{}])}, "ids is of 'object'; it takes whole numbers"),
        ({"masks": np.array([{}]), "ids": [1]}, "masks are of 'object'"),
        ({"masks": SMALL, "ids": [2**60]}, "ids has a number that is not finite, or beyond 2**53"),
        ({"masks": SMALL, "ids": [1], "scores": [np.nan]}, "scores has a number that is not finite"),
        ({"masks": SMALL, "ids": [1], "frame_index": [0, -1]}, "frame_index has a number below 0"),
        ({"masks": SMALL, "ids": [1], "frame_index": [3, 3]}, "id 1 was already in frame 3"),
        ({"masks": np.zeros((2, 1, 4, 0), bool), "ids": [1]}, "masks are of shape (2, 1, 4, 0)"),
        (
            {"masks": np.zeros((2**21, 0, 4, 4), bool), "ids": np.zeros(0, int)},
            "at most 1048576 masks and 8 GB are read",
        ),
    ],
)
def test_an_npz_of_something_else_is_told(tmp_path, arrays, words):
    path = npz(tmp_path, **arrays)
    with pytest.raises(ValueError, match=r"masks\.npz: ") as caught:
        read_tracks(path)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def with_masks_of(path: Path, shape: tuple[int, ...], content: bytes) -> Path:
    """An npz whose masks claim a shape."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|b1", "fortran_order": False, "shape": shape})
    ids = io.BytesIO()
    np.save(ids, np.arange(shape[1]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("masks.npy", head.getvalue() + content)
        archive.writestr("ids.npy", ids.getvalue())
    return path


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 1, 2**15, 2**15), "masks ends too early"),
        ((900, 1, 2**15, 2**15), "at most 1048576 masks and 8 GB are read"),
        ((-4, 1, 8, 8), "masks are of shape"),
    ],
)
def test_masks_that_claim_more_than_there_is(tmp_path, shape, words):
    with pytest.raises(ValueError, match=words):
        read_tracks(with_masks_of(tmp_path / "masks.npz", shape, bytes(1000)))


def test_a_damaged_npz_is_told_wherever_it_is_cut_or_changed(tmp_path):
    path = tmp_path / "masks.npz"
    masks = np.random.default_rng(0).random((3, 2, 80, 100)) < 0.1
    np.savez_compressed(path, masks=masks, ids=[4, 7])
    sound = path.read_bytes()
    chance = np.random.default_rng(1)
    told = []
    for _ in range(150):
        content = bytearray(sound)
        for place in chance.integers(4, len(content), size=3):
            content[place] = chance.integers(256)
        if chance.random() < 0.3:
            del content[chance.integers(4, len(content)) :]
        path.write_bytes(content)
        told.append(outcome(path))
    refused = [one for one in told if one]
    assert len(refused) > 100
    assert all(one.startswith(str(path)) and one.isprintable() for one in refused)


def outcome(path: Path) -> str:
    """What is said of a file; nothing where it is read."""
    try:
        read_tracks(path)
    except ValueError as error:
        return str(error)
    return ""
