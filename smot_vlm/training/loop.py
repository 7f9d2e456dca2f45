"""The training loop: examples -> losses -> optimiser steps, on one or more processes, by Accelerate."""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.optim import Optimizer

from smot_vlm.config import Config
from smot_vlm.data.sequences import SequenceSource
from smot_vlm.models.build import build_associator, build_model
from smot_vlm.system.signals import StopRequest, on_stop
from smot_vlm.training.accelerator import open_accelerator, share_batch_norms
from smot_vlm.training.checkpoints import BEST, Checkpoints, Progress, read_checkpoint
from smot_vlm.training.examples import example_options
from smot_vlm.training.export import export_checkpoint
from smot_vlm.training.hub_run import fetch_run, open_hub
from smot_vlm.training.judge import Judge, has_waited, judged
from smot_vlm.training.loader import make_loader
from smot_vlm.training.objective import Objective
from smot_vlm.training.optim import make_optimizer, parameter_groups
from smot_vlm.training.preflight import Preflight
from smot_vlm.training.records import StepLog, StepRecord
from smot_vlm.training.run_settings import check_settings, write_settings
from smot_vlm.training.splits import open_splits, write_held_out
from smot_vlm.training.start import load_layers, start_from
from smot_vlm.training.stepper import Stepper
from smot_vlm.training.terms import term_weights
from smot_vlm.training.validation import Validation

logger = logging.getLogger(__name__)

# A launcher passes on to its processes what they have got themselves.
SAME_SIGNAL_SECONDS = 5.0


