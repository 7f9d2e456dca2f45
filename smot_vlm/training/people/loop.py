"""The training loop of the appearance network: crops -> losses -> optimiser steps, bounded by steps or by time."""

import copy
import logging
import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from smot_vlm.appearance.losses import AppearanceTargets, appearance_losses
from smot_vlm.appearance.network import PersonAppearance, reads_faces
from smot_vlm.config import PeopleConfig
from smot_vlm.system.signals import StopRequest, on_stop
from smot_vlm.training.optim import clip_groups, make_optimizer, rate_factor, set_rates
from smot_vlm.training.people.batches import Batch, Batches, batches_from, shares
from smot_vlm.training.people.checkpoint import BEST, LAST, Progress, restore_last, save_best, save_last, saved_names
from smot_vlm.training.people.export import LearnedFrom
from smot_vlm.training.people.faces import check_faces
from smot_vlm.training.people.figures import figures, score
from smot_vlm.training.people.objective import follow, freeze, loss_weights, parameter_groups, weighted
from smot_vlm.training.people.people import read_source
from smot_vlm.training.people.seeing import see_source
from smot_vlm.training.people.weights import load_trunk, load_weights, read_state
from smot_vlm.training.records import StepLog, StepRecord

logger = logging.getLogger(__name__)

# So many losses in a row that are no numbers are no accident.
MOST_SKIPPED = 20


@dataclass(frozen=True)
class PeopleRun:
    """Where a training writes and how it starts.

    Attributes:
        folder: for the log and the checkpoints.
        start: begin with these weights, a plain state_dict, instead of the trunk's alone.
    """

    folder: Path
    start: Path | None = None


