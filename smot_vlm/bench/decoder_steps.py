"""What a step of the language model is made of: the products with its weights, and everything else.

The gap between the memory's floor and a step is measured in parts: torch's products do not reach the speed of a plain read, and
the layers have many small operations.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from smot_vlm.bench.machine import Clock
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.merging import merge
from smot_vlm.semantics.prefix_cache import PreallocatedCache, given_cache


@dataclass(frozen=True)
class StepTiming:
    """A part of the time between the floor and a token of "lora-lm"; medians.

    Attributes:
        batch: rows of a step.
        what: the part.
        milliseconds: of a step.
        ratio_to_floor: over the time to read the weights.
    """

    batch: int
    what: str
    milliseconds: float
    ratio_to_floor: float


class StepCosts:
    """A step of the language model and the products with its weights alone, timed side by side.

    Args:
        decoder: whose language model is timed.
        batch: rows of a step.
        clock: of the timing.
        steps: a measurement.
    """

    def __init__(self, decoder: LoraLM, batch: int, clock: Clock, steps: int = 5) -> None:
        original: Any = decoder.language_model.get_base_model()
        merged = merge(original)
        self._model: Any = merged.model if merged is not None else original
        self._batch, self._clock, self._steps = batch, clock, steps
        self._layers = [module for module in self._model.modules() if isinstance(module, nn.Linear)]
        self._rows = {layer.in_features: torch.randn(batch, 1, layer.in_features) for layer in self._layers}
        self._seconds: dict[str, list[float]] = {"products with the weights": [], "one step of the model": []}

    def measure(self) -> None:
        """A few steps of each."""
        cache = PreallocatedCache()
        self._step(cache)
        works: tuple[Callable[[], object], ...] = (self._products, lambda: self._step(cache))
        for _ in range(self._steps):
            for name, work in zip(self._seconds, works, strict=True):
                start = self._clock()
                work()
                self._seconds[name].append(self._clock() - start)

    def timings(self, floor_seconds: float) -> list[StepTiming]:
        """Medians.

        Args:
            floor_seconds: time to read the weights.

        Returns:
            The floor first.
        """
        medians = {"floor: read the weights": floor_seconds}
        medians |= {name: statistics.median(seconds) for name, seconds in self._seconds.items()}
        return [
            StepTiming(self._batch, name, 1e3 * seconds, seconds / floor_seconds) for name, seconds in medians.items()
        ]

    def _products(self) -> None:
        for layer in self._layers:
            functional.linear(self._rows[layer.in_features], layer.weight)

    def _step(self, cache: PreallocatedCache) -> None:
        self._model(
            input_ids=torch.ones(self._batch, 1, dtype=torch.long),
            use_cache=True,
            logits_to_keep=1,
            **given_cache(self._model, cache),
        )
