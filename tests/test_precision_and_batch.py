"""Batches of frames and precisions change nothing but rounding; what a device has not got is refused in one line."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx_networks import save_constant_network
from tiny import moving_squares, tiny_config

from smot_vlm.config import Config
from smot_vlm.detection.ahead import Ahead, Upcoming, in_batches
from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.models.build import build_model
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.precision import computing, find_precision, tf32_settings
from smot_vlm.tracker import Tracker

CPU = torch.device("cpu")


class Counting:
    """A detector that finds one person, whose place tells the frame, and notes how many frames it is shown at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def detect(self, image: np.ndarray) -> Detections:
        return self.detect_many([image])[0]

    def detect_many(self, images: list[np.ndarray]) -> list[Detections]:
        self.batches.append(len(images))
        lefts = [float((image[:, :, 0] == 220).any(axis=0).argmax()) for image in images]
        return [Detections(np.array([[left, 4, left + 12, 16]]), np.array([0.9])) for left in lefts]


@pytest.fixture(scope="module")
def config(tiny_language_model: Path) -> Config:
    return tiny_config(tiny_language_model)


@pytest.fixture(scope="module")
def model(config: Config) -> SmotModel:
    """Random weights, whose batch norms have seen one picture, so that features are of size 1."""
    torch.manual_seed(0)
    model = build_model(config)
    for part in model.detector.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    for branch in model.detector.model.model[-1].cv2:
        torch.nn.init.normal_(branch[-1].weight, std=0.3)
    with torch.no_grad():
        model.detector(torch.rand(2, 3, 96, 96))
    return model.eval()


def test_frames_come_in_groups_that_are_read_when_they_are_asked_for():
    read: list[int] = []
    frames = (read.append(index) or Frame(index, index / 2, np.zeros((2, 2, 3), np.uint8)) for index in range(5))
    groups = in_batches(frames, 2)
    assert [frame.index for frame in next(groups)] == read == [0, 1]
    assert [len(group) for group in groups] == [2, 1]


def test_the_first_that_is_asked_for_brings_the_rest_along():
    frames = [Frame(index, index / 2, np.zeros((2, 2, 3), np.uint8)) for index in range(4)]
    made: list[list[int]] = []
    upcoming = Upcoming()
    ahead = Ahead(
        lambda group: made.append([one.index for one in group]) or [10 * one.index for one in group], upcoming
    )
    assert ahead.of(frames[0]) == 0
    upcoming.expect(frames[1:])
    assert [ahead.of(frame) for frame in frames[2:]] == [20, 30]
    assert ahead.of(frames[1], alone=True) == 10
    assert made == [[0], [2, 3], [1]]


@pytest.mark.parametrize(("batch", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (8, [7])])
def test_a_detector_is_shown_a_batch_and_the_tracks_stay(model, config, batch, sizes):
    tracker = Tracker(model, config, batch=batch)
    tracker._detector._is_settled, tracker._detector.detector = True, Counting()
    seen: list[int] = []
    description = tracker.describe(moving_squares(7, people=1), on_frame=lambda frame, _: seen.append(frame.index))
    (track,) = description.tracks
    assert tracker._detector.detector.batches == sizes
    assert (track.boxes[:, 0].round() == np.arange(7) + 2).all()
    assert seen == list(range(7))


def test_the_models_own_network_is_run_once_a_batch(model, config, monkeypatch):
    shown: list[int] = []
    forward = model.detector.forward
    monkeypatch.setattr(model.detector, "forward", lambda images: (shown.append(len(images)), forward(images))[1])
    single, together = (
        Tracker(model, config, allow_untrained=True, detector="model", batch=batch).describe(moving_squares(6))
        for batch in (1, 4)
    )
    assert shown == [1] * 6 + [4, 2]
    assert (single.caption, len(single.tracks)) == (together.caption, len(together.tracks))


