"""Checkpoints of a training: one file each, written whole or not at all; the newest few are kept, and the best.

A file holds the trained weights (never the frozen language model), the optimiser's state, the step and the scores. All
else (order of the data, random numbers, learning rates) follows from the configuration and the step.
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
    """Where a training stands. step: optimiser steps done. best: the best validation score so far, None before one."""

    step: int
    best: float | None = None


class Checkpoints:
    """The checkpoints in one folder. keep: how many of the newest stay."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, model: SmotModel, optimizer: Optimizer, progress: Progress) -> Path:
        """Write the checkpoint of this step, then drop those that are too old.

        Raises:
            OSError: it cannot be written; the last good one stays.
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
        """Copy the checkpoint at `path` as the best one."""
        try:
            with atomic_path(self.folder / BEST, overwrite=True) as temporary:
                shutil.copyfile(path, temporary)
        except OSError as error:
            raise self._failure(self.folder / BEST, error) from error

    def all(self) -> list[Path]:
        """Checkpoints by step, the newest last."""
        return sorted(path for path in self.folder.glob("step-*.pt") if re.fullmatch(r"step-\d+\.pt", path.name))

    def newest(self) -> Path | None:
        """The newest checkpoint, None where there is none."""
        found = self.all()
        return found[-1] if found else None

    def _failure(self, path: Path, error: Exception) -> OSError:
        free = shutil.disk_usage(self.folder).free / 2**20 if self.folder.is_dir() else 0.0
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or free < 1
        last = self.newest()
        reason = f"the disk is full ({free:.0f} MB free)" if full else " ".join(str(error).split())[:200]
        kept = f"the last good one is {last.name}" if last else "there is no earlier one"
        return OSError(f"{path}: the checkpoint was not written, {reason}; {kept}; make room and start again")


def restore(path: Path, model: SmotModel, optimizer: Optimizer | None = None, *, partly: bool = False) -> Progress:
    """Put a checkpoint's weights (and optimiser state) into place.

    partly: only those that the model has too; its other parts stay as they are. For comparing decoders and fusions that
    begin with the same features.

    Raises:
        ValueError: not a checkpoint, or of another model.
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
    """The content of a checkpoint, on the CPU. No code in it is run.

    Raises:
        ValueError: not a checkpoint, or damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        _ = content["weights"], content["optimizer"], content["step"], content["best"]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such checkpoint") from None
    except Exception as error:  # torch raises whatever its reader met
        raise ValueError(f"{path}: not a checkpoint, or damaged ({type(error).__name__}); remove it") from error
    return content


def trained_state(model: SmotModel) -> dict[str, Tensor]:
    """All that training changes: our own weights and statistics, and the language model's adapter."""
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    own = own_state(model)
    return {name: tensor for name, tensor in model.state_dict().items() if name in own or name in trained}
