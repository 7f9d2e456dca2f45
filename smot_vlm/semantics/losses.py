"""Losses of the semantic heads: focal loss for verbs, label smoothing for captions."""

import math
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

# A target of this value is skipped.
IGNORED = -100


def focal_loss(
    logits: Float[Tensor, "pairs verbs"],
    labels: Float[Tensor, "pairs verbs"],
    gamma: float = 2.0,
    reduction: Literal["mean", "sum"] = "mean",
) -> Float[Tensor, ""]:
    """(1 - p_t)^gamma * binary cross-entropy over all pairs and verbs, without class weights (as the released code).

    Args:
        logits: of every verb.
        labels: 1 where the pair does the verb, else 0.
        gamma: how much easy pairs are discounted.
        reduction: over pairs and verbs.

    Returns:
        Nats; 0 without any pair.
    """
    if not logits.numel():
        return logits.sum()
    loss: Tensor = sigmoid_focal_loss(logits, labels, alpha=-1, gamma=gamma, reduction=reduction)
    return loss


def label_smoothed_loss(
    logits: Float[Tensor, "tokens vocabulary"], targets: Int[Tensor, "tokens"], smoothing: float = 0.1
) -> Float[Tensor, ""]:
    """KL divergence from the smoothed target to the prediction, summed over the tokens that are not IGNORED.

    The target is 1 - smoothing for the token and smoothing / (vocabulary - 1) for every other. Its entropy is
    subtracted, so a prediction equal to the target costs 0.

    Args:
        logits: of every token.
        targets: token ids, or IGNORED.
        smoothing: 0 gives the negative log-likelihood.

    Returns:
        Nats.

    Raises:
        ValueError: smoothing below 0, or so large that the target token would be less likely than another.
    """
    vocabulary = logits.shape[-1]
    # torch spreads its share over the whole vocabulary, the target included.
    spread = smoothing * vocabulary / (vocabulary - 1)
    if not 0 <= spread < 1:
        raise ValueError(f"label smoothing is {smoothing}; give at least 0 and less than {1 - 1 / vocabulary:g}")
    cross_entropy = functional.cross_entropy(
        logits.float(), targets.long(), ignore_index=IGNORED, reduction="sum", label_smoothing=spread
    )
    return cross_entropy - _entropy(smoothing, vocabulary) * torch.count_nonzero(targets != IGNORED)


def _entropy(smoothing: float, vocabulary: int) -> float:
    """Entropy of a smoothed target, in nats."""
    if smoothing == 0:
        return 0.0
    return -(1 - smoothing) * math.log(1 - smoothing) - smoothing * math.log(smoothing / (vocabulary - 1))
