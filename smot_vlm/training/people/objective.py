"""What the training of the appearance network minimises, and the parameters that it changes."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.training.optim import BACKBONE, HEADS

# Of the mean loss of each question; "worn": colours of clothes of an unknown part of the body.
LOSS_WEIGHTS = {
    "kinds": 1.0,
    "upper": 0.5,
    "lower": 0.5,
    "upper_garments": 0.3,
    "lower_garments": 0.3,
    "attributes": 0.5,
    "things": 0.4,
    "deeds": 1.0,
    "worn": 0.5,
}


def loss_weights(given: Mapping[str, float]) -> dict[str, float]:
    """The weight of every loss.

    Args:
        given: by name, in place of LOSS_WEIGHTS.

    Returns:
        All of them.

    Raises:
        ValueError: a name that is no loss.
    """
    unknown = sorted(given.keys() - LOSS_WEIGHTS.keys())
    if unknown:
        raise ValueError(f"people.weights has {', '.join(unknown)}; the losses are {', '.join(LOSS_WEIGHTS)}")
    return {**LOSS_WEIGHTS, **given}


def weighted(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """The sum that is minimised.

    Args:
        losses: mean loss of each question.
        weights: of the same names.

    Returns:
        A scalar.
    """
    return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def freeze(network: PersonAppearance, stages: int) -> list[nn.Module]:
    """Keep the weights of the first layers, which ImageNet taught well enough.

    Args:
        network: changed in place.
        stages: of the trunk, beside its stem.

    Returns:
        The frozen modules; keep them in evaluation mode, or their running statistics change.
    """
    frozen = [network.trunk.conv_stem, network.trunk.bn1, *network.trunk.blocks[:stages]]
    for module in frozen:
        module.requires_grad_(False)
    return frozen


def parameter_groups(
    network: PersonAppearance, *, trunk_rate: float, heads_rate: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Group the trained parameters for `optim.make_optimizer`.

    Args:
        network: parameters without gradient are left out.
        trunk_rate: highest rate of the trunk.
        heads_rate: highest rate of the rest.
        weight_decay: of matrices; vectors do not decay.

    Returns:
        The groups.
    """
    rates = {BACKBONE: trunk_rate, HEADS: heads_rate}
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            kind = BACKBONE if name.startswith("trunk.") else HEADS
            groups.setdefault((kind, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "name": kind, "rate": rates[kind], "lr": 0.0, "weight_decay": weight_decay * decays}
        for (kind, decays), parameters in sorted(groups.items(), key=lambda entry: entry[0])
    ]


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of a network's weights and statistics towards it.

    Args:
        average: changed in place.
        network: the newest weights.
        decay: share of the average that stays.
    """
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)
