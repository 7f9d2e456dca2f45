"""Tracks made elsewhere: supervision's sinks, COCO's results, masks and boxes of video predictors, BoxMOT's text."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supervision as sv
from pycocotools import mask as coco_mask

from smot_vlm.formats.masks import box_of_mask, read_run_lengths
from smot_vlm.formats.track_files import TrackFile, read_boxes, read_tracks

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


@pytest.mark.parametrize("sink", SINKS)
def test_boxes_without_ids_of_supervision(tmp_path, sink):
    path = tmp_path / "sink"
    with sink(str(path)) as opened:
        for row, frame in enumerate(FRAMES):
            found = sv.Detections(np.array([BOXES[row]]), confidence=np.array([0.5]), class_id=np.array([row]))
            opened.append(found, custom_data={"frame_index": frame})
    file = read_boxes(path)
    assert (file.rows.frames.tolist(), file.rows.boxes.tolist()) == ([0], [BOXES[0]])
    assert [(loss.kind, loss.count) for loss in file.losses] == [("other-class", 2)]
    assert file.by_position
    assert read_boxes(path, {0, 1, 2}).rows.frames.tolist() == FRAMES


def test_boxes_of_coco_whose_annotations_are_numbered(tmp_path):
    """Detections of a data set: every annotation has its own id, or none."""
    found = annotations()
    for number, one in enumerate(found):
        del one["track_id"]
        one["id"] = number
    file = read_boxes(write(tmp_path, found))
    assert (file.rows.frames.tolist(), file.rows.boxes.tolist()) == (FRAMES, BOXES)
    for one in found:
        del one["id"]
    assert read_boxes(write(tmp_path, found)).rows.boxes.tolist() == BOXES
    with pytest.raises(ValueError, match=r"every track_id is -1, .* or the file as detections \(--detections\)"):
        read_tracks(write(tmp_path, found))


def test_boxes_of_masks_and_of_text(tmp_path):
    np.savez(tmp_path / "masks.npz", masks=masks_by_frame(), ids=[4, 7])
    file = read_boxes(tmp_path / "masks.npz")
    assert (file.rows.frames.tolist(), file.size) == (FRAMES, (WIDTH, HEIGHT))
    file = read_boxes(write(tmp_path, "1,-1,5,5,10,20,0.5\n1,-1,50,5,10,20,0.5\n"))
    assert (len(file.rows), file.in_lines) == (2, True)
    with pytest.raises(ValueError, match="no form of tracks that is known"):
        read_boxes(write(tmp_path, "hello"))
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_boxes(tmp_path / "absent.txt")
