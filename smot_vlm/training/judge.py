"""Validation within a training: the scores of the weights that would be exported, what is told of them, and when to stop."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from accelerate import Accelerator
from accelerate.utils import broadcast, broadcast_object_list

from smot_vlm.config import Config, TrainingConfig
from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import Description
from smot_vlm.system.processes import Processes
from smot_vlm.training.average import WeightAverage
from smot_vlm.training.checkpoints import Progress
from smot_vlm.training.clip_pictures import clip_picture, log_pictures
from smot_vlm.training.held_out import validation_losses
from smot_vlm.training.records import LOSS
from smot_vlm.training.stepper import phase_at
from smot_vlm.training.validation import Validation, validate

logger = logging.getLogger(__name__)


class Judge:
    """Validates a model in training; every process calls it and gets the same answer.

    Args:
        accelerator: Of the training.
        model: In training.
        config: Of the training.
        sequences: To validate on; none where nothing is.
        average: Of the weights, which is judged in their place; None for the weights themselves.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: SmotModel,
        config: Config,
        sequences: Sequence[AnnotatedSequence],
        average: WeightAverage | None,
    ) -> None:
        self._accelerator, self._model, self._config = accelerator, model, config
        self._sequences, self._average = sequences, average

    def validate(self, step: int, tell: Callable[[dict[str, float]], None]) -> Validation | None:
        """Describe the sequences and score what is said; loggers get the scores and some clips as pictures.

        Args:
            step: Optimiser steps done.
            tell: Called with every score and loss, in every process.

        Returns:
            The scores, the same in every process; None without sequences.
        """
        if not self._sequences:
            return None
        settings, accelerator = self._config.training, self._accelerator
        processes = Processes(accelerator.process_index, accelerator.num_processes)
        pictures: list[tuple[str, np.ndarray]] = []
        wanted = settings.log_clips if settings.logger != "none" and accelerator.is_main_process else 0

        def paint(sequence: AnnotatedSequence, said: Description) -> None:
            if len(pictures) < wanted:
                pictures.append((sequence.name, clip_picture(sequence, said)))

        phase = phase_at(settings, step - 1)
        with self._judged_weights():
            if processes.count > 1:
                # Batch norms count what their own process sees.
                broadcast(list(self._model.buffers()))
            scores = validate(self._model, self._config, self._sequences, phase.captions, processes, paint)
            with accelerator.autocast():
                losses = validation_losses(self._model, self._config, self._sequences, phase, processes)
        # One process decides, so that none ends alone.
        scores = broadcast_object_list([scores])[0] if processes.count > 1 else scores
        told = scores.flat() | {f"{LOSS}{name}": value for name, value in losses.items()}
        tell(told)
        if settings.logger != "none":
            accelerator.log({f"validation/{name}": value for name, value in told.items()}, step=step)
            log_pictures(accelerator, pictures, step)
        return scores

    def _judged_weights(self) -> AbstractContextManager[None]:
        return nullcontext() if self._average is None else self._average.in_place()


def judged(progress: Progress, scores: Validation, settings: TrainingConfig) -> Progress:
    """How far a training has come after a validation.

    Args:
        progress: Before it.
        scores: Of it.
        settings: Of the training; its `best_by` is what counts.

    Returns:
        With a new best score, which began the waiting anew, or one more validation waited. Until captions are learned no
        validation counts as waited: they will change the score.
    """
    value = scores.by(settings.best_by)
    if value > (progress.best or 0.0):
        return Progress(progress.step, value)
    learned = phase_at(settings, progress.step - 1).captions or settings.caption_start_step >= settings.steps
    return Progress(progress.step, progress.best, progress.waited + learned)


def has_waited(progress: Progress, settings: TrainingConfig) -> bool:
    """Whether no better score has come for so long that the training ends.

    Args:
        progress: Of the training.
        settings: Its `patience`; 0 never ends it.

    Returns:
        The same in every process and after a resume.
    """
    return 0 < settings.patience <= progress.waited
