"""Training checkpoints: one file each, written atomically; the newest few and the best one are kept.

A file holds the trained weights (not the frozen language model) and their moving average, the optimiser state, the step and
the best score.
Everything else (data order, random numbers, learning rates) follows from the configuration and the step. SHA256SUMS holds
their checksums; a damaged checkpoint is told and passed over for an older one.
"""

import errno
import logging
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import reason
from smot_vlm.models.checkpoint import own_state
from smot_vlm.models.smot import SmotModel
from smot_vlm.models.tensor_files import check_tensors
from smot_vlm.system.checksums import checksum, read_sums, write_sums
from smot_vlm.system.files import atomic_path

BEST = "best.pt"
DETECTOR = "detector."

log = logging.getLogger(__name__)


class DamagedCheckpoint(ValueError):
    """A file that is no whole checkpoint."""


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        step: Optimiser steps done.
        best: The best validation score so far; None before the first validation.
        waited: Validations since then that count towards `training.patience`.
    """

    step: Annotated[int, Range(0, 10**12)]
    best: float | None = None
    waited: Annotated[int, Range(0, 10**12)] = 0


class Checkpoints:
    """The checkpoints in one folder.

    Args:
        folder: Created by the first `save`.
        keep: Number of newest checkpoints to keep.

    Attributes:
        restored: The file that `restore_newest` read; None before.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep
        self.restored: Path | None = None

    def save(
        self, model: SmotModel, optimizer: Optimizer, progress: Progress, average: Mapping[str, Any] | None = None
    ) -> Path:
        """Write the checkpoint of this step, then delete the oldest ones.

        Args:
            model: Its trained state is saved.
            optimizer: Its state is saved.
            progress: Names the file.
            average: State of the `WeightAverage`, where there is one.

        Returns:
            The path of the checkpoint.

        Raises:
            OSError: It cannot be written; the previous one remains.
            ValueError: A weight is not finite; the previous one remains.
        """
        path = self.folder / f"step-{progress.step:07d}.pt"
        weights = trained_state(model)
        _check_finite(path, weights)
        content = {"weights": weights, "optimizer": optimizer.state_dict(), **asdict(progress)}
        if average is not None:
            _check_finite(path, average["weights"])
            content["average"] = dict(average)
        try:
            with atomic_path(path, overwrite=True) as temporary:
                torch.save(content, temporary)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                digest = checksum(temporary)
                self._note(path.name, None)
            self._clear(progress.step)
            self._note(path.name, digest)
        except (OSError, RuntimeError) as error:
            raise self._failure(path, error) from error
        return path

    def keep_best(self, path: Path) -> None:
        """Copy a checkpoint to best.pt.

        Args:
            path: The checkpoint.

        Raises:
            OSError: It cannot be written.
        """
        try:
            with atomic_path(self.folder / BEST, overwrite=True) as temporary:
                shutil.copyfile(path, temporary)
                digest = checksum(temporary)
                self._note(BEST, None)
            self._note(BEST, digest)
        except OSError as error:
            raise self._failure(self.folder / BEST, error) from error

    def all(self) -> list[Path]:
        """The checkpoints sorted by step, newest last."""
        return sorted(
            (path for path in self.folder.glob("step-*.pt") if re.fullmatch(r"step-\d{1,15}\.pt", path.name)), key=_step
        )

    def newest(self) -> Path | None:
        """The newest checkpoint, or None if there is none."""
        found = self.all()
        return found[-1] if found else None

    def restore_newest(self, model: SmotModel, optimizer: Optimizer) -> Progress:
        """Load the newest checkpoint that is not damaged, the best where all are; damaged ones are told.

        Args:
            model: Changed in place.
            optimizer: Its state is loaded too.

        Returns:
            The progress of the training that wrote it; step 0 where there is no checkpoint.

        Raises:
            ValueError: All are damaged, or the newest whole one is of a different model.
        """
        damaged: list[str] = []
        best = [path for path in [self.folder / BEST] if path.is_file()]
        for path in (*reversed(self.all()), *best):
            try:
                progress = restore(path, model, optimizer)
            except DamagedCheckpoint as error:
                damaged.append(str(error))
                continue
            self.restored = path
            for told in damaged:
                log.warning("%s; going on from the older %s", told, path.name)
            return progress
        if damaged:
            raise DamagedCheckpoint(f"{damaged[0]}; there is no older whole one")
        return Progress(0)

    def _clear(self, step: int) -> None:
        """Remove the oldest; set aside what is newer than the step just saved, since it was damaged and passed over."""
        for newer in (path for path in self.all() if _step(path) > step):
            newer.replace(newer.with_suffix(".damaged"))
        for old in self.all()[: -self.keep]:
            old.unlink()

    def _note(self, name: str, digest: str | None) -> None:
        """Write a file's checksum down; None forgets it, so that a kill before the next note leaves no wrong one."""
        try:
            sums = read_sums(self.folder)
        except ValueError:
            sums = {}
        noted = {other: total for other, total in sums.items() if other != name and (self.folder / other).is_file()}
        if digest is not None:
            noted[name] = digest
        if noted != sums:
            write_sums(self.folder, noted)

    def _failure(self, path: Path, error: Exception) -> OSError:
        free = shutil.disk_usage(self.folder).free / 2**20 if self.folder.is_dir() else 0.0
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or free < 1
        last = self.newest()
        cause = f"the disk is full ({free:.0f} MB free)" if full else reason(error)
        last_good = f"the last good one is {last.name}" if last else "there is no earlier one"
        return OSError(f"{path}: the checkpoint was not written, {cause}; {last_good}; make room and start again")


