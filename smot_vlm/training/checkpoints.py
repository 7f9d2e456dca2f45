"""Training checkpoints: one file each, written atomically; the newest few and the best one are kept.

A file holds the trained weights (not the frozen language model), the optimiser state, the step and the best score.
Everything else (data order, random numbers, learning rates) follows from the configuration and the step.
"""

import errno
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from smot_vlm.models.checkpoint import own_state
from smot_vlm.models.smot import SmotModel
from smot_vlm.system.files import atomic_path

BEST = "best.pt"


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        step: Optimiser steps done.
        best: The best validation score so far; None before the first validation.
    """

    step: int
    best: float | None = None


class Checkpoints:
    """The checkpoints in one folder.

    Args:
        folder: Created by the first `save`.
        keep: Number of newest checkpoints to keep.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, model: SmotModel, optimizer: Optimizer, progress: Progress) -> Path:
        """Write the checkpoint of this step, then delete the oldest ones.

        Args:
            model: Its trained state is saved.
            optimizer: Its state is saved.
            progress: Names the file.

        Returns:
            The path of the checkpoint.

        Raises:
            OSError: It cannot be written; the previous one remains.
        """
        path = self.folder / f"step-{progress.step:07d}.pt"
        content = {
            "weights": trained_state(model),
            "optimizer": optimizer.state_dict(),
            "step": progress.step,
            "best": progress.best,
        }
        try:
            with atomic_path(path, overwrite=True) as temporary:
                torch.save(content, temporary)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
        except (OSError, RuntimeError) as error:
            raise self._failure(path, error) from error
        for old in self.all()[: -self.keep]:
            old.unlink()
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
        except OSError as error:
            raise self._failure(self.folder / BEST, error) from error

    def all(self) -> list[Path]:
        """The checkpoints sorted by step, newest last."""
        return sorted(path for path in self.folder.glob("step-*.pt") if re.fullmatch(r"step-\d+\.pt", path.name))

    def newest(self) -> Path | None:
        """The newest checkpoint, or None if there is none."""
        found = self.all()
        return found[-1] if found else None

    def _failure(self, path: Path, error: Exception) -> OSError:
        free = shutil.disk_usage(self.folder).free / 2**20 if self.folder.is_dir() else 0.0
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or free < 1
        last = self.newest()
        reason = f"the disk is full ({free:.0f} MB free)" if full else " ".join(str(error).split())[:200]
        last_good = f"the last good one is {last.name}" if last else "there is no earlier one"
        return OSError(f"{path}: the checkpoint was not written, {reason}; {last_good}; make room and start again")


def restore(path: Path, model: SmotModel, optimizer: Optimizer | None = None, *, partly: bool = False) -> Progress:
    """Load the weights of a checkpoint into a model.

    Args:
        path: The checkpoint.
        model: Changed in place.
        optimizer: Its state is loaded too, if given.
        partly: Load only weights the model has with the same shape and leave the rest of the model as it is; for
            comparing decoders and fusions that start from the same features.

    Returns:
        The progress of the training that wrote the checkpoint.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a checkpoint, or one of a different model.
    """
    content = read_checkpoint(path)
    weights: dict[str, Tensor] = content["weights"]
    expected = trained_state(model)
    shared = {name for name in expected.keys() & weights.keys() if expected[name].shape == weights[name].shape}
    different = sorted((expected.keys() | weights.keys()) - shared)
    if partly and shared:
        weights = {name: weights[name] for name in shared}
    elif different:
        raise ValueError(
            f"{path}: not a checkpoint of the configured model ({different[0]} and {len(different) - 1} other weights "
            "differ); use the configuration of that training or another folder"
        )
    model.load_state_dict(weights, strict=False)
    if optimizer is not None:
        optimizer.load_state_dict(content["optimizer"])
    return Progress(content["step"], content["best"])


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU without executing code in it.

    Args:
        path: The checkpoint.

    Returns:
        The keys "weights", "optimizer", "step" and "best".

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a checkpoint, or damaged.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        _ = content["weights"], content["optimizer"], content["step"], content["best"]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such checkpoint") from None
    except Exception as error:  # torch.load raises many kinds of errors
        raise ValueError(f"{path}: not a checkpoint, or damaged ({type(error).__name__}); remove it") from error
    return content


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
