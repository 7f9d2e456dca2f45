"""A moving average of the trained weights and statistics, which is validated and exported in their place.

Steps near the end of a training scatter around a better point than any of them; the average is nearer to it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from smot_vlm.models.smot import SmotModel
from smot_vlm.training.checkpoints import trained_state

# The average of the first steps is short: after n steps it remembers (1 + n) / (WARM_UP + n) of what was.
WARM_UP = 10


class WeightAverage:
    """The average of a model where it is.

    Args:
        model: Already on its device; its weights are changed in place, never replaced.
        decay: The largest share of the average that stays at a step.
    """

    def __init__(self, model: SmotModel, decay: float) -> None:
        live = {name: tensor for name, tensor in trained_state(model).items() if tensor.is_floating_point()}
        self._live = {name: tensor.detach() for name, tensor in live.items()}
        self._kept = {name: tensor.clone() for name, tensor in self._live.items()}
        self._decay = decay
        self._updates = 0

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the weights after a step."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (WARM_UP + self._updates))
        get_ema_multi_avg_fn(decay)(list(self._kept.values()), list(self._live.values()), self._updates)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the average's weights inside the block, and its own again afterwards.

        Yields:
            Nothing.
        """
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        live, kept = list(self._live.values()), list(self._kept.values())
        own = [tensor.clone() for tensor in live]
        torch._foreach_copy_(live, kept)
        torch._foreach_copy_(kept, own)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"updates": self._updates, "weights": dict(self._kept)}

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor], updates: int) -> None:
        """Go on from a checkpoint.

        Args:
            weights: Of the same model.
            updates: Steps that it has seen.

        Raises:
            ValueError: Weights of another model.
        """
        if {name: value.shape for name, value in weights.items()} != {n: v.shape for n, v in self._kept.items()}:
            raise ValueError(
                "the averaged weights of the checkpoint are not of the configured model; give another --out"
            )
        for name, tensor in self._kept.items():
            tensor.copy_(weights[name])
        self._updates = updates
