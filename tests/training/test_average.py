"""The moving average of the weights: its value, who uses it, and that it survives a checkpoint."""

import pytest
import torch
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.training.average import WeightAverage
from smot_vlm.training.checkpoints import Checkpoints, DamagedCheckpoint, Progress, read_checkpoint, restore


@pytest.fixture(scope="module")
def model(tiny_language_model):
    return build_model(tiny_config(tiny_language_model))


@pytest.fixture
def optimizer(model):
    return torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=0.1)


def set_bias(model, value: float) -> None:
    with torch.no_grad():
        model.interaction_head.bias.fill_(value)


def bias(model) -> float:
    return float(model.interaction_head.bias[0])


def averaged(model, values: list[float], decay: float) -> WeightAverage:
    set_bias(model, 0.0)
    average = WeightAverage(model, decay)
    for value in values:
        set_bias(model, value)
        average.update()
    return average


def test_it_is_the_sum_that_the_decays_give(model):
    average = averaged(model, [1.0, 3.0], decay=0.2)
    # Warm-up: 2/11 at first, then 3/12 is above the largest decay of 0.2.
    expected = 0.2 * (1 - 2 / 11) * 1.0 + 0.8 * 3.0
    with average.in_place():
        assert bias(model) == pytest.approx(expected)
    assert bias(model) == 3.0, "its own weights are back"


def test_own_weights_come_back_after_an_error(model):
    average = averaged(model, [5.0], decay=0.9)
    with pytest.raises(RuntimeError), average.in_place():
        raise RuntimeError
    assert bias(model) == 5.0


def test_statistics_are_averaged_and_frozen_weights_are_not_kept(model):
    average = averaged(model, [1.0], decay=0.9)
    names = average.state()["weights"].keys()
    assert any("running_mean" in name for name in names)
    assert not any(name.startswith("decoder.language_model") and "lora_" not in name for name in names)


def test_a_checkpoint_has_both_and_a_training_goes_on_with_both(model, optimizer, tmp_path):
    average = averaged(model, [1.0, 2.0], decay=0.5)
    with average.in_place():
        expected = bias(model)
    checkpoints = Checkpoints(tmp_path, 2)
    path = checkpoints.save(model, optimizer, Progress(2, 0.25, waited=3), average.state())
    set_bias(model, 9.0)
    assert checkpoints.restore_newest(model, optimizer) == Progress(2, 0.25, waited=3)
    assert (bias(model), checkpoints.restored) == (2.0, path)
    kept = read_checkpoint(path)["average"]
    again = WeightAverage(model, 0.5)
    again.load(kept["weights"], kept["updates"])
    for one in (average, again):
        one.update()
    assert torch.equal(*(one.state()["weights"]["interaction_head.bias"] for one in (average, again)))
    restore(path, model, averaged=True)
    assert bias(model) == pytest.approx(expected), "what is exported"


def test_a_checkpoint_without_one_is_read_as_before(model, optimizer, tmp_path):
    set_bias(model, 4.0)
    path = Checkpoints(tmp_path, 2).save(model, optimizer, Progress(1))
    assert read_checkpoint(path)["average"] is None
    restore(path, model, averaged=True)
    assert bias(model) == 4.0


def test_an_average_of_another_model_or_none_at_all_is_told(model, optimizer, tmp_path):
    average = averaged(model, [1.0], decay=0.9)
    with pytest.raises(ValueError, match="averaged weights of the checkpoint are not of the configured model"):
        average.load({"x": torch.zeros(1)}, 1)
    path = Checkpoints(tmp_path, 2).save(model, optimizer, Progress(1), average.state())
    content = torch.load(path, weights_only=True)
    torch.save(content | {"average": {"weights": [1], "updates": 1}}, path)
    (tmp_path / "SHA256SUMS").unlink()
    with pytest.raises(DamagedCheckpoint, match="its weights are no tensors by name"):
        read_checkpoint(path)


def test_an_average_that_is_not_finite_is_not_written(model, optimizer, tmp_path):
    average = averaged(model, [float("nan")], decay=0.9)
    set_bias(model, 0.0)
    with pytest.raises(ValueError, match="not finite"):
        Checkpoints(tmp_path, 2).save(model, optimizer, Progress(1), average.state())
    assert not list(tmp_path.glob("*.pt"))
