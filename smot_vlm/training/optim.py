"""AdamW with three groups of parameters, linear warm-up and cosine decay."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from smot_vlm.models.smot import SmotModel

BACKBONE, LORA, HEADS = "backbone", "lora", "heads"


def parameter_groups(
    model: SmotModel, *, learning_rate: float, lora_learning_rate: float, backbone_factor: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Group the trained parameters: backbone (the detector), lora (the language model's adapter), heads (the rest).

    Args:
        model: Parameters that do not require gradients are left out.
        learning_rate: Peak rate of the heads.
        lora_learning_rate: Peak rate of the adapter.
        backbone_factor: Peak rate of the detector as a multiple of `learning_rate`.
        weight_decay: Of matrices; vectors and scalars (norms, biases, temperatures) do not decay.

    Returns:
        Groups for `make_optimizer`; "rate" is a group's peak rate.
    """
    rates = {BACKBONE: learning_rate * backbone_factor, LORA: lora_learning_rate, HEADS: learning_rate}
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((_kind(name), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "name": kind, "rate": rates[kind], "lr": 0.0, "weight_decay": weight_decay * decays}
        for (kind, decays), parameters in sorted(groups.items(), key=lambda entry: entry[0])
    ]


def make_optimizer(groups: list[dict[str, Any]]) -> AdamW:
    """Create AdamW; call `set_rates` before each step.

    Args:
        groups: From `parameter_groups`.

    Returns:
        The optimiser, all rates 0.
    """
    return AdamW(groups, lr=0.0)


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Set the learning rate of each group.

    Args:
        optimizer: From `make_optimizer`.
        factor: Fraction of each group's peak rate.
    """
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * factor


def rate_factor(step: int, *, warmup_steps: int, steps: int, starts: Sequence[int] = ()) -> float:
    """Learning rate schedule: linear warm-up, then cosine decay to 0.

    Args:
        step: From 0.
        warmup_steps: Length of each warm-up.
        steps: Of the whole training.
        starts: Steps at which a new loss starts. The rate warms up again there, since the first gradients of a new
            loss are large.

    Returns:
        Fraction of the peak rate.
    """
    done = (step - warmup_steps) / max(steps - warmup_steps, 1)
    cosine = 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))
    since = step - max((start for start in starts if start <= step), default=0)
    return cosine * min((since + 1) / max(warmup_steps, 1), 1.0)


def clip_groups(optimizer: Optimizer, most: float) -> dict[str, Tensor]:
    """Clip the gradient norm of each kind of parameters separately.

    Separately, so that an outlier in the detector does not scale down the update of the language model.

    Args:
        optimizer: From `make_optimizer`; the gradients are unscaled.
        most: The largest norm.

    Returns:
        The norms before clipping, scalars on the gradients' device.
    """
    norms = {}
    for kind in (BACKBONE, LORA, HEADS):
        parameters = [
            parameter
            for group in optimizer.param_groups
            if group["name"] == kind
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        if parameters:
            norms[kind] = torch.nn.utils.clip_grad_norm_(parameters, most)
    return norms


def _kind(name: str) -> str:
    if name.startswith("detector."):
        return BACKBONE
    return LORA if "lora_" in name else HEADS