def test_boxes_and_features_of_a_batch_are_those_of_one_by_one(model, monkeypatch):
    """In float64, where random weights do not magnify the rounding."""
    model = copy.deepcopy(model).double()
    plain = model.detector.preprocess
    monkeypatch.setattr(model.detector, "preprocess", lambda image: (plain(image)[0].double(), plain(image)[1]))
    monkeypatch.setattr(model.detector, "_head", lambda pyramid: model.detector.model.model[-1](pyramid))
    images = list(moving_squares(3))
    with torch.inference_mode():
        together = model.encode_frames(images)
        single = [model.encode_frame(image) for image in images]
    assert not torch.allclose(single[0].output.predictions, single[2].output.predictions, atol=1e-2)
    for one, other in zip(together, single, strict=True):
        assert one.placement == other.placement
        assert torch.allclose(one.output.predictions, other.output.predictions, atol=1e-6)
        for ours, theirs in zip(one.output.pyramid, other.output.pyramid, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_a_stop_ends_at_once_whatever_the_batch(model, config):
    tracker = Tracker(model, config, allow_untrained=True, detector="model", batch=4)
    description = tracker.describe(moving_squares(12), on_frame=lambda frame, _: frame.index != 1)
    assert (description.video.frames, description.video.stopped) == (2, True)


def people(pictures: int) -> np.ndarray:
    """End to end: a person in each picture, at a place of its own."""
    rows = np.zeros((pictures, 20, 6), np.float32)
    rows[:, 0] = [[10 * place, 5, 10 * place + 8, 40, 0.9, 0] for place in range(pictures)]
    return rows


@pytest.mark.parametrize(
    ("answers", "picture", "lefts"),
    [
        (4, [4, 3, 64, 64], [0, 10, 20, 30, 0]),  # it takes four
        (5, ["batch", 3, 64, 64], [0, 10, 20, 30, 40]),  # any number, it says
        (1, ["batch", 3, 64, 64], [0] * 5),  # and answers for one
        (1, [1, 3, 64, 64], [0] * 5),
    ],
)
def test_an_onnx_file_takes_as_many_frames_as_it_can(tmp_path, answers, picture, lefts):
    names = {"names": "{0: 'person', 1: 'car'}"}
    path = save_constant_network(tmp_path / "x.onnx", people(answers), picture=picture, metadata=names)
    if answers == 5:  # its first run is of one picture
        detector = OnnxDetector(
            save_constant_network(tmp_path / "one.onnx", people(1), picture=picture, metadata=names)
        )
        detector._session = OnnxDetector(
            save_constant_network(path, people(5), picture=[5, 3, 64, 64], metadata=names)
        )._session
    else:
        detector = OnnxDetector(path)
    found = detector.detect_many([np.zeros((64, 64, 3), np.uint8)] * 5)
    assert [round(float(each.boxes[0, 0])) for each in found] == lefts


@pytest.mark.parametrize("dtype", ["bf16", "float16"])
def test_boxes_are_computed_in_float32(config, dtype):
    """A coordinate beyond 256 in bf16 is a multiple of 2 pixels, and anchors are kept from call to call."""
    detector = build_model(config).eval().detector
    for branch in detector.model.model[-1].cv2:
        torch.nn.init.normal_(branch[-1].weight, std=0.3)
    sizes = zip(detector.channels[1:], detector.strides[1:], strict=True)
    pyramid = [torch.randn(1, channels, 640 // stride, 640 // stride) for channels, stride in sizes]
    with torch.inference_mode():
        plain = detector._head(pyramid)[0]
        with computing(find_precision(dtype, CPU), CPU):
            lower = detector._head(pyramid)[0]
            assert detector(torch.zeros(1, 3, 64, 64)).pyramid[1].dtype != torch.float32
    assert ((plain[:, :2] > 256) & (plain[:, :2] % 1 > 0)).any()
    assert torch.equal(plain, lower)


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_a_model_describes_in_a_lower_precision(config, dtype):
    torch.manual_seed(0)
    model = build_model(config).eval()
    tracker = Tracker(model, config, dtype=dtype)
    tracker._detector._is_settled, tracker._detector.detector = True, Counting()
    description = tracker.describe(moving_squares(6, people=1))
    assert len(description.tracks) == 1
    stored = {p.dtype for p in model.decoder.parameters() if not p.requires_grad}
    assert stored == {torch.bfloat16 if dtype == "bf16" else torch.float16}
    assert {p.dtype for p in model.detector.parameters()} == {torch.float32}
    assert not torch.is_autocast_enabled("cpu")


def test_what_there_is_not_is_refused(model, config, monkeypatch):
    with pytest.raises(ValueError, match="dtype is 'int8'; it takes float32, tf32, bf16, fp16"):
        Tracker(model, config, dtype="int8")
    with pytest.raises(ValueError, match=r"dtype is tf32, which NVIDIA GPUs .* and the device is cpu; give float32"):
        Tracker.from_pretrained("tracks-only", dtype="tf32", device="cpu")
    with pytest.raises(ValueError, match="batch is 0; give 1 or more"):
        Tracker(model, config, batch=0)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    with pytest.raises(ValueError, match=r"from compute capability 8\.0 on"):
        find_precision("tf32", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    assert find_precision("tf32", torch.device("cuda")) == "tf32"


def test_tf32_is_on_inside_the_block_alone_and_where_asked_for():
    before = tf32_settings()
    for precision, inside in (("tf32", "tf32"), ("float32", "ieee"), ("bf16", "ieee")):
        with computing(precision, CPU):
            assert tf32_settings() == [inside] * 2
        assert tf32_settings() == before
