"""LoRA merged into the weights for generation: one matrix product a layer and token instead of three.

The trained model is not touched. A copy of its modules shares every tensor with it but the merged ones, so that nothing
has to be undone, and no rounding error is left, when training goes on. The copy may be in 8 bits, see int8_layers.py.
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

from smot_vlm.semantics.int8_layers import can_use_int8, put_into_int8


@dataclass(frozen=True, eq=False)
class MergedModel:
    """A merged copy, which knows when it is out of date.

    Attributes:
        model: the copy, in evaluation mode.
        original: what it was made from.
        int8: its linear layers are in 8 bits.
    """

    model: PreTrainedModel
    original: PreTrainedModel
    int8: bool
    _states: list[tuple[int, int, int]]
    _adapter: Float[Tensor, "_"]

    def is_current(self, original: PreTrainedModel) -> bool:
        """Whether merging again would give the same: the base weights are unchanged, and so are the adapter values.

        Args:
            original: the model as it is now.

        Returns:
            False where the copy must be made anew.
        """
        if original is not self.original:
            return False
        layers = _mergeable_layers(original)
        if _states(_copied_weights(original, layers, int8=self.int8)) != self._states:
            return False
        adapter = _adapter_values(layers)
        return adapter.device == self._adapter.device and torch.equal(adapter, self._adapter)


def merge(language_model: PreTrainedModel, *, int8: bool = False) -> MergedModel | None:
    """Merge the LoRA layers of a model into a copy, which costs the memory of the merged weights.

    Only float32 layers are merged, where the sum of the weights is as exact as the sum of the products. Quantised ones
    stay as they are.

    Args:
        language_model: with LoRA layers inside.
        int8: put the copy's linear layers into 8 bits, where that can be done.

    Returns:
        The copy; None where no layer can be merged.
    """
    layers = _mergeable_layers(language_model)
    if not layers:
        return None
    shared: dict[int, object] = {
        id(tensor): tensor for tensor in (*language_model.parameters(), *language_model.buffers())
    }
    for layer in layers:
        shared[id(layer)] = _plain_layer(layer)
    merged = copy.deepcopy(language_model, shared)
    int8 = int8 and can_use_int8(language_model)
    if int8:
        put_into_int8(merged)
    states = _states(_copied_weights(language_model, layers, int8=int8))
    return MergedModel(merged.eval(), language_model, int8, states, _adapter_values(layers))


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
    """A copy of the base layer with the weight W + sum of scale * B A."""
    base = layer.get_base_layer()
    with torch.no_grad():
        weight = base.weight + sum(layer.get_delta_weight(name) for name in _adapters(layer))
    shared = {id(parameter): parameter for parameter in base.parameters()}
    shared[id(base.weight)] = nn.Parameter(weight, requires_grad=False)
    merged: nn.Module = copy.deepcopy(base, shared)
    return merged


def _adapters(layer: LoraLayer) -> list[str]:
    return [name for name in layer.active_adapters if name in layer.lora_A]


def _copied_weights(model: nn.Module, layers: Sequence[Any], *, int8: bool) -> list[Tensor]:
    """The weights that a copy does not share: those of its LoRA layers, in 8 bits those of every linear layer."""
    copied = [layer.get_base_layer().weight for layer in layers]
    return copied + [module.weight for module in model.modules() if int8 and type(module) is nn.Linear]


def _states(weights: Sequence[Tensor]) -> list[tuple[int, int, int]]:
    """Of each weight: its identity, its memory address, and how often it was written to in place."""
    return [(id(entry), entry.data_ptr(), 0 if entry.is_inference() else entry._version) for entry in weights]


def _adapter_values(layers: Sequence[Any]) -> Float[Tensor, "_"]:
    """All of the adapter's values in one row; small enough to compare in full."""
    values = [
        factors[name].weight.detach().flatten()
        for layer in layers
        for name in _adapters(layer)
        for factors in (layer.lora_A, layer.lora_B)
    ]
    return torch.cat(values) if values else torch.empty(0)
