"""Keeps a training from losses and gradients that are not finite: such a step changes nothing, and many in a row end it."""

import logging
import math
from collections.abc import Mapping

import torch
from torch import nn

logger = logging.getLogger(__name__)


class NotFiniteError(ValueError):
    """Too many steps in a row had losses or gradients that are not finite."""


class StepGuard:
    """Undoes what a bad step did to running statistics, and counts such steps.

    Weights need no undoing: the optimiser does not step. Every process must see the same losses and norms, so that all of
    them skip the same steps.

    Args:
        model: Its buffers are the statistics.
        limit: Bad steps in a row that end the training.

    Attributes:
        skipped: Bad steps so far.
    """

    def __init__(self, model: nn.Module, limit: int) -> None:
        self.skipped = 0
        self._limit = limit
        self._in_a_row = 0
        self._live = list(model.buffers())
        self._kept = [buffer.clone() for buffer in self._live]

    @torch.no_grad()
    def accept(self) -> None:
        """Keep the statistics as they are after a good step."""
        self._in_a_row = 0
        torch._foreach_copy_(self._kept, self._live)

    @torch.no_grad()
    def reject(self, step: int, flaws: str, *, expected: bool = False) -> None:
        """Put the statistics back as they were before the step.

        Args:
            step: Counted from 1.
            flaws: What is not finite, see `flaws_of`.
            expected: A loss scale that was too high, as float16 tries from time to time; it does not count towards the
                limit.

        Raises:
            NotFiniteError: `limit` bad steps in a row.
        """
        torch._foreach_copy_(self._live, self._kept)
        self.skipped += 1
        self._in_a_row += not expected
        logger.warning("step %d is skipped: %s not finite", step, flaws)
        if self._in_a_row >= self._limit:
            raise NotFiniteError(
                f"{self._in_a_row} steps in a row, up to step {step}, were not finite ({flaws}); the weights are those of "
                "before; lower training.learning_rate or training.clip_norm, or take training.precision=float32"
            )


def flaws_of(losses: Mapping[str, float], norms: Mapping[str, float]) -> str:
    """Name what is not finite.

    Args:
        losses: By name.
        norms: Of the gradients, by group of parameters.

    Returns:
        Such as "loss of instance, gradient of lora"; "" where all is finite.
    """
    named = [(f"loss of {name}", value) for name, value in losses.items()]
    named += [(f"gradient of {name}", value) for name, value in norms.items()]
    return ", ".join(name for name, value in named if not math.isfinite(value))
