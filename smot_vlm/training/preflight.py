"""Runs everything that a training will need once on one clip, before its first step: what fails, fails in the first minute.

The model is left as it was. What is written goes to a temporary folder inside the run's folder, on the disk that the run
will use.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from smot_vlm.config import Config
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.formats.documents import reason
from smot_vlm.models.card import ModelCard
from smot_vlm.models.smot import SmotModel
from smot_vlm.structures import EventSegment, Frame, Interaction, Trajectory
from smot_vlm.structures.open_annotations import BOXES, INTERACTIONS
from smot_vlm.system.temporary import temporary_folder
from smot_vlm.training.checkpoints import Checkpoints, Progress, restore, trained_state
from smot_vlm.training.examples import ExampleOptions, make_example
from smot_vlm.training.export import finish
from smot_vlm.training.mixture import parts_of
from smot_vlm.training.objective import Objective, combine
from smot_vlm.training.splits import Splits
from smot_vlm.training.stepper import phase_at
from smot_vlm.training.validation import validate

# Frames that are described, and words that are written of them.
FRAMES, WORDS = 4, 2
# Sequences that are looked at for one with people in it.
LOOKED_AT = 20


class PreflightError(ValueError):
    """Something that a training will need does not work."""


@dataclass(frozen=True, eq=False)
class Preflight:
    """The checks before a training.

    Attributes:
        model: To be trained, where it will be.
        objective: Of the model.
        optimizer: Of its parameters.
        config: Of the training.
        options: How examples are cut.
        splits: Of the training.
        checkpoints: Of the run.
    """

    model: SmotModel
    objective: Objective
    optimizer: Optimizer
    config: Config
    options: ExampleOptions
    splits: Splits
    checkpoints: Checkpoints

    def run(self, folder: Path, *, main: bool = True) -> None:
        """Check everything.

        Args:
            folder: Of the run.
            main: This process writes and validates.

        Raises:
            PreflightError: The first thing that does not work.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with part("the splits of the data"):
            first, *others = parts_of(self.splits.train)
            clip, *more = [first_with_people(source.source) for source in (first, *others)]
            self._check_best(self.splits.measured(self.config.training.validation_videos))
            measured = None if self.splits.validation is None else first_with_people(self.splits.validation)
        with unchanged(self.model):
            self._losses(clip)
            for source, other in zip(others, more, strict=True):
                self._loss(other, self.config.training.steps - 1, 1.0, f" of {source.name}")
            if main:
                with part("the room on the disk"):
                    check_room(folder, self.model, self.checkpoints, averaged=self.config.training.average > 0)
                self._files(folder, clip, measured)

    def _check_best(self, measured: Sequence[AnnotatedSequence]) -> None:
        """The score that chooses the best checkpoint must be known of some sequence."""
        chosen = self.config.training.best_by
        known = {
            "hota": any(BOXES not in sequence.unknown for sequence in measured),
            "verb_f1": any(INTERACTIONS not in sequence.unknown for sequence in measured),
            "fact_recall": any(sequence.facts is not None for sequence in measured),
        }
        if measured and not known.get(chosen, True):
            raise ValueError(
                f"training.best_by is {chosen}, which the {len(measured)} validation sequences cannot tell; give score"
            )

    def _losses(self, clip: AnnotatedSequence) -> None:
        """Forward and backward of every phase of this training, on found and on annotated trajectories."""
        settings = self.config.training
        starts = {0, settings.detector_only_steps, settings.ctc_start_step, settings.caption_start_step}
        for step in sorted(start for start in starts if start < settings.steps):
            for true_share in (1.0, 0.0) if phase_at(settings, step).features else (1.0,):
                self._loss(clip, step, true_share)

    def _loss(self, clip: AnnotatedSequence, step: int, true_share: float, of: str = "") -> None:
        """Forward and backward of a step on one clip."""
        phase = phase_at(self.config.training, step)
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        named = " and ".join(["detection", *(name for name, on in phase._asdict().items() if on)])
        with part(f"a step of {named}{'' if true_share else ' on found trajectories'}{of}"):
            example = make_example(clip, self.options, true_share, np.random.default_rng(0))
            counts = self.objective.count_targets([example])
            loss = combine(self.objective([example], phase), counts, self.objective.weights)
            # Not `backward`, which would call the hooks by which processes exchange their gradients.
            torch.autograd.grad(loss, trained, allow_unused=True)

    def _files(self, folder: Path, clip: AnnotatedSequence, measured: AnnotatedSequence | None) -> None:
        settings, short = self.config.training, [] if measured is None else [Beginning(measured)]
        with temporary_folder(folder) as temporary:
            with part("a checkpoint"):
                kept = Checkpoints(temporary / "checkpoints", 1)
                restore(kept.save(self.model, self.optimizer, Progress(0)), self.model)
            with part("validation"):
                if settings.validation_videos:
                    validate(self.model, self.config, short)
            with part("calibration and export"):
                splits = Splits(OneSequence(Beginning(clip)), OneSequence(short[0]) if short else None)
                finish(self.model, self.config, splits, temporary / "model", card=ModelCard())


