"""A detector's backbone and neck from a file: taken whole, or refused with one line."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from training_cases import small_training

from smot_vlm.config import Config
from smot_vlm.detection.detector import YoloDetector
from smot_vlm.models.build import build_model
from smot_vlm.models.smot import SmotModel
from smot_vlm.training.loop import Run, Trainer


@pytest.fixture(scope="module")
def other() -> dict[str, Tensor]:
    """All tensors of another network of the same architecture, 80 classes in its head."""
    architecture = {**YoloDetector("yolov5n.yaml").architecture, "nc": 80}
    torch.manual_seed(7)
    return YoloDetector(architecture).model.state_dict()


def configured(language_model: Path, tensors: dict[str, Tensor], path: Path) -> Config:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    config = small_training(language_model, steps=1)
    return replace(config, detector=replace(config.detector, weights="yolov5n.yaml", pretrained=str(path)))


def begun(config: Config, folder: Path) -> SmotModel:
    """The model of a training at its first step."""
    return Trainer(config, Run(folder / "run")).model


def test_backbone_and_neck_are_the_files_and_the_head_is_not(tiny_language_model, other, tmp_path):
    half = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in other.items()}
    model = begun(configured(tiny_language_model, half, tmp_path / "coco.safetensors"), tmp_path)
    own = model.detector.model.state_dict()
    body = [name for name in own if not name.startswith("model.24.")]
    assert len(body) == 342
    assert all(torch.equal(own[name], half[name].to(own[name].dtype)) for name in body)
    assert own["model.24.cv3.0.2.weight"].shape[0] == 1, "people alone"
    assert not model.trained


def test_a_file_without_a_head_is_enough(tiny_language_model, other, tmp_path):
    body = {name: tensor for name, tensor in other.items() if not name.startswith("model.24.")}
    model = begun(configured(tiny_language_model, body, tmp_path / "coco.safetensors"), tmp_path)
    assert torch.equal(model.detector.model.state_dict()["model.0.conv.weight"], other["model.0.conv.weight"])


def test_a_folder_that_is_loaded_does_not_ask_for_the_file(tiny_language_model, other, tmp_path):
    config = configured(tiny_language_model, other, tmp_path / "coco.safetensors")
    architecture = build_model(config).detector.architecture
    (tmp_path / "coco.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"detector\.pretrained .*coco\.safetensors: no such file; give"):
        begun(config, tmp_path)
    assert build_model(config, architecture=architecture).detector.architecture == architecture


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda given: given.pop("model.9.cv1.conv.weight"), r"missing: model\.9\.cv1\.conv\.weight"),
        (lambda given: given.update(extra=torch.zeros(1)), "extra: extra"),
        (
            lambda given: given.update({"model.0.bn.bias": torch.zeros(3)}),
            r"of another shape: model\.0\.bn\.bias \(3,\)",
        ),
        (lambda given: given["model.0.bn.bias"].fill_(torch.nan), r"not a number: model\.0\.bn\.bias"),
    ],
)
def test_layers_of_another_network_are_refused(tiny_language_model, other, tmp_path, change, words):
    given = {name: tensor.clone() for name, tensor in other.items()}
    change(given)
    with pytest.raises(ValueError, match=rf"detector\.pretrained .*coco\.safetensors: .*{words}") as caught:
        begun(configured(tiny_language_model, given, tmp_path / "coco.safetensors"), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_training_that_goes_on_does_not_ask_for_the_file(tiny_language_model, other, tmp_path):
    config = configured(tiny_language_model, other, tmp_path / "coco.safetensors")
    Trainer(config, Run(tmp_path / "run")).train()
    (tmp_path / "coco.safetensors").unlink()
    longer = replace(config, training=replace(config.training, steps=2))
    assert Trainer(longer, Run(tmp_path / "run")).progress.step == 1
