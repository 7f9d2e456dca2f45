"""Running mean and variance normalisation per channel: BatchNorm without batch statistics.

The feature maps of a detector hold one large component that is the same for every person, "here is a person", and a
small one that distinguishes them; attention that averages over tokens loses the small one in the large one. Statistics
of the batch would remove the appearance of a clip's only person, so those of the training so far are used, the same in
training and at inference.
"""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

# Share of the newest step in the statistics.
MOMENTUM = 0.1
SMALLEST_VARIANCE = 1e-3


class RunningNorm(nn.Module):
    """Subtracts each channel's running mean and divides by its running deviation; the identity before any `update`.

    A forward pass in training mode counts its tokens; `update`, once a step, adds them to the statistics. So all
    processes and micro-batches of a step are normalised alike.

    Args:
        channels: Width of the tokens.
    """

    mean: Tensor
    variance: Tensor
    updates: Tensor
    _counted: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))
        # Rows: how many, the sums and the sums of squares of their distance from the mean so far. Float32 is enough for
        # distances, and Apple's GPUs have nothing wider.
        self.register_buffer("_counted", torch.zeros(3, channels), persistent=False)

    def forward(
        self, tokens: Float[Tensor, "*batch channels"], mask: Bool[Tensor, "*batch"] | None = None
    ) -> Float[Tensor, "*batch channels"]:
        """Normalise tokens, and count them in training mode.

        Args:
            tokens: Of any batch shape.
            mask: True where a token is real; others are not counted.
        """
        if self.training:
            rows = (tokens.flatten(0, -2) if mask is None else tokens[mask]).detach().float() - self.mean
            self._counted += torch.stack([torch.full_like(self._counted[0], len(rows)), rows.sum(0), (rows**2).sum(0)])
        return self.normalize(tokens)

    def normalize(self, tokens: Float[Tensor, "*batch channels"]) -> Float[Tensor, "*batch channels"]:
        """Normalise tokens without counting them.

        Args:
            tokens: Of any batch shape.
        """
        return (tokens - self.mean) * torch.rsqrt(self.variance.clamp(min=SMALLEST_VARIANCE))

    @torch.no_grad()
    def update(self, reduce: Callable[[Tensor], Tensor] = lambda counted: counted) -> None:
        """Add what was counted since the last call to the statistics.

        Args:
            reduce: Sums the counts over processes.
        """
        count, sums, squares = reduce(self._counted.clone())
        self._counted.zero_()
        # Without a branch on what was counted, so that the host need not wait for the device.
        seen = count[0] > 0
        share = torch.where(self.updates == 0, 1.0, MOMENTUM) * seen
        moved = sums / count.clamp(min=1)
        self.mean += share * moved
        self.variance.lerp_((squares / count.clamp(min=1) - moved**2).clamp(min=0), share)
        self.updates += seen


def running_norms(model: nn.Module) -> Iterator[RunningNorm]:
    """All RunningNorms of a model, in the same order in every process.

    Args:
        model: Searched with its submodules.
    """
    return (module for module in model.modules() if isinstance(module, RunningNorm))
