"""The optimiser: three groups of parameters, AdamW, a rate that warms up and then falls along half a cosine."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from smot_vlm.models.smot import SmotModel

BACKBONE, LORA, HEADS = "backbone", "lora", "heads"


def parameter_groups(
    model: SmotModel, *, learning_rate: float, lora_learning_rate: float, backbone_factor: float, weight_decay: float
) -> list[dict]:
    """Every trained parameter once: backbone (the detector), lora (the language model's adapter), heads (the rest).

    Vectors and single numbers (norms, biases, temperatures) do not decay. `rate` is the group's highest learning rate.
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


def make_optimizer(groups: list[dict]) -> AdamW:
    """AdamW over groups of `parameter_groups`; set the rates with `set_rates` before each step."""
    return AdamW(groups, lr=0.0)


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Each group's learning rate to `factor` times its highest."""
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * factor


def rate_factor(step: int, *, warmup_steps: int, steps: int, starts: Sequence[int] = ()) -> float:
    """Share of the highest rate at `step` (from 0): rises linearly over the warm-up, then half a cosine down to 0.

    starts: steps where a new loss joins, and the rate rises anew: what it makes of parts that never felt it is rough.
    """
    done = (step - warmup_steps) / max(steps - warmup_steps, 1)
    cosine = 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))
    since = step - max((start for start in starts if start <= step), default=0)
    return cosine * min((since + 1) / max(warmup_steps, 1), 1.0)


def clip_groups(optimizer: Optimizer, most: float) -> dict[str, float]:
    """Clip the gradient's norm of each kind of parameters alone; gives the norms before.

    Alone, so that an outlier of the detector does not shrink the step of the words.
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
            norms[kind] = float(torch.nn.utils.clip_grad_norm_(parameters, most))
    return norms


def trained_names(model: nn.Module) -> list[str]:
    """Names of the parameters that are trained."""
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def count_parameters(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _kind(name: str) -> str:
    if name.startswith("detector."):
        return BACKBONE
    return LORA if "lora_" in name else HEADS
