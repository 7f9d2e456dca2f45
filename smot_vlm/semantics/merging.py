"""LoRA folded into the weights for generation: one product a layer and token in place of three.

The trained model is not touched. A copy of its modules shares every tensor with it but the merged ones, so that nothing
has to be undone, and no rounding is left behind, when training goes on.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D


@dataclass(frozen=True, eq=False)
class MergedModel:
    """model: the merged copy, in evaluation mode. What it was made from is noted, to tell when it is out of date."""

    model: PreTrainedModel
    original: PreTrainedModel
    _states: list[tuple[int, int, int]]
    _adapter: Float[Tensor, "_"]

    def is_current(self, original: PreTrainedModel) -> bool:
        """Whether a merge of `original` would give the same: the same base weights in place, the same adapter values."""
        if original is not self.original:
            return False
        layers = _mergeable_layers(original)
        if _states(layers) != self._states:
            return False
        adapter = _adapter_values(layers)
        return adapter.device == self._adapter.device and torch.equal(adapter, self._adapter)


def merge(language_model: PreTrainedModel) -> MergedModel | None:
    """`language_model` (with LoRA layers inside) as a copy in which they are plain layers; None where none can be.

    Merged are float32 layers alone, where the sum of the weights is as exact as the sum of the products. Quantised ones
    stay as they are. The copy costs the memory of the merged weights.
    """
    layers = _mergeable_layers(language_model)
    if not layers:
        return None
    shared: dict[int, object] = {
        id(tensor): tensor for tensor in (*language_model.parameters(), *language_model.buffers())
    }
    for layer in layers:
        shared[id(layer)] = _plain_layer(layer)
    merged = copy.deepcopy(language_model, shared)  # type: ignore[arg-type]
    return MergedModel(merged.eval(), language_model, _states(layers), _adapter_values(layers))


def _mergeable_layers(language_model: nn.Module) -> list[LoraLayer]:
    return [module for module in language_model.modules() if isinstance(module, LoraLayer) and _is_mergeable(module)]


def _is_mergeable(layer: LoraLayer) -> bool:
    base = layer.get_base_layer()
    return (
        type(base) in (nn.Linear, Conv1D)
        and type(base.weight) is nn.Parameter
        and base.weight.dtype == torch.float32
        and not layer.merged
        and not layer.disable_adapters
    )


def _plain_layer(layer: Any) -> nn.Module:
    """The base layer of `layer`, a LoraLayer, with W + sum of scale * B A for its weight."""
    base = layer.get_base_layer()
    with torch.no_grad():
        weight = base.weight + sum(layer.get_delta_weight(name) for name in _adapters(layer))
    shared = {id(parameter): parameter for parameter in base.parameters()}
    shared[id(base.weight)] = nn.Parameter(weight, requires_grad=False)
    return copy.deepcopy(base, shared)


def _adapters(layer: LoraLayer) -> list[str]:
    return [name for name in layer.active_adapters if name in layer.lora_A]


def _states(layers: Sequence[LoraLayer]) -> list[tuple[int, int, int]]:
    """Which base weights stand in `layers`, where their values lie, and how often they were written to in place."""
    weights: list[Any] = [layer.get_base_layer().weight for layer in layers]
    return [(id(entry), entry.data_ptr(), 0 if entry.is_inference() else entry._version) for entry in weights]


def _adapter_values(layers: Sequence[Any]) -> Float[Tensor, "_"]:
    """All that LoRA adds, in one row; small, so that it can be compared in full."""
    values = [
        factors[name].weight.detach().flatten()
        for layer in layers
        for name in _adapters(layer)
        for factors in (layer.lora_A, layer.lora_B)
    ]
    return torch.cat(values) if values else torch.empty(0)