@dataclass(frozen=True, eq=False)
class Beginning:
    """The first frames of a sequence.

    Attributes:
        sequence: The whole.
    """

    sequence: AnnotatedSequence

    def __len__(self) -> int:
        return min(len(self.sequence), FRAMES)

    @property
    def name(self) -> str:
        """Of the sequence."""
        return self.sequence.name

    @property
    def fps(self) -> float:
        """Of the sequence."""
        return self.sequence.fps

    @property
    def frame_numbers(self) -> np.ndarray:
        """Of the first frames."""
        return self.sequence.frame_numbers[:FRAMES]

    @property
    def tracks(self) -> tuple[Trajectory, ...]:
        """Of people in the first frames, cut to them."""
        cut = (_cut(track, self.frame_numbers) for track in self.sequence.tracks)
        return tuple(track for track in cut if len(track.frames))

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Between these people."""
        there = {track.id for track in self.tracks}
        return tuple(edge for edge in self.sequence.interactions if {edge.subject, edge.object} <= there)

    @property
    def caption(self) -> str:
        """Of the sequence."""
        return self.sequence.caption

    @property
    def events(self) -> tuple[EventSegment, ...]:
        """Of the sequence."""
        return self.sequence.events

    @property
    def unknown(self) -> frozenset[str]:
        """Of the sequence."""
        return self.sequence.unknown

    @property
    def facts(self) -> object:
        """Of the sequence."""
        return self.sequence.facts

    def read_frame(self, position: int) -> Frame:
        """Of the sequence.

        Args:
            position: In `frame_numbers`.

        Returns:
            The frame.
        """
        return self.sequence.read_frame(position)

    def read_reduced(self, position: int, at_least: int) -> tuple[Frame, np.ndarray]:
        """Of the sequence.

        Args:
            position: In `frame_numbers`.
            at_least: Pixels that its long side keeps.

        Returns:
            The frame and its scale.
        """
        return self.sequence.read_reduced(position, at_least)


@dataclass(frozen=True, eq=False)
class OneSequence:
    """A source of one sequence.

    Attributes:
        sequence: It.
    """

    sequence: AnnotatedSequence

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> AnnotatedSequence:
        return self.sequence


@contextmanager
def part(name: str) -> Iterator[None]:
    """Name the part of the check in which something fails.

    Args:
        name: Of the part.

    Yields:
        Nothing.

    Raises:
        PreflightError: What failed, in one line.
    """
    try:
        yield
    except Exception as error:
        told = reason(error, 400)
        raise PreflightError(f"before the first step, {name} failed: {type(error).__name__}: {told}") from error


@contextmanager
def unchanged(model: SmotModel) -> Iterator[None]:
    """Leave statistics, thresholds, gradients and mode of a model as they were; captions are short meanwhile.

    Args:
        model: Whose weights are not stepped.

    Yields:
        Nothing.
    """
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    training, longest = _modes(model), model.decoder.max_new_tokens
    model.decoder.max_new_tokens = WORDS
    try:
        yield
    finally:
        model.decoder.max_new_tokens = longest
        model.zero_grad()
        with torch.no_grad():
            for buffer, kept in buffers:
                buffer.copy_(kept)
        for module, mode in training:
            module.training = mode


def first_with_people(source: SequenceSource) -> AnnotatedSequence:
    """A sequence that has as much as can be to learn from: captions of two people, else people, else the first.

    Args:
        source: At least one sequence.

    Returns:
        One of the first, whose first frame can be read.

    Raises:
        FileNotFoundError, ValueError: It cannot be read.
    """
    seen = [source[index] for index in range(min(len(source), LOOKED_AT))]
    told = [sequence for sequence in seen if sum(bool(track.caption) for track in sequence.tracks) > 1]
    chosen = [*told, *(sequence for sequence in seen if sequence.tracks), *seen][0]
    chosen.read_frame(0)
    return chosen


def check_room(folder: Path, model: SmotModel, checkpoints: Checkpoints, *, averaged: bool = False) -> None:
    """Make sure that the checkpoints of a training fit on the disk.

    Args:
        folder: Of the run.
        model: To be saved.
        checkpoints: How many are kept.
        averaged: Each holds the average of the weights too.

    Raises:
        OSError: They do not.
    """
    state = sum(tensor.nbytes for tensor in trained_state(model).values())
    # AdamW holds two numbers a weight.
    kept = state * (1 + averaged)
    one = kept + 2 * sum(weight.nbytes for weight in model.parameters() if weight.requires_grad)
    # The newest, the best, and the one that is being written; the exported model is smaller than that.
    needed = one * (checkpoints.keep + 2)
    there = sum(path.stat().st_size for path in checkpoints.folder.glob("*.pt"))
    free = shutil.disk_usage(folder).free
    if free + there < needed:
        raise OSError(
            f"{folder}: {checkpoints.keep + 2} checkpoints of {one / 1e9:.2f} GB take {needed / 1e9:.2f} GB, and "
            f"{(free + there) / 1e9:.2f} GB are free; make room, or give another --out or a smaller training.keep"
        )


def _cut(track: Trajectory, numbers: np.ndarray) -> Trajectory:
    """A track in some frames, perhaps in none of them."""
    inside = np.isin(track.frames, numbers)
    return replace(track, frames=track.frames[inside], boxes=track.boxes[inside], scores=track.scores[inside])


def _modes(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    return [(module, module.training) for module in model.modules()]
