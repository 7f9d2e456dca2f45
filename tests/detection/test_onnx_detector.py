"""ONNX detectors: each kind of export is recognised by its shape, only people come out, and boxes lie in the frame's pixels."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from smot_vlm.detection.onnx_detector import OnnxDetector

SIZE = 64
CELLS = 8 * 8 + 4 * 4 + 2 * 2


def save_constant_network(path, output: np.ndarray, size: int | str = SIZE):
    """A network whose output is always `output`; it reads a (1, 3, size, size) picture."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, list(output.shape))
    # The picture's sum times zero is added, so that the input is used.
    nodes = [
        helper.make_node("ReduceSum", ["images"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["output"]),
    ]
    constants = [
        numpy_helper.from_array(output.astype(np.float32), "answer"),
        numpy_helper.from_array(np.zeros((), np.float32), "zero"),
    ]
    graph = helper.make_graph(nodes, "constant", [picture], [answer], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def yolox_output() -> np.ndarray:
    """Two people and a car. The first: cell (2, 1) of stride 8, center (20, 12), 16 x 8 pixels, score 0.9 * 0.8."""
    output = np.zeros((1, CELLS, 7), np.float32)
    output[0, :, :2] = 0.5
    output[0, 1 * 8 + 2] = [0.5, 0.5, np.log(2), np.log(1), 0.9, 0.8, 0.1]
    output[0, 64 + 3 * 4 + 3] = [0.0, 0.0, np.log(0.5), np.log(0.5), 0.5, 0.5, 0.0]
    output[0, 64 + 5] = [0.5, 0.5, 0.0, 0.0, 0.9, 0.0, 0.9]
    return output


def ultralytics_output() -> np.ndarray:
    """The same people, decoded."""
    output = np.zeros((1, 6, CELLS), np.float32)
    output[0, :, 3] = [20, 12, 16, 8, 0.72, 0.1]
    output[0, :, 9] = [48, 48, 8, 8, 0.25, 0.0]
    output[0, :, 5] = [20, 40, 16, 16, 0.1, 0.9]
    return output


def end_to_end_output() -> np.ndarray:
    output = np.zeros((1, 5, 6), np.float32)
    output[0, 0] = [12, 8, 28, 16, 0.72, 0]
    output[0, 1] = [44, 44, 52, 52, 0.25, 0]
    output[0, 2] = [12, 32, 28, 48, 0.9, 2]
    return output


EXPORTS = {
    "yolox": yolox_output(),
    "ultralytics": ultralytics_output(),
    "ultralytics-end2end": end_to_end_output(),
}


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("size", [SIZE, "side"])
def test_exports_are_recognised_by_their_shape_and_give_the_people(tmp_path, kind, size):
    path = save_constant_network(tmp_path / "net.onnx", EXPORTS[kind], size)
    detector = OnnxDetector(path, image_size=SIZE)
    assert detector.kind == kind
    people = detector.detect(np.zeros((SIZE, SIZE, 3), np.uint8))
    assert np.allclose(people.boxes, [[12, 8, 28, 16], [44, 44, 52, 52]], atol=1e-4)
    assert np.allclose(people.scores, [0.72, 0.25], atol=1e-5)


@pytest.mark.parametrize("kind", EXPORTS)
def test_the_letterbox_is_undone(tmp_path, kind):
    """A frame twice as large and half as high: yolox lays it at the top, ultralytics in the middle (16 pixels down)."""
    detector = OnnxDetector(save_constant_network(tmp_path / "net.onnx", EXPORTS[kind]), min_score=0.5)
    people = detector.detect(np.zeros((SIZE, 2 * SIZE, 3), np.uint8))
    if kind == "yolox":
        assert np.allclose(people.boxes, [[24, 16, 56, 32]], atol=1e-4)
    else:
        assert len(people) == 0, "the box lies in the grey above the picture"


def test_overlapping_boxes_are_suppressed(tmp_path):
    output = ultralytics_output()
    output[0, :, 4] = [21, 12, 16, 8, 0.6, 0.0]
    path = save_constant_network(tmp_path / "net.onnx", output)
    frame = np.zeros((SIZE, SIZE, 3), np.uint8)
    assert len(OnnxDetector(path, overlap=0.5).detect(frame)) == 2
    assert len(OnnxDetector(path, overlap=0.95).detect(frame)) == 3


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (np.zeros((1, 1000)), "output has shape"),
        (np.zeros((1, 10, 12)), "YOLOX export"),
        (np.zeros((2, 5, 6)), "output has shape"),
    ],
)
def test_a_network_of_another_kind_is_refused(tmp_path, output, words):
    with pytest.raises(ValueError, match=words):
        OnnxDetector(save_constant_network(tmp_path / "net.onnx", output))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    (tmp_path / "net.onnx").write_text("hello")
    with pytest.raises(ValueError, match=r"net\.onnx: onnxruntime cannot read it"):
        OnnxDetector(tmp_path / "net.onnx")
    with pytest.raises(FileNotFoundError, match="no such ONNX file"):
        OnnxDetector(tmp_path / "other.onnx")


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
