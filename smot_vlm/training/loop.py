"""The training loop: examples -> losses -> optimiser steps, on one or more processes, by Accelerate."""

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.optim import Optimizer

from smot_vlm.config import Config, config_to_dict
from smot_vlm.data.sequences import SequenceSource
from smot_vlm.fusion.running_norm import running_norms
from smot_vlm.models.build import build_associator, build_model
from smot_vlm.system.files import write_text
from smot_vlm.system.signals import StopRequest, on_stop
from smot_vlm.training.accelerator import open_accelerator
from smot_vlm.training.checkpoints import Checkpoints, Progress, restore
from smot_vlm.training.examples import Example, example_options
from smot_vlm.training.loader import make_loader
from smot_vlm.training.objective import Objective, combine
from smot_vlm.training.optim import clip_groups, make_optimizer, parameter_groups, rate_factor, set_rates
from smot_vlm.training.records import StepLog, StepRecord
from smot_vlm.training.sequence_sources import open_source, validation_sequences
from smot_vlm.training.terms import Phase, term_weights
from smot_vlm.training.validation import Validation, validate

logger = logging.getLogger(__name__)

# A launcher passes on to its processes what they have got themselves.
SAME_SIGNAL_SECONDS = 5.0


@dataclass(frozen=True)
class Run:
    """Where a training writes and how it starts.

    Attributes:
        folder: For the log, the configuration and the checkpoints.
        resume: Continue from the newest checkpoint, if there is one.
        start: Otherwise start at step 0 with the weights of this checkpoint and a new optimiser.
        partly: Of `start`, load only weights the model has with the same shape.
    """

    folder: Path
    resume: bool = True
    start: Path | None = None
    partly: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        step: Optimiser steps done.
        stopped: Whether a signal ended it before its last step.
    """

    step: int
    stopped: bool


class Trainer:
    """Trains the model of a configuration.

    Building it makes the model, the data loader and the optimiser.

    Args:
        config: What to train, and how.
        run: Where to write, and what to start from.
        on_step: Called on the main process with the record of each step.
        on_validation: Called on the main process with the step and the scores of each validation.
        train_sequences: Used instead of the configured data set.

    Raises:
        FileNotFoundError: A part of the model or of the data is missing.
        ValueError: A part of the model or of the data is wrong.
        FileExistsError: The folder has checkpoints and `run.resume` is false.
    """

    def __init__(
        self,
        config: Config,
        run: Run,
        *,
        on_step: Callable[[StepRecord], None] = lambda _: None,
        on_validation: Callable[[int, Validation], None] = lambda *_: None,
        train_sequences: SequenceSource | None = None,
    ) -> None:
        self.config, self.settings, self.run = config, config.training, run
        self._on_step, self._on_validation = on_step, on_validation
        self.accelerator = open_accelerator(self.settings, run.folder)
        self.checkpoints = Checkpoints(run.folder / "checkpoints", self.settings.keep)
        newest = self.checkpoints.newest()
        if newest is not None and not run.resume:
            raise FileExistsError(f"{run.folder} has a training; use --resume auto to go on, or another --out")
        torch.manual_seed(self.settings.seed)
        self.model = build_model(config)
        optimizer = make_optimizer(
            parameter_groups(
                self.model,
                learning_rate=self.settings.learning_rate,
                lora_learning_rate=self.settings.lora_learning_rate,
                backbone_factor=self.settings.backbone_factor,
                weight_decay=self.settings.weight_decay,
            )
        )
        self.progress = Progress(0)
        if newest is not None:
            self.progress = self.checkpoints.restore_newest(self.model, optimizer)
        elif run.start is not None:
            restore(run.start, self.model, partly=run.partly)
        self._prepare(optimizer, train_sequences or self._train_source())
        self._stop = False

    def train(self) -> Outcome:
        """Run the remaining steps.

        After Ctrl-C, SIGTERM or SIGHUP the current step is finished and a checkpoint is written; after a second one not.

        Returns:
            How it ended.

        Raises:
            OSError: A checkpoint cannot be written.
        """
        settings, main = self.settings, self.accelerator.is_main_process
        log = StepLog(self.run.folder / "log.jsonl", self.progress.step) if main else None
        if main:
            write_text(self.run.folder / "config.json", json.dumps(config_to_dict(self.config), indent=2) + "\n")
        batches = iter(self.loader)
        try:
            with on_stop(StopRequest(self._on_signal, SAME_SIGNAL_SECONDS)):
                while self.progress.step < settings.steps and not self._stop:
                    record = self._step(self.progress.step, batches)
                    self.progress = Progress(record.step, self.progress.best)
                    if log is not None:
                        log.add(record, write=record.step % settings.log_every == 0 or record.step == settings.steps)
                        self._on_step(record)
                    self._log_metrics(record)
                    self._validate_and_save(log)
        finally:
            self.accelerator.end_training()
        return Outcome(self.progress.step, self._stop)

    def _train_source(self) -> SequenceSource:
        settings = self.settings
        return open_source(
            settings.dataset,
            settings.train_split,
            synthetic_sequences=settings.synthetic_sequences,
            synthetic_width=settings.synthetic_width,
        )

    def _prepare(self, optimizer: Optimizer, sequences: SequenceSource) -> None:
        settings = self.settings
        clips_per_step = settings.batch_clips * settings.accumulate * self.accelerator.num_processes
        loader = make_loader(
            sequences,
            example_options(self.config),
            seed=settings.seed,
            draws=settings.steps * clips_per_step,
            start=self.progress.step * clips_per_step,
            batch_clips=settings.batch_clips,
            workers=settings.workers,
        )
        self.model.to(self.accelerator.device).detector.to(memory_format=torch.channels_last)
        # Frozen weights take part in matmuls only: stored in bf16, autocast need not convert them at each step.
        frozen = torch.bfloat16 if self.accelerator.mixed_precision == "bf16" else None
        self.model.decoder.optimize(compile=settings.compile, dtype=frozen)
        if settings.compile:
            self.model.detector.compile()
        self.objective = Objective(
            self.model,
            lambda fps: build_associator(self.config.association.name, self.config.association, fps),
            weights=term_weights(settings.weights),
            assignment_iou=settings.assignment_iou,
            detach=self.config.features.detach,
        )
        self.loader = self.accelerator.prepare_data_loader(loader, device_placement=False)
        self.wrapped, self.optimizer = self.accelerator.prepare(self.objective, optimizer)
        self.wrapped.train()

    def _step(self, step: int, batches: Iterator[list[Example]]) -> StepRecord:
        """Run one optimiser step; its random numbers follow from the seed, the step and the process."""
        settings, accelerator = self.settings, self.accelerator
        started, times = time.perf_counter(), self.objective.times
        times.seconds.clear()
        torch.manual_seed(hash((settings.seed, step, accelerator.process_index)) % 2**31)
        starts = (settings.detector_only_steps, settings.ctc_start_step, settings.caption_start_step)
        phase = Phase(*(step >= start for start in starts))
        factor = rate_factor(step, warmup_steps=settings.warmup_steps, steps=settings.steps, starts=starts)
        set_rates(self.optimizer, factor)
        with times.part("data"):
            group = [next(batches) for _ in range(settings.accumulate)]
        counts = self._total([self.objective.count_targets(batch) for batch in group])
        share = accelerator.num_processes * settings.accumulate
        sums = []
        for batch in group:
            with accelerator.accumulate(self.wrapped):
                losses = self.wrapped(batch, phase)
                with times.part("backward"):
                    # Accelerate averages over micro-batches and DDP over processes; `share` makes both a sum.
                    accelerator.backward(combine(losses, counts, self.objective.weights) * share)
                if accelerator.sync_gradients:
                    norms = clip_groups(self.optimizer, settings.clip_norm)
                with times.part("optimiser"):
                    self.optimizer.step()
                    self.optimizer.zero_grad()
            sums.append({name: float(total.detach()) for name, total in losses.items()})
        for norm in running_norms(self.model):
            norm.update(lambda counted: accelerator.reduce(counted, "sum"))
        totals = self._total(sums)
        return StepRecord.of(
            step + 1, totals, counts, factor, norms, time.perf_counter() - started, dict(times.seconds)
        )

    def _total(self, parts: list[dict[str, float]]) -> dict[str, float]:
        """Sum over micro-batches and processes; also propagates a stop signal to every process."""
        names = list(parts[0])
        values = [sum(part[name] for part in parts) for name in names]
        summed = torch.tensor([*values, float(self._stop)], dtype=torch.float64, device=self.accelerator.device)
        if self.accelerator.device.type == "mps":
            summed = summed.float()
        *sums, stop = self.accelerator.reduce(summed, "sum").tolist()
        self._stop = self._stop or stop > 0
        return dict(zip(names, sums, strict=True))

    def _log_metrics(self, record: StepRecord) -> None:
        if self.settings.logger != "none" and record.step % self.settings.log_every == 0:
            self.accelerator.log(record.flat(), step=record.step)

    def _validate_and_save(self, log: StepLog | None) -> None:
        """Validate and write a checkpoint if either is due."""
        settings, step = self.settings, self.progress.step
        last = step >= settings.steps
        scores = None
        if step % settings.validate_every == 0 or last:
            scores = self._validate(step, log)
        best = scores is not None and scores.score > (self.progress.best or 0.0)
        if scores is not None and best:
            self.progress = Progress(step, scores.score)
        if self.accelerator.is_main_process and (step % settings.checkpoint_every == 0 or last or best or self._stop):
            path = self.checkpoints.save(self.model, self.optimizer.optimizer, self.progress)
            if best:
                self.checkpoints.keep_best(path)
        self.accelerator.wait_for_everyone()

    def _validate(self, step: int, log: StepLog | None) -> Validation | None:
        """Validate on the main process; the others wait."""
        if not self.settings.validation_videos or log is None:
            return None
        sequences = validation_sequences(self.settings, self.settings.validation_videos)
        scores = validate(self.model, self.config, sequences, step > self.settings.caption_start_step)
        log.validation(step, scores.flat())
        self._on_validation(step, scores)
        if self.settings.logger != "none":
            self.accelerator.log({f"validation/{name}": value for name, value in scores.flat().items()}, step=step)
        return scores

    def _on_signal(self, number: int) -> None:
        logger.warning("%s: stopping after this step; once more stops at once", signal.Signals(number).name)
        self._stop = True
