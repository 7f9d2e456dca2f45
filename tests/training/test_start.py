"""A training starts from another one's checkpoint or from a model's folder, whole or in part."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import save_pretrained
from smot_vlm.models.smot import SmotModel
from smot_vlm.training.checkpoints import Checkpoints, Progress, trained_state
from smot_vlm.training.start import start_from


@pytest.fixture(scope="module")
def given(tiny_language_model) -> SmotModel:
    """Every weight that training changes is as no new model has it, the adapter's too."""
    torch.manual_seed(11)
    model = build_model(tiny_config(tiny_language_model))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter))
    return model


@pytest.fixture(scope="module", params=["checkpoint", "folder"])
def source(request, given, tiny_language_model, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    if request.param == "folder":
        save_pretrained(given, tiny_config(tiny_language_model), folder / "model")
        return folder / "model"
    optimizer = torch.optim.SGD([weight for weight in given.parameters() if weight.requires_grad], lr=0.1)
    return Checkpoints(folder, keep=1).save(given, optimizer, Progress(3))


def taken(model: SmotModel, given: SmotModel) -> set[str]:
    """Weights that the model has from the source."""
    theirs = trained_state(given)
    return {
        name
        for name, tensor in trained_state(model).items()
        if name in theirs and tensor.shape == theirs[name].shape and torch.equal(tensor, theirs[name])
    }


def test_all_weights_are_taken_adapter_included(source, given, tiny_language_model):
    model = build_model(tiny_config(tiny_language_model))
    assert not any("lora" in name for name in taken(model, given))
    start_from(source, model)
    assert taken(model, given) == set(trained_state(given))
    assert any("lora_B" in name for name in taken(model, given))


def test_a_model_with_other_weights_takes_them_partly_if_that_is_said(source, given, tiny_language_model):
    config = tiny_config(tiny_language_model)
    config = replace(config, decoder=replace(config.decoder, lora_lm=replace(config.decoder.lora_lm, soft_tokens=8)))
    model = build_model(config)
    with pytest.raises(ValueError, match=r"not weights of the configured model \(.*soft.*or --weights with --partly"):
        start_from(source, model)
    start_from(source, model, partly=True)
    left = set(trained_state(given)) - taken(model, given)
    assert left
    assert all("soft" in name for name in left)


def test_of_another_detector_no_layer_is_taken(source, given, tiny_language_model):
    config = tiny_config(tiny_language_model)
    model = build_model(replace(config, detector=replace(config.detector, weights="yolov8n.yaml")))
    before = {name: tensor.clone() for name, tensor in model.detector.state_dict().items()}
    start_from(source, model, partly=True)
    after = model.detector.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert {"decoder", "interaction_head"} <= {name.split(".")[0] for name in taken(model, given)}


def test_what_is_neither_is_refused(given, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        start_from(tmp_path, given)
    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        start_from(tmp_path / "none.pt", given)


def test_what_is_no_number_is_refused(given, tiny_language_model, tmp_path):
    save_pretrained(given, tiny_config(tiny_language_model), tmp_path / "model")
    path = tmp_path / "model/model.safetensors"
    tensors = load_file(path)
    tensors["interaction_head.bias"][3] = torch.nan
    save_file(tensors, path)
    (tmp_path / "model/SHA256SUMS").unlink()
    with pytest.raises(ValueError, match=r"not a number: interaction_head\.bias"):
        start_from(tmp_path / "model", build_model(tiny_config(tiny_language_model)), partly=True)
