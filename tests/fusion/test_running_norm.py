"""Running statistics: those of all that was counted, alike in training and at inference, padding left out."""

import pytest
import torch
from torch import nn

from smot_vlm.fusion.running_norm import MOMENTUM, RunningNorm, running_norms


def test_before_any_update_nothing_changes():
    tokens = torch.randn(2, 3, 5)
    assert torch.equal(RunningNorm(5)(tokens), tokens)


def test_after_the_first_update_its_tokens_have_mean_0_and_deviation_1():
    norm, tokens = RunningNorm(5), 3.0 * torch.randn(4, 50, 5) + 7.0
    norm(tokens)
    norm.update()
    out = norm.eval()(tokens).flatten(0, 1)
    assert out.mean(dim=0).abs().max() < 1e-4
    assert out.std(dim=0, unbiased=False) == pytest.approx(torch.ones(5), abs=1e-3)
    assert torch.equal(norm.train()(tokens), norm.eval()(tokens)), "training and inference are alike"


def test_parts_of_a_step_count_as_one():
    """Micro-batches and processes: what is counted in parts, or added up by `reduce`, is counted together."""
    tokens = torch.randn(6, 4, 5)
    whole, parts = RunningNorm(5), RunningNorm(5)
    whole(tokens)
    whole.update()
    parts(tokens[:2])
    elsewhere = RunningNorm(5)
    elsewhere(tokens[2:])
    parts.update(lambda counted: counted + elsewhere._counted)
    assert torch.allclose(whole.mean, parts.mean)
    assert torch.allclose(whole.variance, parts.variance)


def test_later_updates_move_a_little():
    norm = RunningNorm(1)
    norm(torch.zeros(1, 10, 1))
    norm.update()
    norm(torch.ones(1, 10, 1))
    norm.update()
    assert norm.mean.item() == pytest.approx(MOMENTUM)
    norm.update()
    assert norm.mean.item() == pytest.approx(MOMENTUM), "nothing was counted"


def test_padding_and_inference_are_not_counted():
    norm, tokens = RunningNorm(3), torch.randn(2, 4, 3)
    mask = torch.tensor([[True, True, False, False], [True, False, False, False]])
    norm(tokens, mask)
    norm.eval()(tokens)
    norm.update()
    assert torch.allclose(norm.mean, tokens[mask].mean(dim=0), atol=1e-6)


def test_a_channel_that_never_changes_stays_finite():
    norm = RunningNorm(2)
    norm(torch.ones(1, 10, 2))
    norm.update()
    assert torch.isfinite(norm(torch.randn(1, 3, 2))).all()


def test_all_of_a_model_are_found_and_saved():
    model = nn.Sequential(RunningNorm(2), nn.Linear(2, 2), nn.Sequential(RunningNorm(3)))
    assert len(list(running_norms(model))) == 2
    assert {"0.mean", "0.variance", "2.0.updates"} <= model.state_dict().keys()
    assert not any("_counted" in name for name in model.state_dict())
