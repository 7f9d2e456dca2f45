"""Groups, rates and clipping."""

import pytest
import torch
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.training.optim import clip_groups, make_optimizer, parameter_groups, rate_factor, set_rates


@pytest.fixture(scope="module")
def groups(tiny_language_model):
    model = build_model(tiny_config(tiny_language_model))
    made = parameter_groups(model, learning_rate=1e-3, lora_learning_rate=5e-4, backbone_factor=0.1, weight_decay=0.02)
    return model, made


def test_every_trained_parameter_is_in_one_group_at_its_rate(groups):
    model, made = groups
    rate = {id(parameter): group["rate"] for group in made for parameter in group["params"]}
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert len(rate) == sum(len(group["params"]) for group in made) == len(trained)
    for name, parameter in trained.items():
        expected = 1e-4 if name.startswith("detector.") else 5e-4 if "lora_" in name else 1e-3
        assert rate[id(parameter)] == pytest.approx(expected), name


def test_only_matrices_decay(groups):
    _, made = groups
    for group in made:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.02 if parameter.ndim > 1 else 0)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.1), (9, 1.0), (10, 1.0), (55, 0.5), (100, 0.0), (120, 0.0)])
def test_rates_warm_up_and_fall_along_half_a_cosine(step, expected):
    assert rate_factor(step, warmup_steps=10, steps=100) == pytest.approx(expected, abs=1e-6)


def test_rates_warm_up_anew_where_a_loss_joins():
    options = {"warmup_steps": 10, "steps": 100, "starts": (40, 60)}
    cosine = [rate_factor(step, warmup_steps=10, steps=100) for step in range(100)]
    assert rate_factor(39, **options) == pytest.approx(cosine[39])
    assert rate_factor(40, **options) == pytest.approx(cosine[40] / 10)
    assert rate_factor(49, **options) == pytest.approx(cosine[49])
    assert rate_factor(60, **options) == pytest.approx(cosine[60] / 10)


def test_no_warm_up():
    assert rate_factor(0, warmup_steps=0, steps=10) == 1.0


def test_groups_are_clipped_apart(groups):
    _, made = groups
    optimizer = make_optimizer(made)
    set_rates(optimizer, 0.5)
    assert {group["name"]: group["lr"] for group in optimizer.param_groups} == pytest.approx(
        {"backbone": 5e-5, "lora": 2.5e-4, "heads": 5e-4}
    )
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            size = {"backbone": 100.0, "lora": 1e-6, "heads": 0.0}[group["name"]]
            parameter.grad = torch.full_like(parameter, size)
    norms = clip_groups(optimizer, 1.0)
    assert norms["backbone"] > 1e4
    for group in optimizer.param_groups:
        total = torch.cat([parameter.grad.flatten() for parameter in group["params"]])
        assert total.norm() <= 1.0 + 1e-4
        if group["name"] == "lora":
            assert total.abs().max() == pytest.approx(1e-6), "small gradients stay as they are"
