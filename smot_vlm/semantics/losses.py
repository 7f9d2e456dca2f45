"""Losses of the semantic heads: focal loss for verbs, label smoothing for words."""

import math
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

# A target of this value is left out.
IGNORED = -100


def focal_loss(
    logits: Float[Tensor, "pairs verbs"],
    labels: Float[Tensor, "pairs verbs"],
    gamma: float = 2.0,
    reduction: Literal["mean", "sum"] = "mean",
) -> Float[Tensor, ""]:
    """(1 - p_t)^gamma * binary cross-entropy over all pairs and verbs, without class weights (as the released code).

    labels: 1 where the pair does the verb, else 0. Without any pair the loss is 0, not a mean of nothing.
    """
    if not logits.numel():
        return logits.sum()
    return sigmoid_focal_loss(logits, labels, alpha=-1, gamma=gamma, reduction=reduction)


def label_smoothed_loss(
    logits: Float[Tensor, "words vocabulary"], targets: Int[Tensor, "words"], smoothing: float = 0.1
) -> Float[Tensor, ""]:
    """KL divergence in nats from the smoothed target to the prediction, added over the words that are not IGNORED.

    The target holds 1 - smoothing on the word and smoothing / (vocabulary - 1) on every other word; its entropy is kept
    in the loss, so that a prediction equal to the target costs 0. smoothing=0 is the negative log-likelihood.

    Raises:
        ValueError: smoothing below 0, or so large that the word itself would be less likely than another.
    """
    vocabulary = logits.shape[-1]
    # torch spreads its share over all words, the target's own included.
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