@dataclass(frozen=True)
class Run:
    """Where a training writes and how it starts.

    Attributes:
        folder: For the log, the configuration and the checkpoints.
        resume: Continue from the newest checkpoint, if there is one.
        force: Continue even with other settings than the run began with.
        start: Otherwise start at step 0 with the weights of this checkpoint or model's folder and a new optimiser.
        partly: Of `start`, load only weights the model has with the same shape, see `start_from`.
        fetch: First bring the run's checkpoints from `training.hub`.
    """

    folder: Path
    resume: bool = True
    force: bool = False
    start: Path | None = None
    partly: bool = False
    fetch: bool = False


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
        ValueError: A part of the model or of the data is wrong, or the folder is a training with other settings.
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
        self.accelerator = open_accelerator(config, run.folder)
        self.checkpoints = Checkpoints(run.folder / "checkpoints", self.settings.keep)
        self.hub = open_hub(self.settings.hub, run.folder, private=self.settings.hub_private)
        if run.fetch:
            fetch_run(self.hub, self.checkpoints, self.accelerator)
        newest = self.checkpoints.newest()
        if newest is not None and not run.resume:
            raise FileExistsError(f"{run.folder} has a training; use --resume auto to go on, or another --out")
        if newest is not None and not run.force:
            check_settings(config, run.folder)
        self.splits = open_splits(self.settings, run.folder)
        if train_sequences is not None:
            self.splits = replace(self.splits, train=train_sequences)
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
            if self.progress.step > self.settings.steps:
                raise ValueError(
                    f"{run.folder} has {self.progress.step} steps and training.steps is {self.settings.steps}; give as many "
                    "or more, or another --out"
                )
        else:
            if config.detector.pretrained:
                load_layers(self.model.detector, Path(config.detector.pretrained))
            if run.start is not None:
                start_from(run.start, self.model, partly=run.partly)
        self._prepare(optimizer)

    def check(self) -> None:
        """Run everything that the training needs once on one clip, see preflight.py; in every process.

        Raises:
            PreflightError: Something does not work.
        """
        if self.progress.step == self.settings.steps or has_waited(self.progress, self.settings):
            return
        if self.hub is not None and self.accelerator.is_main_process:
            self.hub.check()
        checks = Preflight(
            self.model,
            self.objective,
            self.optimizer.optimizer,
            self.config,
            self._options,
            self.splits,
            self.checkpoints,
        )
        checks.run(self.run.folder, main=self.accelerator.is_main_process)
        self.accelerator.wait_for_everyone()

    def train(self) -> Outcome:
        """Run the remaining steps.

        After Ctrl-C, SIGTERM or SIGHUP the current step is finished and a checkpoint is written; after a second one not.

        Returns:
            How it ended.

        Raises:
            OSError: A checkpoint cannot be written.
            NotFiniteError: Losses or gradients were not finite for `training.skip_limit` steps in a row.
        """
        settings, main = self.settings, self.accelerator.is_main_process
        log = StepLog(self.run.folder / "log.jsonl", self.progress.step) if main else None
        if main:
            write_settings(self.config, self.run.folder)
            write_held_out(self.splits, self.run.folder)
        batches = iter(self.loader)
        try:
            with on_stop(StopRequest(self._on_signal, SAME_SIGNAL_SECONDS)):
                while self.progress.step < settings.steps and not self._ends_early():
                    record = self.stepper.step(self.progress.step, batches)
                    self.progress = replace(self.progress, step=record.step)
                    if log is not None:
                        log.add(record, write=record.step % settings.log_every == 0 or record.step == settings.steps)
                        self._on_step(record)
                    self._log_metrics(record)
                    self._validate_and_save(log)
        finally:
            self.accelerator.end_training()
        return Outcome(self.progress.step, self.stepper.stop)

    def _prepare(self, optimizer: Optimizer) -> None:
        settings = self.settings
        clips_per_step = settings.batch_clips * settings.accumulate * self.accelerator.num_processes
        self._options = example_options(self.config, self.model.open_pictures)
        loader = make_loader(
            self.splits.train,
            self._options,
            seed=settings.seed,
            draws=settings.steps * clips_per_step,
            start=self.progress.step * clips_per_step,
            batch_clips=settings.batch_clips,
            workers=settings.workers,
            prefetch_mb=settings.prefetch_mb,
        )
        if settings.sync_batch_norm:
            share_batch_norms(self.model, self.accelerator)
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
        self.stepper = Stepper(self.accelerator, self.wrapped, self.optimizer, self.objective, settings)
        average = self.stepper.average
        kept = read_checkpoint(self.checkpoints.restored)["average"] if average and self.checkpoints.restored else None
        if average is not None and kept is not None:
            average.load(kept["weights"], kept["updates"])
        measured = self.splits.measured(settings.validation_videos)
        self.judge = Judge(self.accelerator, self.model, self.config, measured, average)

    def _ends_early(self) -> bool:
        return self.stepper.stop or has_waited(self.progress, self.settings)

    def _log_metrics(self, record: StepRecord) -> None:
        if self.settings.logger != "none" and record.step % self.settings.log_every == 0:
            self.accelerator.log(record.flat(), step=record.step)

    def _validate_and_save(self, log: StepLog | None) -> None:
        """Validate and write a checkpoint if either is due."""
        settings, step = self.settings, self.progress.step
        last, before = step >= settings.steps, self.progress
        if step % settings.validate_every == 0 or last:
            scores = self.judge.validate(step, lambda told: log.validation(step, told) if log is not None else None)
            if scores is not None:
                self.progress = judged(self.progress, scores, settings)
                if log is not None:
                    self._on_validation(step, scores)
        best = self.progress.best != before.best
        if has_waited(self.progress, settings):
            logger.warning("step %d: %d validations without a better %s", step, self.progress.waited, settings.best_by)
        if self.accelerator.is_main_process and (
            step % settings.checkpoint_every == 0 or last or best or self._ends_early()
        ):
            self._save(best)
        self.accelerator.wait_for_everyone()

    def _save(self, best: bool) -> None:
        average = self.stepper.average
        state = None if average is None else average.state()
        path = self.checkpoints.save(self.model, self.optimizer.optimizer, self.progress, state)
        if best:
            self.checkpoints.keep_best(path)
        if self.hub is not None:
            self.hub.push_checkpoint(self.checkpoints)

    def export(self, folder: Path) -> None:
        """Write the model of the best checkpoint, or of the newest where none was validated; for the main process.

        Where there is a hub, it is pushed.

        Args:
            folder: To write; one that is there is replaced.

        Raises:
            OSError: It cannot be written, or not be pushed.
        """
        best = self.checkpoints.folder / BEST
        checkpoint = best if best.is_file() else self.checkpoints.all()[-1]
        export_checkpoint(self.model, self.config, self.splits, checkpoint, folder, overwrite=True)
        if self.hub is not None:
            self.hub.push_model(folder)

    def _on_signal(self, number: int) -> None:
        logger.warning("%s: stopping after this step; once more stops at once", signal.Signals(number).name)
        self.stepper.stop = True
