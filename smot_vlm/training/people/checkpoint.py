"""The files of a training of the appearance network: last.pt, to go on from, and best.pt, the best averaged weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import nn
from torch.optim import Optimizer

from smot_vlm.formats.checked import Range, record
from smot_vlm.formats.documents import reason
from smot_vlm.models.tensor_files import check_tensors
from smot_vlm.system.files import atomic_path
from smot_vlm.training.people.weights import is_state

LAST, BEST = "last.pt", "best.pt"
_STATES = ("network", "average")


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        step: optimiser steps done.
        seconds: that they took.
        best: the best score so far; None before the first evaluation.
    """

    step: Annotated[int, Range(0, 10**12)] = 0
    seconds: Annotated[float, Range(0)] = 0.0
    best: float | None = None


def save_last(folder: Path, network: nn.Module, average: nn.Module, optimizer: Optimizer, progress: Progress) -> None:
    """Write last.pt.

    Args:
        folder: of the run.
        network: that is trained.
        average: of its weights.
        optimizer: its state is saved.
        progress: of the training.
    """
    content = {
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": {"step": progress.step, "seconds": progress.seconds, "best": progress.best},
    }
    with atomic_path(folder / LAST, overwrite=True) as temporary:
        torch.save(content, temporary)


def save_best(folder: Path, average: nn.Module) -> None:
    """Write best.pt, a plain state_dict.

    Args:
        folder: of the run.
        average: the weights.
    """
    with atomic_path(folder / BEST, overwrite=True) as temporary:
        torch.save(average.state_dict(), temporary)


def saved_names(folder: Path) -> tuple[str, ...]:
    """The names of the network's tensors in last.pt.

    Args:
        folder: of the run.

    Raises:
        ValueError: not a checkpoint of this training.
    """
    return tuple(_read(folder / LAST)["network"])


def restore_last(folder: Path, network: nn.Module, average: nn.Module, optimizer: Optimizer) -> Progress:
    """Load last.pt without executing code in it.

    Args:
        folder: of the run.
        network: changed in place.
        average: the same.
        optimizer: the same.

    Returns:
        How far the training had come.

    Raises:
        ValueError: not a checkpoint of this training.
    """
    path = folder / LAST
    content = _read(path)
    for name, module in (("network", network), ("average", average)):
        check_tensors(module.state_dict(), content[name], f"{path}, {name}")
        module.load_state_dict(content[name])
    try:
        optimizer.load_state_dict(content["optimizer"])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(
            f"{path}: its optimiser's state is not of this configuration ({reason(error)}); use that of the training"
        ) from None
    return record(Progress, content["progress"], whole=str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except Exception as error:  # torch.load raises many kinds of errors
        raise ValueError(f"{path}: not a checkpoint, or damaged ({reason(error, 120)}); remove it") from error
    keys = {*_STATES, "optimizer", "progress"}
    if not (isinstance(content, dict) and set(content) == keys and all(is_state(content[name]) for name in _STATES)):
        raise ValueError(f"{path}: not a checkpoint of people's appearance; remove it")
    return content
