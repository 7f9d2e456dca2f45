"""Tracks made elsewhere: supervision's sinks, COCO's results, masks and boxes of video predictors, BoxMOT's text."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supervision as sv
from pycocotools import mask as coco_mask

from smot_vlm.formats.masks import box_of_mask, read_run_lengths
from smot_vlm.formats.track_files import TrackFile, read_tracks

# Frame, id and box of two people in three frames.
FRAMES = [0, 0, 2]
IDS = [4, 7, 4]
BOXES = [[10, 20, 30, 60], [50.5, 5, 60, 30.25], [12, 21, 32, 61]]
HEIGHT, WIDTH = 80, 100


def write(folder: Path, content: Any) -> Path:
    path = folder / "tracks"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def table(file: TrackFile) -> list[tuple[int, int, list[float]]]:
    rows = file.rows
    return list(zip(rows.frames.tolist(), rows.ids.tolist(), rows.boxes.tolist(), strict=True))


EXPECTED = list(zip(FRAMES, IDS, BOXES, strict=True))


def mask_of(box: list[float], height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    x1, y1, x2, y2 = (round(edge) for edge in box)
    mask[y1:y2, x1:x2] = True
    return mask


def rle_of(mask: np.ndarray, *, compressed: bool = True) -> dict[str, Any]:
    if compressed:
        made = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
        return {"size": list(made["size"]), "counts": made["counts"].decode("ascii")}
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]])))
    counts = np.diff(np.concatenate([[0], edges, [len(flat)]])).tolist()
    return {"size": list(mask.shape), "counts": counts}


def detections(rows: list[int], **fields: Any) -> sv.Detections:
    return sv.Detections(
        xyxy=np.array([BOXES[row] for row in rows], dtype=np.float64),
        tracker_id=np.array([IDS[row] for row in rows]),
        **fields,
    )


def save_sink(path: Path, sink_class: type, column: str = "frame_index", **fields: Any) -> Path:
    with sink_class(str(path)) as sink:
        sink.append(sv.Detections.empty(), custom_data={column: 1})
        sink.append(
            detections([0, 1], **{key: value[:2] for key, value in fields.items()}), custom_data={column: 0, "lens": 3}
        )
        sink.append(
            detections([2], **{key: value[2:] for key, value in fields.items()}), custom_data={column: 2, "lens": 3}
        )
    return path


SINKS = [sv.JSONSink, sv.CSVSink]


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("column", ["frame_index", "frame_number", "frame_idx", "frame_id", "frame"])
def test_supervisions_sinks(tmp_path, sink, column):
    path = save_sink(tmp_path / "named.wrongly", sink, column, confidence=np.array([0.5, 0.75, 1]))
    file = read_tracks(path)
    assert table(file) == EXPECTED
    assert file.rows.scores.tolist() == [0.5, 0.75, 1]
    assert (file.losses, file.by_position, file.size) == ((), True, None)


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize(
    ("classes", "names", "asked", "kept"),
    [
        ([0, 2, 0], None, None, [4, 4]),
        ([1, 0, 2], None, {1, 2}, [4, 4]),
        ([5, 2, 5], ["Person", "car", "person"], None, [4, 4]),
        ([5, 2, 5], ["person", "car", "person"], {2}, [7]),
    ],
)
def test_classes_of_supervisions_sinks(tmp_path, sink, classes, names, asked, kept):
    path = tmp_path / "sink"
    with sink(str(path)) as opened:
        for row, frame in enumerate(FRAMES):
            data = {} if names is None else {"class_name": np.array([names[row]])}
            found = detections([row], class_id=np.array([classes[row]]))
            found.data = data
            opened.append(found, custom_data={"frame_index": frame})
    file = read_tracks(path, asked)
    assert file.rows.ids.tolist() == kept
    assert [(loss.kind, loss.count) for loss in file.losses] == [("other-class", 3 - len(kept))]


@pytest.mark.parametrize("sink", SINKS)
def test_nobody_and_no_ids_in_supervisions_sinks(tmp_path, sink):
    path = tmp_path / "sink"
    with sink(str(path)) as opened:
        opened.append(sv.Detections.empty(), custom_data={"frame_index": 0})
    assert len(read_tracks(path).rows) == 0
    with sink(str(path)) as opened:
        opened.append(sv.Detections(np.array([[1.0, 2, 3, 4]])), custom_data={"frame_index": 0})
    with pytest.raises(ValueError, match=r"sink: every tracker_id is -1, .*update_with_detections"):
        read_tracks(path)
    with sink(str(path)) as opened:
        opened.append(detections([0]))
    with pytest.raises(ValueError, match=r"sink:.*: no frame; .*custom_data=.*frame_index"):
        read_tracks(path)


def annotation(row: int, image: int, **fields: Any) -> dict[str, Any]:
    x1, y1, x2, y2 = BOXES[row]
    return {"image_id": image, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "track_id": IDS[row], **fields}


def annotations(first: int = 0, **fields: Any) -> list[dict[str, Any]]:
    return [annotation(row, frame + first, score=0.5, **fields) for row, frame in enumerate(FRAMES)]


@pytest.mark.parametrize(
    ("images", "first", "by_position"),
    [
        (None, 0, False),
        (None, 1, False),
        ([{"id": 11, "frame_index": 0}, {"id": 13, "frame_index": 2}], 11, True),
        ([{"id": 11, "frame_id": 1}, {"id": 12, "frame_id": 2}, {"id": 13, "frame_id": 3}], 11, True),
        ([{"id": 13, "frame_id": 2}, {"id": 11, "frame_id": 0}], 11, True),
        ([{"id": 13, "file_name": "a/000003.jpg"}, {"id": 11, "file_name": "a/000001.jpg"}], 11, False),
        ([{"id": 11}, {"id": 12, "file_name": "x.jpg"}, {"id": 13}], 11, True),
    ],
)
def test_coco_results_and_the_frames_of_images(tmp_path, images, first, by_position):
    found = annotations(first)
    content = found if images is None else {"images": images, "annotations": found}
    file = read_tracks(write(tmp_path, content))
    assert table(file) == EXPECTED
    assert file.rows.scores.tolist() == [0.5] * 3
    assert file.by_position == by_position
    guessed = [f"image_id is taken as the frame, counted from {first}"] if images is None else []
    assert [loss.message.partition("; ")[2] for loss in file.losses] == guessed


def test_classes_of_coco(tmp_path):
    images = [{"id": index, "frame_index": index} for index in range(3)]
    found = annotations()
    found[1]["category_id"] = 3
    content = {"images": images, "annotations": found}
    assert read_tracks(write(tmp_path, content)).rows.ids.tolist() == [4, 4]
    assert read_tracks(write(tmp_path, content), {3}).rows.ids.tolist() == [7]
    content["categories"] = [{"id": 3, "name": "Pedestrian"}, {"id": 1, "name": "a\nb"}]
    file = read_tracks(write(tmp_path, content))
    assert file.rows.ids.tolist() == [7]
    assert "than person (2 of class 'a\\nb'); left out; --classes names others" in file.losses[0].message
    assert read_tracks(write(tmp_path, content), {1}).rows.ids.tolist() == [4, 4]


def test_masks_and_ids_of_coco(tmp_path):
    found = [{"image_id": frame, "id": track, "segmentation": rle_of(mask_of(box))} for frame, track, box in EXPECTED]
    file = read_tracks(write(tmp_path, found))
    assert table(file) == [(frame, track, [float(round(edge)) for edge in box]) for frame, track, box in EXPECTED]
    assert file.size == (WIDTH, HEIGHT)
    for number, one in enumerate(found):
        one["id"] = number
    with pytest.raises(ValueError, match="every id is there once, so ids number annotations and no tracks"):
        read_tracks(write(tmp_path, found))


def sam_frame(frame: int, shape: str) -> dict[str, Any]:
    rows = [row for row, one in enumerate(FRAMES) if one == frame]
    if shape == "boxes":
        shapes = [BOXES[row] for row in rows]
    else:
        shapes = [rle_of(mask_of(BOXES[row]), compressed=shape == "compressed") for row in rows]
    return {
        "object_ids": [IDS[row] for row in rows],
        "boxes" if shape == "boxes" else "masks": shapes,
        "scores": [0.5] * len(rows),
        "prompt_to_obj_ids": {"people on the road": [IDS[row] for row in rows]},
    }


@pytest.mark.parametrize("shape", ["boxes", "compressed", "plain"])
@pytest.mark.parametrize("outer", ["list", "keyed", "frames", "frames keyed", "stated", "by id"])
def test_objects_of_sam(tmp_path, shape, outer):
    frames: list[dict[str, Any]] = [sam_frame(index, shape) for index in range(3)]
    content: Any = frames
    if outer == "by id":
        key = "boxes" if shape == "boxes" else "masks"
        frames = [
            {str(one): value for one, value in zip(frame["object_ids"], frame[key], strict=True)} for frame in frames
        ]
    if outer in ("keyed", "frames keyed", "by id"):
        content = {str(index): frame for index, frame in enumerate(frames)}
    if outer == "stated":
        content = [{**frame, "frame_index": index} for index, frame in enumerate(frames)][::-2]
    if outer.startswith("frames"):
        content = {"frames": content, "model": "sam3"}
    file = read_tracks(write(tmp_path, content))
    expected = EXPECTED
    if shape != "boxes":
        expected = [(frame, track, [float(round(edge)) for edge in box]) for frame, track, box in EXPECTED]
    assert sorted(table(file)) == sorted(expected)
    assert set(file.rows.scores) == ({1.0} if outer == "by id" else {0.5})
    assert file.size == (None if shape == "boxes" else (WIDTH, HEIGHT))
    assert (file.losses, file.by_position) == ((), True)


def test_prompts_are_classes_where_one_names_people(tmp_path):
    frame = sam_frame(0, "boxes")
    frame["prompt_to_obj_ids"] = {"Person": [4], "dog": [7]}
    file = read_tracks(write(tmp_path, [frame]))
    assert file.rows.ids.tolist() == [4]
    assert "1 of 2 rows are of other classes than person (1 of class dog)" in file.losses[0].message
    frame["prompt_to_obj_ids"] = {"the man in red": [4], "runner": [7]}
    assert read_tracks(write(tmp_path, [frame])).rows.ids.tolist() == [4, 7]


def test_an_empty_mask_is_no_box_and_an_empty_box_is_told(tmp_path):
    empty = np.zeros((HEIGHT, WIDTH), dtype=bool)
    file = read_tracks(
        write(tmp_path, [{"1": rle_of(empty), "2": rle_of(~empty), "3": rle_of(empty, compressed=False)}])
    )
    assert table(file) == [(0, 2, [0.0, 0.0, WIDTH, HEIGHT])]
    assert file.losses == ()
    file = read_tracks(write(tmp_path, [{"1": [0, 0, 0, 0], "2": [1, 2, 3, 4]}]))
    assert file.rows.ids.tolist() == [2]
    assert [(loss.kind, loss.count) for loss in file.losses] == [("empty-box", 1)]


@pytest.mark.parametrize("compressed", [True, False])
def test_run_lengths_give_the_box_of_the_mask_that_pycocotools_paints(compressed):
    chance = np.random.default_rng(0)
    for density in [0.0005, 0.01, 0.3, 0.999, 1.0] * 20:
        height, width = chance.integers(1, 90, size=2)
        mask = chance.random((height, width)) < density
        rle = rle_of(mask, compressed=compressed)
        found = read_run_lengths(rle, "mask")
        if compressed:
            assert (coco_mask.decode(rle) == mask).all()
            plain = coco_mask.frPyObjects({"size": rle["size"], "counts": found.counts.tolist()}, height, width)
            assert plain["counts"].decode() == rle["counts"]
        assert found.box() == box_of_mask(mask)
        if mask.any():
            x, y, w, h = coco_mask.toBbox(coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8)))
            assert found.box() == (x, y, x + w, y + h)


def masks_by_frame(kind: Any = bool) -> np.ndarray:
    masks = np.zeros((3, 2, HEIGHT, WIDTH), dtype=kind)
    for frame, track, box in EXPECTED:
        masks[frame, [4, 7].index(track)] = mask_of(box) * (255 if kind is np.uint8 else 1)
    return masks


@pytest.mark.parametrize("kind", [bool, np.uint8])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("ids", ["ids", "object_ids"])
def test_masks_in_an_npz(tmp_path, kind, save, ids):
    path = tmp_path / "masks.npz"
    masks = masks_by_frame(kind)
    expected = [(frame, track, [float(round(edge)) for edge in box]) for frame, track, box in EXPECTED]
    save(path, masks=masks, **{ids: [4, 7]})
    file = read_tracks(path)
    assert table(file) == expected
    assert (file.size, file.by_position, file.losses) == ((WIDTH, HEIGHT), True, ())
    save(path, masks=masks[:, :, None], frame_index=[5, 6, 9], scores=[0.25, 0.5], **{ids: np.array([4, 7], ">i4")})
    file = read_tracks(path)
    assert file.rows.frames.tolist() == [5, 5, 9]
    assert file.rows.scores.tolist() == [0.25, 0.5, 0.25]
    scores = np.asfortranarray(np.arange(6).reshape(3, 2) / 8 + 0.125, dtype=np.float32)
    save(path, masks=masks, scores=scores, **{ids: [4, 7]})
    assert read_tracks(path).rows.scores.tolist() == [0.125, 0.25, 0.625]


@pytest.mark.parametrize("separator", [",", " "])
@pytest.mark.parametrize(
    ("classes", "asked", "ids"), [([1, 3, 1], None, [4, 4]), ([1, 1, 1], None, IDS), ([1, 3, 1], {3}, [7])]
)
def test_boxmots_text(tmp_path, separator, classes, asked, ids):
    text = ""
    for row, (frame, track, box) in enumerate(EXPECTED):
        x1, y1, x2, y2 = (round(edge) for edge in box)
        cells = [frame + 1, track, x1, y1, x2 - x1, y2 - y1, "0.875000", classes[row], row]
        text += separator.join(map(str, cells)) + "\n"
    file = read_tracks(write(tmp_path, text), asked)
    assert file.rows.ids.tolist() == ids
    assert file.rows.scores.tolist() == [0.875] * len(ids)
    assert sum(loss.count for loss in file.losses) == 3 - len(ids)
    assert not file.by_position


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
    np.savez_compressed(path, masks=masks_by_frame(), ids=[4, 7])
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