class PeopleTrainer:
    """Trains the appearance network.

    Building it reads the people, makes the network and, where the run's folder has a checkpoint, restores it.

    Args:
        settings: what to train on, and how.
        run: where to write, and what to start from.
        on_step: called with the record of each step.
        on_validation: called with the step and the figures of each evaluation.

    Raises:
        FileNotFoundError: a data set, or weights to start from, are missing.
        ValueError: they are wrong, or there is no source.
        FileExistsError: the folder has a training already, and there are weights to start from.
    """

    def __init__(
        self,
        settings: PeopleConfig,
        run: PeopleRun,
        *,
        on_step: Callable[[StepRecord], None] = lambda _: None,
        on_validation: Callable[[int, dict[str, float]], None] = lambda *_: None,
    ) -> None:
        self.settings, self.run = settings, run
        if run.start is not None and any((run.folder / name).is_file() for name in (LAST, BEST)):
            raise FileExistsError(f"{run.folder} has a training; weights to start from need another --out")
        self._on_step, self._on_validation = on_step, on_validation
        self._weights = loss_weights(settings.weights)
        check_faces(settings.faces)
        self.people = read_people(settings)
        torch.manual_seed(settings.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = self._start_network().to(self.device).to(memory_format=torch.channels_last)
        self._frozen = freeze(self.network, settings.frozen_stages)
        self.average: PersonAppearance = copy.deepcopy(self.network).eval()
        self.optimizer = make_optimizer(
            parameter_groups(
                self.network,
                trunk_rate=settings.learning_rate * settings.trunk_factor,
                heads_rate=settings.learning_rate * settings.heads_factor,
                weight_decay=settings.weight_decay,
            )
        )
        self.progress, self._stop = Progress(), False
        if (run.folder / LAST).is_file():
            self.progress = restore_last(run.folder, self.network, self.average, self.optimizer)

    def train(self) -> PersonAppearance:
        """Run the remaining steps; Ctrl-C, SIGTERM and SIGHUP end them after a checkpoint.

        Returns:
            The averaged weights of the best evaluation; without one the averaged weights as they are.

        Raises:
            FloatingPointError: the losses are no numbers any more.
        """
        self.run.folder.mkdir(parents=True, exist_ok=True)
        log = StepLog(self.run.folder / "log.jsonl", self.progress.step)
        batches = Batches(self.people.train, self.settings.batch_people, self.settings.seed)
        source = batches_from(batches, self.progress.step, self.settings.steps, self.settings.workers)
        skipped = 0
        with on_stop(StopRequest(self._on_signal)):
            while not self._is_done():
                record = self._step(next(source))
                skipped = 0 if record.norms else skipped + 1
                if skipped >= MOST_SKIPPED:
                    raise FloatingPointError(f"{skipped} losses in a row are no numbers; lower people.learning_rate")
                log.add(record, write=record.step % self.settings.log_every == 0 or self._is_done())
                self._on_step(record)
                if record.step % self.settings.validate_every == 0 or self._is_done():
                    self._validate_and_save(log)
        best = self.run.folder / BEST
        if best.is_file():
            load_weights(self.average, best)
        return self.average

    @property
    def stopped(self) -> bool:
        """Whether a signal ended the training early."""
        return self._stop

    def _start_network(self) -> PersonAppearance:
        if self.run.start is not None:
            network = PersonAppearance(faces=reads_faces(read_state(self.run.start)))
            load_weights(network, self.run.start)
            return network
        # A run that started from weights with faces goes on with them.
        saved = saved_names(self.run.folder) if (self.run.folder / LAST).is_file() else ()
        network = PersonAppearance(faces=reads_faces(saved))
        if self.settings.trunk:
            load_trunk(network, self.settings.trunk)
        return network

    def _share(self) -> float:
        """How much of the training is done, by steps or by time."""
        by_time = self.progress.seconds / 60 / self.settings.minutes if self.settings.minutes is not None else 0.0
        by_steps = self.progress.step / self.settings.steps if self.settings.steps else 1.0
        return min(max(by_time, by_steps), 1.0)

    def _is_done(self) -> bool:
        return self._stop or self._share() >= 1

    def _step(self, batch: Batch) -> StepRecord:
        """One step; a loss that is no number changes nothing, and its record has no norms."""
        settings, started = self.settings, time.perf_counter()
        step, share = self.progress.step, self._share()
        torch.manual_seed(hash((settings.seed, step)) % 2**31)
        # Bound by time, the number of steps is what the pace so far makes of it.
        expected = min(round(step / share), settings.steps) if share > 0 else settings.steps
        factor = rate_factor(step, warmup_steps=settings.warmup_steps, steps=expected)
        set_rates(self.optimizer, factor)
        self.network.train()
        for module in self._frozen:
            module.eval()
        _, logits = self.network(batch.crops.to(self.device))
        losses = appearance_losses(logits, _moved(batch.targets, self.device))
        total = weighted(losses, self._weights)
        norms: dict[str, float] = {}
        if math.isfinite(float(total.detach())):
            self.optimizer.zero_grad()
            total.backward()
            norms = {name: float(norm) for name, norm in clip_groups(self.optimizer, settings.clip_norm).items()}
            self.optimizer.step()
            follow(self.average, self.network, min(settings.average, (1 + step) / (20 + step)))
        else:
            logger.warning("step %d: the loss is no number; the step is left out", step + 1)
        seconds = time.perf_counter() - started
        self.progress = replace(self.progress, step=step + 1, seconds=self.progress.seconds + seconds)
        means = {name: float(loss.detach()) for name, loss in losses.items()}
        return StepRecord(step + 1, means, 0, factor, norms, seconds, {})

    def _validate_and_save(self, log: StepLog) -> None:
        found = figures([see_source(self.average, source) for source in self.people.validation])
        log.validation(self.progress.step, found)
        self._on_validation(self.progress.step, found)
        if self.progress.best is None or score(found) > self.progress.best:
            self.progress = replace(self.progress, best=score(found))
            save_best(self.run.folder, self.average)
        save_last(self.run.folder, self.network, self.average, self.optimizer, self.progress)

    def _on_signal(self, number: int) -> None:
        logger.warning("%s: stopping after this step; once more stops at once", signal.Signals(number).name)
        self._stop = True


def read_people(settings: PeopleConfig) -> LearnedFrom:
    """Read the people of all sources.

    Args:
        settings: of the training.

    Returns:
        Those to learn from and those to validate on.

    Raises:
        FileNotFoundError: a data set or a split is missing.
        ValueError: there is no source, or one holds nobody of whom something is said.
    """
    if not settings.sources:
        raise ValueError("people.sources is empty; list data sets with people_facts.json")
    # Where nothing is learned, training people only tell what was learned from.
    counts = shares([source.weight for source in settings.sources], max(settings.domain_people, len(settings.sources)))
    most = counts if settings.steps == 0 and not settings.faces.encoder else [None] * len(counts)
    train = [
        read_source(source, settings.train_split, settings.looks, count)
        for source, count in zip(settings.sources, most, strict=True)
    ]
    validation = [read_source(source, settings.validation_split, settings.looks) for source in settings.sources]
    return LearnedFrom(tuple(train), tuple(validation))


def _moved(targets: AppearanceTargets, device: torch.device) -> AppearanceTargets:
    said, denied = (
        {name: table.to(device) for name, table in tables.items()} for tables in (targets.said, targets.denied)
    )
    return AppearanceTargets(said, denied, targets.worn.to(device))
