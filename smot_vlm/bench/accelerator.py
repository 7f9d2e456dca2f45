"""What a benchmark of training says of its device: waiting for it, its memory, and what it could compute at most."""

import resource
import sys
from collections.abc import Callable

import torch

# Part of a card's name -> dense tera-FLOP a second by precision, from the makers' data sheets. The longest name counts.
PEAKS: dict[str, dict[str, float]] = {
    "H100": {"bf16": 989.4, "fp16": 989.4, "tf32": 494.7, "float32": 66.9},
    "H100 PCIe": {"bf16": 756.0, "fp16": 756.0, "tf32": 378.0, "float32": 51.0},
    "H200": {"bf16": 989.4, "fp16": 989.4, "tf32": 494.7, "float32": 66.9},
    "A100": {"bf16": 312.0, "fp16": 312.0, "tf32": 156.0, "float32": 19.5},
    "L4": {"bf16": 121.0, "fp16": 121.0, "tf32": 60.0, "float32": 30.3},
    "L40S": {"bf16": 362.0, "fp16": 362.0, "tf32": 183.0, "float32": 91.6},
}
MEGABYTE = 1e6


def waiting_for(device: torch.device) -> Callable[[], None]:
    """What waits for a device.

    Args:
        device: where is computed.

    Returns:
        A function; on a CPU it does nothing.
    """
    if device.type == "cuda":
        return lambda: torch.cuda.synchronize(device)
    return torch.mps.synchronize if device.type == "mps" else lambda: None


def name_of(device: torch.device) -> str:
    """The name of a card.

    Args:
        device: where is computed.

    Returns:
        As its driver calls it; otherwise the kind of device.
    """
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def peak_teraflops(name: str, precision: str) -> float | None:
    """What a card computes at most.

    Args:
        name: of the card.
        precision: a key of `system.precision.PRECISIONS`.

    Returns:
        Dense tera-FLOP a second; None where it is not known here.
    """
    words = name.replace("-", " ").split()
    known = [card for card in PEAKS if set(card.split()) <= set(words)]
    return PEAKS[max(known, key=len)].get(precision) if known else None


def peak_memory_megabytes(device: torch.device) -> float:
    """The most memory so far.

    Args:
        device: where is computed.

    Returns:
        Of tensors on a GPU; elsewhere of this process.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / MEGABYTE
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / MEGABYTE
