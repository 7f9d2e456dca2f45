"""Linear layers in 8 bits, for generation on a CPU: a quarter of the memory to read a word, and integer products.

Weights are rounded once, with a scale for each output; inputs as they come, with a scale for each row, so that a caption does
not depend on the others of its batch. Sums are of whole numbers, scales are float32.
"""

import warnings
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

# Whole numbers of a weight reach this far on both sides of zero.
WEIGHT_LEVELS = 127
# An input is a byte; this one is zero.
ZERO = 128
# Without VNNI, products of pairs are added up in 16 bits, which full bytes would overflow.
INPUT_LEVELS = 127 if torch.cpu._is_vnni_supported() else 63
# Below it a row is all zeros.
SMALLEST = 1e-12


class Int8Linear(nn.Module):
    """A linear layer with weights and inputs of 8 bits.

    Args:
        weight: as of nn.Linear, (outputs, inputs), float32 on the CPU.
        bias: as of nn.Linear.
    """

    def __init__(self, weight: Float[Tensor, "outputs inputs"], bias: Float[Tensor, "outputs"] | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        scales = weight.detach().abs().amax(dim=1).clamp(min=SMALLEST) / WEIGHT_LEVELS
        whole = (weight.detach() / scales[:, None]).round().to(torch.int8)
        with warnings.catch_warnings():
            # Torch announces another way to make tensors of this kind; the products of that way take twice as long.
            warnings.simplefilter("ignore")
            quantized = torch._make_per_channel_quantized_tensor(whole, scales, torch.zeros(len(scales)).long(), 0)
        self._packed: Any = torch.ops.quantized.linear_prepack(quantized, None)
        self._bias = None if bias is None else bias.detach()

    def forward(self, inputs: Float[Tensor, "*rows inputs"]) -> Float[Tensor, "*rows outputs"]:
        """As nn.Linear, rounded.

        Args:
            inputs: float32.

        Returns:
            float32.
        """
        largest = inputs.abs().amax(dim=-1, keepdim=True).clamp_(min=SMALLEST)
        product = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
        outputs: Tensor = product(inputs / largest, 1 / INPUT_LEVELS, ZERO, self._packed).mul_(largest)
        return outputs if self._bias is None else outputs.add_(self._bias)


def can_use_int8(model: nn.Module) -> bool:
    """Whether the layers of a model can be put into 8 bits here.

    Args:
        model: anything.

    Returns:
        True for float32 on a CPU, where torch was built with integer products.
    """
    built = torch.backends.quantized.engine != "none" and hasattr(
        torch.ops.quantized, "linear_with_input_q_dq_qweight_dq_output_fp32"
    )
    first = next(model.parameters())
    return built and first.device.type == "cpu" and first.dtype == torch.float32


def put_into_int8(model: nn.Module) -> None:
    """Replace every plain float32 linear layer; embeddings stay as they are, also where the output layer shares them.

    Args:
        model: changed in place; its tensors are not.
    """
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child.weight.dtype == torch.float32:
                setattr(parent, name, Int8Linear(child.weight, child.bias))