def restore(path: Path, model: SmotModel, optimizer: Optimizer | None = None, *, averaged: bool = False) -> Progress:
    """Load the weights of a checkpoint into a model.

    Args:
        path: The checkpoint.
        model: Changed in place.
        optimizer: Its state is loaded too, if given.
        averaged: Load the moving average of the weights, where the checkpoint has one.

    Returns:
        The progress of the training that wrote the checkpoint.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a checkpoint, or one of a different model.
    """
    content = read_checkpoint(path)
    weights = content["weights"]
    progress: Progress = content["progress"]
    if averaged and content["average"] is not None:
        weights = weights | content["average"]["weights"]
    load_trained(weights, model, path)
    if optimizer is not None:
        try:
            optimizer.load_state_dict(content["optimizer"])
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(
                f"{path}: its optimiser's state is not of the configured model ({reason(error)}); use the configuration of "
                "that training or another folder"
            ) from None
    return progress


def load_trained(weights: dict[str, Tensor], model: SmotModel, source: Path, *, partly: bool = False) -> None:
    """Put what training changes into a model.

    Args:
        weights: Of `trained_state`, in any float type.
        model: Changed in place.
        source: Named in errors.
        partly: As `start_from`.

    Raises:
        ValueError: Weights of a different model, or what is no number among them.
    """
    expected = trained_state(model)
    shared = {name for name in expected.keys() & weights.keys() if expected[name].shape == weights[name].shape}
    different = sorted((expected.keys() | weights.keys()) - shared)
    if partly and shared:
        # Some layers of one network among those of another see nothing.
        if any(name.startswith(DETECTOR) for name in different):
            shared = {name for name in shared if not name.startswith(DETECTOR)}
        weights = {name: weights[name] for name in shared}
    elif different:
        raise ValueError(
            f"{source}: not weights of the configured model ({different[0]} and {len(different) - 1} other weights "
            "differ); use the configuration of that training, another folder, or --weights with --partly"
        )
    check_tensors({name: expected[name] for name in weights}, weights, str(source))
    model.load_state_dict(weights, strict=False)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU without executing code in it.

    Args:
        path: The checkpoint.

    Returns:
        The keys "weights", "optimizer", "progress" (Progress) and "average" (None, or its "weights" and "updates").

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a checkpoint, or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint")
    _check_sum(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        weights, optimizer = content["weights"], content["optimizer"]
        progress = record(Progress, {name: content[name] for name in ("step", "best", "waited") if name in content})
        average = content.get("average")
        if average is not None:
            average = {"weights": average["weights"], "updates": int(average["updates"])}
    except PermissionError:
        raise
    except Exception as error:  # torch.load raises many kinds of errors
        told = f"{type(error).__name__}: {reason(error, 120)}"
        raise DamagedCheckpoint(f"{path}: not a checkpoint, or damaged ({told}); remove it") from error
    tables = [weights] if average is None else [weights, average["weights"]]
    if not all(map(_are_tensors, tables)) or not isinstance(optimizer, dict):
        raise DamagedCheckpoint(f"{path}: not a checkpoint, or damaged (its weights are no tensors by name); remove it")
    return {"weights": weights, "optimizer": optimizer, "progress": progress, "average": average}


def _check_sum(path: Path) -> None:
    """Where the folder has the file's checksum, it must be the file's."""
    try:
        known = read_sums(path.parent).get(path.name)
    except ValueError as error:
        log.warning("%s", error)
        return
    if known is not None and checksum(path) != known:
        raise DamagedCheckpoint(f"{path}: damaged, its checksum is not the saved one; remove it")


def _check_finite(path: Path, weights: dict[str, Tensor]) -> None:
    floats = {name: tensor for name, tensor in weights.items() if tensor.is_floating_point()}
    finite = torch.stack([torch.isfinite(tensor).all() for tensor in floats.values()]).tolist()
    wrong = [name for name, is_finite in zip(floats, finite, strict=True) if not is_finite]
    if wrong:
        raise ValueError(
            f"{path} was not written: {wrong[0]} and {len(wrong) - 1} other weights are not finite; start again from an "
            "earlier checkpoint with a lower training.learning_rate"
        )


def _are_tensors(weights: Any) -> bool:
    return isinstance(weights, dict) and all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in weights.items()
    )


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def trained_state(model: SmotModel) -> dict[str, Tensor]:
    """Select what training changes: the model's own weights and statistics, and the language model's adapter.

    Args:
        model: Any model.

    Returns:
        Part of its state_dict.
    """
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    own = own_state(model)
    return {name: tensor for name, tensor in model.state_dict().items() if name in own or name in trained}
