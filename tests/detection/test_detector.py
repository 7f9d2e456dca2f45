"""The YOLO inside the model: one forward gives boxes and pyramid, its loss trains it, and boxes leave in frame pixels."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from smot_vlm.detection.detector import YoloDetector, YoloFileDetector
from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.detection.result_check import ResultCheck
from smot_vlm.detection.suppression import people_from_channels


@pytest.fixture(scope="module")
def detector() -> YoloDetector:
    torch.manual_seed(0)
    return YoloDetector("yolo11n.yaml", image_size=96)


def test_an_architecture_is_untrained_and_finds_one_class(detector):
    assert not detector.trained
    assert detector.strides == [4, 8, 16, 32]
    assert detector.channels == [67, 64, 128, 256]


def test_one_forward_gives_boxes_and_the_pyramid(detector):
    canvas, placement = detector.preprocess(np.zeros((60, 90, 3), np.uint8))
    assert canvas.shape == (3, 64, 96)
    with torch.no_grad():
        output = detector.eval()(canvas[None])
    assert [tuple(level.shape) for level in output.pyramid] == [
        (1, 67, 16, 24), (1, 64, 8, 12), (1, 128, 4, 6), (1, 256, 2, 3),
    ]  # fmt: skip
    people = detector.boxes(output, [placement])[0]
    assert (np.diff(people.scores) <= 0).all()


def test_the_pyramid_is_what_ultralytics_own_forward_feeds_its_head(detector):
    seen = []
    head = detector.model.model[-1]
    hook = head.register_forward_pre_hook(lambda module, inputs: seen.append([level.clone() for level in inputs[0]]))
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected = detector.eval().model(images)[0]
        output = detector(images)
    hook.remove()
    assert torch.equal(output.raw[0], expected)
    for ours, theirs in zip(output.pyramid[1:], seen[0], strict=True):
        assert torch.equal(ours, theirs)


def test_the_gradient_reaches_the_backbone_and_the_head():
    torch.manual_seed(0)
    detector = YoloDetector("yolo11n.yaml", image_size=64).train()
    boxes = [torch.tensor([[8.0, 8.0, 40.0, 56.0]]), torch.zeros(0, 4)]
    detector.loss(detector(torch.rand(2, 3, 64, 64)), boxes, (64, 64)).backward()
    assert all(parameter.grad is not None for parameter in detector.parameters() if parameter.requires_grad)


class EveryAnchor(nn.Module):
    """In place of ultralytics' assigner: every anchor predicts the image's first box, whatever the network says."""

    def forward(self, scores, boxes, anchors, labels, truth, mask):
        everywhere = torch.ones(scores.shape[:2], dtype=torch.bool)
        return (
            None,
            truth[:, :1].expand_as(boxes),
            torch.ones_like(scores),
            everywhere,
            torch.zeros_like(everywhere).long(),
        )


@pytest.fixture(params=[1, 2])
def threads(request) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.learning
@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("seed", range(4))
def test_a_small_step_down_the_gradient_lowers_the_loss_as_predicted(seed):
    """With fixed targets and statistics the loss is smooth, so that the assertion depends on no seed or machine."""
    torch.manual_seed(seed)
    detector = YoloDetector("yolo11n.yaml", image_size=64).train()
    for module in detector.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    detector.model.criterion = detector.model.init_criterion()
    detector.model.criterion.assigner = EveryAnchor()
    images, boxes = torch.rand(2, 3, 64, 64), [torch.tensor([[8.0, 8.0, 40.0, 56.0]]), torch.tensor([[4.0, 4, 60, 60]])]
    loss = detector.loss(detector(images), boxes, (64, 64))
    loss.backward()
    trained = {name: parameter for name, parameter in detector.named_parameters() if parameter.requires_grad}
    assert [name for name, parameter in trained.items() if not parameter.grad.abs().sum() > 0] == []
    expected = 0.01 * loss.item()
    rate = expected / sum(parameter.grad.square().sum() for parameter in trained.values())
    with torch.no_grad():
        for parameter in trained.values():
            parameter -= rate * parameter.grad
        after = detector.loss(detector(images), boxes, (64, 64))
    assert loss.item() - after.item() == pytest.approx(expected, rel=0.2)


def test_no_person_in_any_frame_still_has_a_loss(detector):
    loss = detector.train().loss(detector(torch.rand(1, 3, 64, 64)), [torch.zeros(0, 4)], (64, 64))
    assert torch.isfinite(loss)


def test_at_most_max_people():
    torch.manual_seed(0)
    detector = YoloDetector("yolo11n.yaml", image_size=96, min_score=0.0, overlap=1.0, max_people=7).eval()
    canvas, placement = detector.preprocess(np.zeros((96, 96, 3), np.uint8))
    with torch.no_grad():
        assert len(detector.boxes(detector(canvas[None]), [placement])[0]) <= 7


def test_only_people_come_out():
    """Columns: a person, a weaker person elsewhere, something that is rather class 1, a person outside the frame."""
    prediction = np.array(
        [
            [20, 60, 40, -50],
            [20, 60, 40, 20],
            [10, 10, 10, 10],
            [10, 20, 10, 10],
            [0.9, 0.6, 0.3, 0.9],
            [0.1, 0, 0.7, 0],
        ],
        dtype=np.float32,
    )
    people = people_from_channels(prediction, Letterbox((1.0, 1.0), (0.0, 0.0), 100, 100), 0.1, 0.6, ResultCheck(""))
    assert np.allclose(people.boxes, [[15, 15, 25, 25], [55, 50, 65, 70]])
    assert np.allclose(people.scores, [0.9, 0.6])


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ("nothing.pt", FileNotFoundError, "no such checkpoint"),
        ("nothing.yaml", FileNotFoundError, "no such YOLO architecture"),
        ("yolo11n", ValueError, r"takes an ultralytics \.yaml or \.pt"),
    ],
)
def test_wrong_weights_are_an_error_of_one_line(weights, error, words):
    with pytest.raises(error, match=words):
        YoloDetector(weights)


def test_a_users_checkpoint_runs_as_it_is(tmp_path):
    from ultralytics import YOLO

    YOLO("yolo11n.yaml", verbose=False).save(tmp_path / "mine.pt")
    people = YoloFileDetector(tmp_path / "mine.pt", image_size=64).detect(np.zeros((40, 60, 3), np.uint8))
    assert people.boxes.shape[1] == 4
    inside = YoloDetector(str(tmp_path / "mine.pt"), image_size=64)
    assert inside.trained
    assert all(parameter.requires_grad for name, parameter in inside.named_parameters() if "dfl" not in name)


def save_yolo(path, names):
    from ultralytics import YOLO

    network = YOLO("yolo11n.yaml", verbose=False)
    network.model.names = names
    network.save(path)
    return path


def test_people_of_a_checkpoint_are_found_by_name(tmp_path):
    others = {number: f"thing {number}" for number in range(1, 80)}
    path = save_yolo(tmp_path / "cars.pt", {0: "car", **others})
    with pytest.raises(ValueError, match=r"cars\.pt: finds no people, its classes are 'car', 'thing 1'"):
        YoloFileDetector(path, image_size=64)
    path = save_yolo(tmp_path / "both.pt", {0: "car", **others, 7: "Person", 9: "pedestrian"})
    detector = YoloFileDetector(path, image_size=64)
    detector.detect(np.zeros((64, 64, 3), np.uint8))
    assert detector._yolo.predictor.args.classes == [7, 9]
    detector = YoloFileDetector(path, image_size=64, classes=["person"])
    assert detector._options["classes"] == [0]
    with pytest.raises(ValueError, match=r"both\.pt: its class 0 is 'car'; the model's own detector takes"):
        YoloDetector(str(path))


def test_a_checkpoint_that_fails_on_a_picture_is_an_error_of_one_line(tmp_path, monkeypatch):
    detector = YoloFileDetector(save_yolo(tmp_path / "mine.pt", {0: "person"}), image_size=64)

    def fail(*_, **__):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(detector._yolo, "predict", fail)
    with pytest.raises(ValueError, match=r"mine\.pt: ultralytics cannot run it \(out of memory\)"):
        detector.detect(np.zeros((64, 64, 3), np.uint8))


def test_the_models_own_detector_says_what_cannot_be_right(caplog):
    detector = YoloDetector("yolo11n.yaml", image_size=64).eval()
    canvas, placement = detector.preprocess(np.zeros((64, 64, 3), np.uint8))
    with torch.no_grad():
        output = detector(canvas[None])
    output.raw[0][:] = torch.nan
    for _ in range(2):
        assert len(detector.boxes(output, [placement])[0]) == 0
    (record,) = caplog.records
    assert record.getMessage().startswith("the model's own detector: picture 1: 84 of 84 scores are NaN or infinite")


def test_a_broken_checkpoint_is_an_error_of_one_line(tmp_path):
    (tmp_path / "mine.pt").write_text("hello")
    with pytest.raises(ValueError, match="ultralytics cannot read it") as caught:
        YoloFileDetector(tmp_path / "mine.pt")
    assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="no such YOLO file"):
        YoloFileDetector(tmp_path / "other.pt")


def test_a_checkpoint_runs_at_the_size_it_was_trained_at_by_default(tmp_path):
    from ultralytics import YOLO

    network = YOLO("yolo11n.yaml", verbose=False)
    network.ckpt = {"train_args": {"imgsz": 96}}
    network.save(tmp_path / "mine.pt")
    for size, expected in ((None, 96), (64, 64)):
        detector = YoloFileDetector(tmp_path / "mine.pt", image_size=size)
        sizes = []
        detector._yolo.predictor.model.register_forward_pre_hook(
            lambda module, inputs, to=sizes: to.append(inputs[0].shape)
        )
        detector.detect(np.zeros((64, 64, 3), np.uint8))
        assert max(sizes[0][2:]) == expected


def test_an_onnx_file_of_another_maker_is_an_error_of_one_line(shared):
    with pytest.raises(ValueError, match=r"yolox_nano.onnx: ultralytics cannot run it .* is onnx:FILE") as caught:
        YoloFileDetector(shared / "data/detector/yolox_nano.onnx")
    assert "\n" not in str(caught.value)


def test_pillow_stays_as_it_is():
    """Ultralytics replaces its opener with one that runs pip where a picture is broken."""
    from PIL import Image

    assert Image.open.__module__ == "PIL.Image"
