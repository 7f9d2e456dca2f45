"""One optimiser step: forward and backward of its micro-batches, clipping, the update, and the record of it."""

import time
from collections.abc import Iterator

import torch
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from torch import Tensor, nn

from smot_vlm.config import TrainingConfig
from smot_vlm.fusion.running_norm import running_norms
from smot_vlm.training.average import WeightAverage
from smot_vlm.training.examples import Example
from smot_vlm.training.guard import StepGuard, flaws_of
from smot_vlm.training.objective import Objective, combine
from smot_vlm.training.optim import clip_groups, rate_factor, set_rates
from smot_vlm.training.records import StepRecord
from smot_vlm.training.terms import Phase


class Stepper:
    """Takes optimiser steps.

    Args:
        accelerator: That prepared the next two.
        wrapped: The objective, as it is called.
        optimizer: Of its parameters.
        objective: The objective itself.
        settings: Of the training.

    Attributes:
        stop: A signal came: in one process at first, after the next step in all.
        guard: Skips steps that are not finite.
        average: Of the weights, which follows every step; None where there is none.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        wrapped: nn.Module,
        optimizer: AcceleratedOptimizer,
        objective: Objective,
        settings: TrainingConfig,
    ) -> None:
        self.stop = False
        self.guard = StepGuard(objective.model, settings.skip_limit)
        self.average = WeightAverage(objective.model, settings.average) if settings.average else None
        self._accelerator, self._wrapped, self._optimizer = accelerator, wrapped, optimizer
        self._objective, self._settings = objective, settings

    def step(self, step: int, batches: Iterator[list[Example]]) -> StepRecord:
        """Run one optimiser step; its random numbers follow from the seed, the step and the process.

        Args:
            step: Counted from 0.
            batches: The next micro-batches are taken.

        Returns:
            The record of the step.

        Raises:
            NotFiniteError: This step and many before it were not finite.
        """
        settings, times = self._settings, self._objective.times
        started = time.perf_counter()
        times.seconds.clear()
        torch.manual_seed(hash((settings.seed, step, self._accelerator.process_index)) % 2**31)
        phase, factor = phase_at(settings, step), rate_at(settings, step)
        set_rates(self._optimizer, factor)
        with times.part("data"):
            group = [next(batches) for _ in range(settings.accumulate)]
        counts = self._total_counts(group)
        sums = [self._backward(batch, phase, counts) for batch in group]
        self._accelerator.unscale_gradients(self._optimizer)
        norms = clip_groups(self._optimizer, settings.clip_norm)
        totals, lengths = self._fetch(sums, norms)
        with times.part("optimiser"):
            skipped = not self._update(step + 1, totals, lengths)
        return StepRecord.of(
            step + 1,
            {} if skipped else totals,
            counts,
            factor,
            {} if skipped else lengths,
            time.perf_counter() - started,
            dict(times.seconds),
            skipped,
        )

    def _backward(self, batch: list[Example], phase: Phase, counts: dict[str, float]) -> dict[str, Tensor]:
        """Add the gradient of a micro-batch; the sums of its losses, without gradient."""
        share = self._accelerator.num_processes * self._settings.accumulate
        with self._accelerator.accumulate(self._wrapped):
            losses = self._wrapped(batch, phase)
            with self._objective.times.part("backward"):
                # Accelerate averages over micro-batches and DDP over processes; `share` makes both a sum.
                self._accelerator.backward(combine(losses, counts, self._objective.weights) * share)
        return {name: total.detach().float() for name, total in losses.items()}

    def _update(self, step: int, totals: dict[str, float], norms: dict[str, float]) -> bool:
        """Step the optimiser and the running statistics if all is finite, the same in every process."""
        scaler = self._accelerator.scaler
        flaws = flaws_of(totals, norms)
        overflow = bool(flaws) and scaler is not None and not flaws_of(totals, {}) and scaler.get_scale() > 1
        if not flaws or overflow:
            # After an overflow the scaler lowers its scale in place of the step.
            self._optimizer.step()
        elif scaler is not None:
            scaler.update()
        self._optimizer.zero_grad()
        if flaws:
            self.guard.reject(step, flaws, expected=overflow)
            return False
        for norm in running_norms(self._objective.model):
            norm.update(lambda counted: self._accelerator.reduce(counted, "sum"))
        self.guard.accept()
        if self.average is not None:
            self.average.update()
        return True

    def _total_counts(self, group: list[list[Example]]) -> dict[str, float]:
        """Targets of all micro-batches and processes; also tells every process of a signal to stop."""
        counts = [self._objective.count_targets(batch) for batch in group]
        own = [*(sum(count[name] for count in counts) for name in counts[0]), float(self.stop)]
        if self._accelerator.num_processes > 1:
            own = self._accelerator.reduce(torch.tensor(own, device=self._accelerator.device), "sum").tolist()
        *sums, stop = own
        self.stop = self.stop or stop > 0
        return dict(zip(counts[0], sums, strict=True))

    def _fetch(
        self, sums: list[dict[str, Tensor]], norms: dict[str, Tensor]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Losses summed over micro-batches and processes, and norms, which are alike in all; waits for the device once."""
        own = torch.stack([torch.stack([part[name] for part in sums]).sum() for name in sums[0]])
        totals = self._accelerator.reduce(own, "sum") if self._accelerator.num_processes > 1 else own
        values = torch.cat([totals, *(norm.float().reshape(1) for norm in norms.values())]).tolist()
        lengths = values[len(sums[0]) :]
        return dict(zip(sums[0], values[: len(sums[0])], strict=True)), dict(zip(norms, lengths, strict=True))


def phase_at(settings: TrainingConfig, step: int) -> Phase:
    """What is trained in a step.

    Args:
        settings: Of the training.
        step: Counted from 0.

    Returns:
        The phase.
    """
    return Phase(*(step >= start for start in _starts(settings)))


def rate_at(settings: TrainingConfig, step: int) -> float:
    """The learning rate of a step.

    Args:
        settings: Of the training.
        step: Counted from 0.

    Returns:
        As a fraction of the peak.
    """
    return rate_factor(step, warmup_steps=settings.warmup_steps, steps=settings.steps, starts=_starts(settings))


def _starts(settings: TrainingConfig) -> tuple[int, int, int]:
    return settings.detector_only_steps, settings.ctc_start_step, settings.caption_start_step
