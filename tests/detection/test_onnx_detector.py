"""ONNX detectors: each layout is recognised, only people come out, boxes lie in the frame's pixels, the rest is refused."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_networks import save_constant_network, save_network

from smot_vlm.detection import onnx_detector
from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.detection.onnx_layout import grid
from smot_vlm.detection.onnx_session import run_session

SIZE = 64
CELLS = 8 * 8 + 4 * 4 + 2 * 2
FRAME = np.zeros((SIZE, SIZE, 3), np.uint8)
PEOPLE = [[12, 8, 28, 16], [44, 44, 52, 52]]
SCORES = [0.72, 0.25]
# Center x, center y, width and height of the people, and of a car.
CENTERED = np.array([[20, 12, 16, 8], [48, 48, 8, 8], [20, 40, 16, 16]], np.float32)
PLACES = [1 * 8 + 2, 64 + 3 * 4 + 3, 64 + 5]
NAMES = {"names": "{0: 'person', 1: 'car'}"}
CAR_FIRST = {"names": "{0: 'car', 1: 'person'}"}


def yolox(classes: int = 2) -> np.ndarray:
    """The first person: cell (2, 1) of stride 8, center (20, 12), 16 x 8 pixels, score 0.9 * 0.8."""
    output = np.zeros((1, CELLS, 5 + classes), np.float32)
    output[0, :, :2] = 0.5
    output[0, PLACES[0], :7] = [0.5, 0.5, np.log(2), np.log(1), 0.9, 0.8, 0.1][: 5 + classes]
    output[0, PLACES[1], :6] = [0.0, 0.0, np.log(0.5), np.log(0.5), 0.5, 0.5]
    if classes > 1:
        output[0, PLACES[2], :7] = [0.5, 0.5, 0.0, 0.0, 0.9, 0.0, 0.9]
    return output


def by_row(boxes: int = CELLS, *, classes: int = 2, objectness: bool = False, swapped: bool = False) -> np.ndarray:
    """(1, boxes, 4 + classes): people are class 0, the car is class 1; or the other way round."""
    person, car = (1, 0) if swapped else (0, 1)
    scores = np.zeros((3, classes), np.float32)
    scores[:2, person] = [0.8, 0.5] if objectness else SCORES
    scores[2, car] = 0.9
    rows = np.concatenate([CENTERED, np.array([[0.9], [0.5], [0.9]])[:, : int(objectness)], scores], axis=1)
    output = np.zeros((1, boxes, rows.shape[1]), np.float32)
    output[0, PLACES if boxes >= CELLS else [0, 1, 2]] = rows
    return output


def by_column(**how) -> np.ndarray:
    return by_row(**how).transpose(0, 2, 1).copy()


def one_class(boxes: int = CELLS) -> np.ndarray:
    """By column, without the car."""
    output = by_column(boxes=boxes)[:, :5]
    output[0, :, PLACES[2]] = 0
    return output


def followed_by(output: np.ndarray, numbers: int, value: float) -> np.ndarray:
    """By column, with keypoints or mask coefficients behind the scores of every box that is there."""
    more = np.where(output[:, :1] > 0, np.float32(value), np.float32(0)).repeat(numbers, axis=1)
    return np.concatenate([output, more], axis=1)


def end_to_end(corners: bool = True, person: float = 0, car: float = 2) -> np.ndarray:
    boxes = [[12, 8, 28, 16], [44, 44, 52, 52], [12, 32, 28, 48]] if corners else CENTERED / SIZE
    output = np.zeros((1, 5, 6), np.float32)
    output[0, :3, :4] = boxes
    output[0, :3, 4] = [*SCORES, 0.9]
    output[0, :3, 5] = [person, person, car]
    return output


def fractions(boxes: int = 30, **how) -> np.ndarray:
    output = by_row(boxes, **how)
    output[..., :4] /= SIZE
    return output


def with_ones() -> np.ndarray:
    """YOLOv6: the column of objectness is there, and 1; every cell has a box."""
    output = by_row(objectness=True)
    origins, strides = grid(SIZE, SIZE)
    output[0, :, :2] = (origins + 0.5) * strides
    output[0, :, 2:5] = [8, 8, 1]
    output[0, PLACES] = by_row(objectness=True)[0, PLACES]
    output[0, PLACES, 4:] = [[1, 0.72, 0], [1, 0.25, 0], [1, 0, 0.9]]
    return output


@dataclass(frozen=True)
class Export:
    """A file, and the kind that it is."""

    kind: str
    outputs: tuple[np.ndarray, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    picture: tuple[int | str, ...] = (1, 3, SIZE, SIZE)
    dtype: int = TensorProto.FLOAT


MASKS = np.zeros((1, 32, 16, 16), np.float32)
POSE = {"task": "pose", "kpt_shape": "[17, 3]", "names": "{0: 'person'}"}
RTDETR = {"head": "RTDETRDecoder", "end2end": "False"}
OPEN = ("batch", 3, "height", "width")
EXPORTS = {
    "yolox": Export("yolox", (yolox(),), NAMES),
    "yolox of open size": Export("yolox", (yolox(),), NAMES, OPEN),
    "yolox of coco": Export("yolox", (yolox(80),)),
    "yolox of people alone": Export("yolox", (yolox(1),)),
    "yolox decoded": Export("yolox-decoded", (by_row(objectness=True),), NAMES),
    "yolox decoded of coco": Export("yolox-decoded", (by_row(objectness=True, classes=80),)),
    "yolov6": Export("yolov6", (with_ones(),), NAMES),
    "yolov5": Export("yolov5", (by_row(3 * CELLS, objectness=True),), NAMES),
    "yolov5 of coco": Export("yolov5", (by_row(3 * CELLS, objectness=True, classes=80),)),
    "ultralytics": Export("ultralytics", (by_column(),), NAMES),
    "ultralytics of open size": Export("ultralytics", (by_column(),), NAMES | {"imgsz": "[64, 64]"}, OPEN),
    "ultralytics of people alone": Export("ultralytics", (one_class(),)),
    "ultralytics of coco, boxes and classes as many": Export("ultralytics", (by_column(classes=80),)),
    "ultralytics by row": Export("ultralytics", (by_row(),), NAMES),
    "ultralytics by row of coco": Export("ultralytics", (by_row(classes=80),)),
    "car first": Export("ultralytics", (by_column(swapped=True),), CAR_FIRST),
    "json names": Export("ultralytics", (by_column(swapped=True),), {"names": '["Car", "Pedestrian"]'}),
    "json dict": Export("ultralytics", (by_column(swapped=True),), {"names": '{"0": "car", "1": "People"}'}),
    "names that are none": Export("ultralytics", (by_column(classes=80),), {"names": str([f"class{n}" for n in range(80)])}),
    "pose": Export("ultralytics", (followed_by(one_class(), 51, 30.0),), POSE),
    "pose that is not stated": Export("ultralytics", (followed_by(one_class(), 51, 30.0),)),
    "pose of 5 points": Export("ultralytics", (followed_by(one_class(), 10, 30.0),), POSE | {"kpt_shape": "(5, 2)"}),
    "segmentation": Export("ultralytics", (followed_by(by_column(), 32, -0.5), MASKS), NAMES | {"task": "segment"}),
    "segmentation of coco": Export("ultralytics", (followed_by(by_column(classes=80), 32, -0.5), MASKS)),
    "end to end": Export("ultralytics-end2end", (end_to_end(),)),
    "end to end, stated": Export("ultralytics-end2end", (end_to_end(person=1, car=0),), CAR_FIRST | {"end2end": "True"}),
    "rtdetr": Export("rtdetr", (fractions(),), NAMES),
    "rtdetr, stated": Export("rtdetr", (fractions(swapped=True),), CAR_FIRST | RTDETR),
    "rtdetr of coco": Export("rtdetr", (fractions(300, classes=80),)),
    "rtdetr end to end": Export("rtdetr-end2end", (end_to_end(corners=False, car=1),), NAMES | RTDETR),
    "uint8": Export("yolox", (yolox(),), NAMES, dtype=TensorProto.UINT8),
    "channels last": Export("yolox", (yolox(),), NAMES, (1, SIZE, SIZE, 3), TensorProto.UINT8),
    "double": Export("ultralytics", (by_column().astype(np.float64),), NAMES, dtype=TensorProto.DOUBLE),
    "half": Export("rtdetr", (fractions().astype(np.float16),), NAMES, dtype=TensorProto.FLOAT16),
    "batch of four": Export("ultralytics", (by_column().repeat(4, axis=0),), NAMES, (4, 3, SIZE, SIZE)),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_recognised_and_gives_the_people(tmp_path, name):
    export = EXPORTS[name]
    path = save_constant_network(
        tmp_path / "net.onnx",
        *export.outputs,
        picture=list(export.picture),
        dtype=export.dtype,
        metadata=export.metadata,
    )
    detector = OnnxDetector(path, image_size=SIZE)
    assert detector.kind == export.kind
    people = detector.detect(FRAME)
    tolerance = 0.1 if export.dtype == TensorProto.FLOAT16 else 1e-4
    assert np.allclose(people.boxes, PEOPLE, atol=tolerance)
    assert np.allclose(people.scores, SCORES, atol=1e-3)


@pytest.mark.parametrize(
    ("output", "metadata", "kind"),
    [
        (np.zeros((1, 30, 6), np.float32), NAMES | {"end2end": "False"}, "ultralytics-end2end"),
        (np.zeros((1, 0, 6), np.float32), NAMES, "ultralytics-end2end"),
        (np.zeros((1, 6, CELLS), np.float32), NAMES, "ultralytics"),
        (np.full((1, 30, 6), [8, 8, 40, 40, 1, 0], np.float32), NAMES | {"end2end": "False"}, "ultralytics"),
        (np.full((1, 30, 6), [8, 8, 40, 40, 1, 0], np.float32), NAMES | {"end2end": "True"}, "ultralytics-end2end"),
    ],
)
def test_where_the_numbers_do_not_tell_the_statement_does(tmp_path, output, metadata, kind):
    detector = OnnxDetector(save_constant_network(tmp_path / "net.onnx", output, metadata=metadata))
    assert detector.kind == kind


@pytest.mark.parametrize("named", [True, False])
def test_rtdetr_is_asked_for_boxes_in_pixels_of_its_canvas(tmp_path, named):
    """Its second input is width and height, which its boxes are scaled to; the canvas is wider than high."""
    nodes = [
        helper.make_node("Cast", ["size"], ["sides"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["sides", "sides"], ["corners"], axis=1),
        helper.make_node("Mul", ["fractions", "corners"], ["boxes" if named else "a"]),
        helper.make_node("Identity", ["given_labels"], ["labels" if named else "b"]),
        helper.make_node("Identity", ["given_scores"], ["scores" if named else "c"]),
    ]
    frame = np.zeros((64, 128, 3), np.uint8)
    corners = np.array([[PEOPLE[0], PEOPLE[1], [0, 0, 9, 9]]], np.float32) / [128, 64, 128, 64]
    constants = [
        numpy_helper.from_array(corners.astype(np.float32), "fractions"),
        numpy_helper.from_array(np.array([[0, 0, 2]]), "given_labels"),
        numpy_helper.from_array(np.array([[*SCORES, 0.9]], np.float32), "given_scores"),
    ]
    inputs = [
        helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 32, 96]),
        helper.make_tensor_value_info("size", TensorProto.INT64, [1, 2]),
    ]
    outputs = [
        helper.make_tensor_value_info("labels" if named else "b", TensorProto.INT64, [1, 3]),
        helper.make_tensor_value_info("boxes" if named else "a", TensorProto.FLOAT, [1, 3, 4]),
        helper.make_tensor_value_info("scores" if named else "c", TensorProto.FLOAT, [1, 3]),
    ]
    detector = OnnxDetector(save_network(tmp_path / "net.onnx", nodes, inputs, outputs, constants))
    assert detector.kind == "rtdetr-sized"
    people = detector.detect(frame)
    assert np.allclose(people.boxes, PEOPLE, atol=1e-3)
    assert np.allclose(people.scores, SCORES)


@pytest.mark.parametrize(
    ("name", "boxes"),
    [
        ("yolox", [[24, 16, 56, 32]]),
        ("yolox decoded", [[24, 16, 56, 32]]),
        ("ultralytics", []),
        ("end to end", []),
        ("rtdetr", [[24, 8, 56, 16]]),
    ],
)
def test_the_placement_in_the_canvas_is_undone(tmp_path, name, boxes):
    """A frame twice as wide: YOLOX lays it at the top, ultralytics in the middle (the box is in the grey), DETRs stretch it."""
    export = EXPORTS[name]
    path = save_constant_network(tmp_path / "net.onnx", *export.outputs, metadata=export.metadata)
    people = OnnxDetector(path, min_score=0.5).detect(np.zeros((SIZE, 2 * SIZE, 3), np.uint8))
    assert np.allclose(people.boxes, np.reshape(boxes, (-1, 4)), atol=1e-3)


@pytest.mark.parametrize(
    ("dtype", "kind", "expected"),
    [
        (TensorProto.FLOAT, "yolox", [30, 20, 10]),
        (TensorProto.UINT8, "yolox", [30, 20, 10]),
        (TensorProto.FLOAT, "ultralytics", [10 / 255, 20 / 255, 30 / 255]),
        (TensorProto.DOUBLE, "ultralytics", [10 / 255, 20 / 255, 30 / 255]),
        (TensorProto.UINT8, "ultralytics", [10, 20, 30]),
    ],
)
def test_pixels_are_what_the_kind_reads(tmp_path, monkeypatch, dtype, kind, expected):
    answer = yolox(3) if kind == "yolox" else by_column(classes=3)
    names = {"names": "['person', 'car', 'dog']"}
    detector = OnnxDetector(save_constant_network(tmp_path / "net.onnx", answer, dtype=dtype, metadata=names))
    assert detector.kind == kind
    seen = []

    def run(session, path, feeds, *, limit_seconds):
        seen.append(feeds["images"].copy())
        return run_session(session, path, feeds, limit_seconds=limit_seconds)

    monkeypatch.setattr(onnx_detector, "run_session", run)
    detector.detect(np.full((SIZE, SIZE, 3), [10, 20, 30], np.uint8))
    assert np.allclose(seen[0][0, :, 5, 5], expected)


def test_overlapping_boxes_are_suppressed(tmp_path):
    output = by_column()
    output[0, :, 4] = [21, 12, 16, 8, 0.6, 0.0]
    path = save_constant_network(tmp_path / "net.onnx", output, metadata=NAMES)
    assert len(OnnxDetector(path, overlap=0.5).detect(FRAME)) == 2
    assert len(OnnxDetector(path, overlap=0.95).detect(FRAME)) == 3


def test_every_class_of_people_counts(tmp_path):
    output = by_column(classes=3)
    output[0, 4:, PLACES[1]] = [0, 0, 0.25]
    path = save_constant_network(
        tmp_path / "net.onnx", output, metadata={"names": "{0: 'pedestrian', 1: 'car', 2: 'people'}"}
    )
    assert np.allclose(OnnxDetector(path).detect(FRAME).scores, SCORES)


def test_classes_can_be_named_from_outside(tmp_path):
    path = save_constant_network(tmp_path / "net.onnx", by_column(swapped=True))
    assert np.allclose(OnnxDetector(path, classes=["car", "person"]).detect(FRAME).boxes, PEOPLE)
    wrong = save_constant_network(tmp_path / "wrong.onnx", by_column(swapped=True), metadata={"names": "['a', 'b']"})
    assert np.allclose(OnnxDetector(wrong, classes=["car", "person"]).detect(FRAME).boxes, PEOPLE)


def test_a_class_taken_for_people_without_a_name_is_said(tmp_path, caplog):
    OnnxDetector(save_constant_network(tmp_path / "net.onnx", end_to_end()))
    assert "states no class names, so class 0 is taken for people" in caplog.text


REFUSED = {
    "no table": (Export("", (np.zeros((1, 1000), np.float32),)), r"output has shape 'output0' \(1, 1000\)"),
    "another table": (Export("", (np.zeros((1, 10, 12), np.float32),)), "not a known detector"),
    "another batch": (Export("", (np.zeros((2, 5, 6), np.float32),)), "output has shape"),
    "two tables": (Export("", (by_row(), by_row())), "output has shape"),
    "a car alone": (Export("", (one_class(),), {"names": "{0: 'car'}"}), r"finds no people, its classes are 'car'; give"),
    "many classes": (
        Export("", (by_column(classes=12),), {"names": str([f"thing {n}" for n in range(12)])}),
        r"'thing 0', .*'thing 7' and 4 more",
    ),
    "control characters": (Export("", (one_class(),), {"names": "['\\x1b[2Jcar']"}), r"classes are '\\x1b\[2Jcar'"),
    "two classes without names": (Export("", (by_column(),)), r"has 2 classes and states no names; --set detector\.classes="),
    "as many names as not": (Export("", (by_column(),), {"names": "['person']"}), r"\(1, 6, 84\) and it states 1 classes"),
    "decoded YOLOX or ultralytics": (Export("", (by_row(),)), "can be read as yolox-decoded with 1 classes or ultralytics with 2"),
    "classification": (Export("", (by_column(),), NAMES | {"task": "classify"}), "task 'classify'; give a model made for detect"),
    "names that are code": (Export("", (by_column(),), {"names": "__import__('os').getcwd()"}), "takes a list or a dict"),
    "names that are deep": (Export("", (by_column(),), {"names": "[" * 100000}), "takes a list or a dict"),
    "names that are no words": (Export("", (by_column(),), {"names": "{'a': []}"}), r"names class 'a' \[\]"),
    "an absurd canvas": (Export("", (by_column(),), NAMES | {"imgsz": "[10**9, -1]"}, OPEN), r"says imgsz = .*takes height and width"),
    "a negative canvas": (Export("", (by_column(),), NAMES | {"imgsz": "[64, -1]"}, OPEN), r"imgsz = \[64, -1\]"),
    "a stride of words": (Export("", (by_column(),), NAMES | {"stride": "'wide'"}), r"stride = 'wide'"),
    "keypoints of words": (Export("", (by_column(),), POSE | {"kpt_shape": "['x']"}), r"kpt_shape = \['x'\]"),
    "a huge canvas": (Export("", (by_column(),), NAMES | {"imgsz": "[100000, 64]"}, OPEN), "pictures of 64x100000 pixels"),
    "a huge batch": (Export("", (by_column(),), NAMES, (1000, 3, 64, 64)), "1000 pictures of 64x64"),
    "a huge input": (Export("", (by_column(),), NAMES, (1, 3, 100000, 100000)), "at most 268435456 numbers"),
    "grey pictures": (Export("", (by_column(),), NAMES, (1, 1, 64, 64)), "colour pictures"),
    "a flat input": (Export("", (by_column(),), NAMES, (1, 3)), r"inputs are 'images' \[1, 3\]"),
    "int64": (Export("", (by_column(),), NAMES, dtype=TensorProto.INT64), r"is tensor\(int64\); export it to read float32"),
    "nothing finite": (Export("", (np.full((1, 6, CELLS), np.nan, np.float32),), NAMES), "every number it gives is NaN"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_serve_is_refused_in_one_line(tmp_path, name):
    export, words = REFUSED[name]
    path = save_constant_network(
        tmp_path / "net.onnx",
        *export.outputs,
        picture=list(export.picture),
        dtype=export.dtype,
        metadata=export.metadata,
    )
    with pytest.raises(ValueError, match=words) as error:
        OnnxDetector(path, image_size=SIZE)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()


DAMAGES = {
    "NaN scores": ((4, 9), np.nan, "1 of 84 scores are NaN or infinite", 2),
    "a NaN score of another class": ((5, PLACES[1]), np.nan, "1 of 84 scores are NaN or infinite", 1),
    "an infinite score": ((4, 9), np.inf, "1 of 84 scores are NaN or infinite", 2),
    "NaN boxes": ((2, PLACES[0]), np.nan, "1 of 2 boxes are NaN or infinite", 1),
    "infinite boxes": ((slice(0, 4), slice(None)), np.inf, "2 of 2 boxes are NaN or infinite", 0),
    "boxes inside out": ((2, PLACES[0]), -16.0, "1 of 2 boxes end before they begin", 1),
    "logits": ((4, PLACES[0]), 12.5, "a score is 12.5, above 1", 2),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_results_that_cannot_be_right_are_said_once(tmp_path, caplog, name):
    place, value, words, people = DAMAGES[name]
    output = by_column()
    output[(0, *place)] = value
    detector = OnnxDetector(save_constant_network(tmp_path / "net.onnx", output, metadata=NAMES))
    assert not caplog.records
    for _ in range(3):
        assert len(detector.detect(FRAME)) == people
    (record,) = caplog.records
    assert words in record.getMessage()
    assert record.getMessage().startswith(f"{tmp_path / 'net.onnx'}: picture 1: ")


def test_thousands_of_people_on_a_picture_are_said_once(tmp_path, caplog):
    side = 320
    cells = side * side // 64 + side * side // 256 + side * side // 1024
    output = np.zeros((1, 5, cells), np.float32)
    output[0, 0], output[0, 1] = np.arange(cells) % 50 * 6 + 3, np.arange(cells) // 50 * 6 + 3
    output[0, 2:] = np.array([5, 5, 0.9])[:, None]
    path = save_constant_network(tmp_path / "net.onnx", output, picture=[1, 3, side, side])
    detector = OnnxDetector(path)
    for _ in range(2):
        assert len(detector.detect(np.zeros((side, side, 3), np.uint8))) > 1000
    (record,) = caplog.records
    assert "people on one picture" in record.getMessage()


def test_real_yolox_agrees_with_the_recorded_boxes(shared):
    from smot_vlm.video.reader import open_video

    recorded = np.load(shared / "golden/dev/sequences/TUD-Campus/det.npz")
    detector = OnnxDetector(shared / "data/detector/yolox_nano.onnx")
    with open_video(shared / "data/mot15/TUD-Campus/TUD-Campus.mp4", max_frames=5) as video:
        for frame in video:
            people = detector.detect(frame.image)
            rows = recorded["frame"] == frame.index + 1
            assert len(people) == rows.sum()
            assert np.allclose(people.boxes, recorded["xyxy"][rows], atol=0.05)
            assert np.allclose(people.scores, recorded["score"][rows], atol=1e-4)
