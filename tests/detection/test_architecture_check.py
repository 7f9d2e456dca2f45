"""What an architecture may hold: every detection model of ultralytics passes, and nothing that runs code."""

import copy
from pathlib import Path

import pytest
import ultralytics
from ultralytics.nn.tasks import yaml_model_load

from smot_vlm.detection.architecture import check_architecture

MODELS = Path(ultralytics.__file__).parent / "cfg/models"
DETECTORS = ["yolo11", "yolo12", "yolov3", "yolov5", "yolov8", "yolov9c", "yolov10n"]


@pytest.fixture
def architecture():
    return {**yaml_model_load("yolo11n.yaml"), "nc": 1}


@pytest.mark.parametrize("name", DETECTORS)
def test_the_detectors_of_ultralytics_pass(name):
    assert check_architecture(yaml_model_load(str(next(MODELS.rglob(f"{name}.yaml")))))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("activation",), "__import__('os').system('true')", "architecture.activation is"),
        (("activation",), "torch.nn.SiLU() or exec('1')", "architecture.activation is"),
        (("backbone", 0, 2), "torchvision.ops.MLP", r"architecture.backbone\[0\] is a 'torchvision.ops.MLP'"),
        (("backbone", 0, 2), "nn.Module.__init__", r"architecture.backbone\[0\] is a"),
        (("backbone", 0, 2), "attempt_load", r"architecture.backbone\[0\] is a"),
        (("backbone", 0, 2), 7, r"architecture.backbone\[0\] is a 7"),
        (("backbone", 0, 3), ["__import__('os')"], "has the argument"),
        (("backbone", 0, 3), [10**9], "numbers are at most 8192"),
        (("backbone", 0, 3), [float("nan")], "it takes a number"),
        (("backbone", 0, 3), [[[[[1]]]]], "it takes a number"),
        (("backbone", 0, 3), "Conv", "it takes a list"),
        (("backbone", 0, 1), 10**6, "is repeated 1000000 times"),
        (("backbone", 0, 0), "x", "reads from 'x'"),
        (("backbone", 0), None, r"architecture.backbone\[0\] is None"),
        (("backbone",), {}, "architecture.backbone is {}"),
        (("head",), [[-1, 1, "Conv", [8]]] * 1000, "it takes 1 to 200 layers"),
        (("scales",), {"n": "evil"}, "architecture.scales is"),
        (("scale",), "huge", "architecture.scale is 'huge'"),
        (("nc",), True, "architecture.nc has True"),
        (("end2end",), "yes", "architecture.end2end is 'yes'"),
        (("hook",), "x", "architecture.hook is not known"),
    ],
)
def test_anything_else_is_refused_by_its_place(architecture, place, value, message):
    broken = copy.deepcopy(architecture)
    target = broken
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(ValueError, match=message):
        check_architecture(broken)


@pytest.mark.parametrize("value", [None, [], "yolo11n.yaml", 3])
def test_an_architecture_is_keys_and_values(value):
    with pytest.raises(ValueError, match="architecture is"):
        check_architecture(value)
