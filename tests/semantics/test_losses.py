"""Focal loss and label smoothing against their formulas."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from smot_vlm.semantics.losses import IGNORED, focal_loss, label_smoothed_loss


@given(seed=st.integers(0, 1000), gamma=st.floats(0, 4))
def test_focal_loss_is_its_formula(seed, gamma):
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(3, 5, generator=generator)
    labels = torch.randint(2, (3, 5), generator=generator).float()
    right = torch.where(labels == 1, logits, -logits).double().sigmoid()
    expected = -((1 - right) ** gamma * right.log())
    assert focal_loss(logits, labels, gamma).item() == pytest.approx(expected.mean().item(), rel=1e-5)
    assert focal_loss(logits, labels, gamma, "sum").item() == pytest.approx(expected.sum().item(), rel=1e-5)


def test_focal_loss_without_gamma_is_binary_cross_entropy():
    logits, labels = torch.randn(4, 6), torch.randint(2, (4, 6)).float()
    expected = functional.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(focal_loss(logits, labels, gamma=0.0), expected)


def test_focal_loss_is_finite_however_sure_and_wrong():
    logits = torch.tensor([[-200.0, 200.0]], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([[1.0, 0.0]]))
    loss.backward()
    assert loss.item() == pytest.approx(200.0)
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_no_pair_costs_nothing(reduction):
    logits = torch.zeros(0, 7, requires_grad=True)
    loss = focal_loss(logits, torch.zeros(0, 7), reduction=reduction)
    loss.backward()
    assert loss.item() == 0.0


@given(seed=st.integers(0, 1000), smoothing=st.floats(0.01, 0.7), vocabulary=st.integers(4, 9))
def test_label_smoothing_is_the_divergence_from_the_smoothed_target(seed, smoothing, vocabulary):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(6, vocabulary, generator=generator)
    targets = torch.randint(vocabulary, (6,), generator=generator)
    smoothed = torch.full((6, vocabulary), smoothing / (vocabulary - 1)).scatter(1, targets[:, None], 1 - smoothing)
    expected = functional.kl_div(logits.log_softmax(1), smoothed, reduction="sum")
    loss = label_smoothed_loss(logits, targets, smoothing)
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-4)


def test_a_prediction_equal_to_the_smoothed_target_costs_nothing():
    target = torch.tensor([[0.9, 0.05, 0.05]])
    assert label_smoothed_loss(target.log(), torch.tensor([0])).item() == pytest.approx(0.0, abs=1e-6)


def test_no_smoothing_is_the_negative_log_likelihood():
    logits, targets = torch.randn(5, 8), torch.randint(8, (5,))
    expected = functional.cross_entropy(logits, targets, reduction="sum")
    torch.testing.assert_close(label_smoothed_loss(logits, targets, 0.0), expected)


def test_ignored_words_cost_nothing_and_get_no_gradient():
    logits = torch.randn(4, 8, requires_grad=True)
    targets = torch.tensor([3, IGNORED, 0, IGNORED])
    loss = label_smoothed_loss(logits, targets)
    loss.backward()
    torch.testing.assert_close(loss.detach(), label_smoothed_loss(logits.detach()[::2], targets[::2]))
    assert logits.grad[1::2].abs().sum() == 0
    assert (logits.grad[::2].abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("smoothing", [-0.1, 0.9, 1.0])
def test_smoothing_that_leaves_the_word_least_likely_is_refused(smoothing):
    with pytest.raises(ValueError, match="label smoothing is"):
        label_smoothed_loss(torch.randn(2, 4), torch.tensor([0, 1]), smoothing)
