"""The precision in which a model computes: names, and the block in which it does.

Weights stay float32 where they are trained; in bf16 and fp16 torch's autocast chooses operation by operation, and what must
not be rounded (boxes, probabilities, losses) is computed in float32 where it stands.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

FLOAT32, TF32, BF16, FP16 = "float32", "tf32", "bf16", "fp16"
# Name -> of matrix products and convolutions; None for float32.
PRECISIONS: dict[str, torch.dtype | None] = {FLOAT32: None, TF32: None, BF16: torch.bfloat16, FP16: torch.float16}
OTHER_NAMES = {"fp32": FLOAT32, "bfloat16": BF16, "float16": FP16, "half": FP16}
# The first NVIDIA GPUs with TF32: compute capability.
AMPERE = (8, 0)


def find_precision(name: str, device: torch.device, key: str = "dtype") -> str:
    """The precision of a name.

    Args:
        name: a key of PRECISIONS, or as torch calls it.
        device: where is computed.
        key: what it is called where it was given.

    Returns:
        A key of PRECISIONS.

    Raises:
        ValueError: no such precision, or the device has not got it.
    """
    found = OTHER_NAMES.get(name, name)
    if found not in PRECISIONS:
        raise ValueError(f"{key} is {name!r}; it takes {', '.join(PRECISIONS)}")
    if found == TF32 and not _has_tf32(device):
        raise ValueError(
            f"{key} is tf32, which NVIDIA GPUs from compute capability {AMPERE[0]}.{AMPERE[1]} on have, and the device is "
            f"{device}; give float32, or bf16"
        )
    return found


@contextmanager
def computing(precision: str, device: torch.device) -> Iterator[None]:
    """Inside the block models compute in this precision; what was set before is restored.

    Args:
        precision: a key of PRECISIONS.
        device: where is computed.

    Yields:
        Nothing.
    """
    dtype = PRECISIONS[precision]
    with _tf32_blocks.entered(precision == TF32), torch.autocast(device.type, dtype, enabled=dtype is not None):
        yield


class _Tf32Blocks:
    """The blocks that threads are in: unlike autocast, TF32 is set for all of them, and the last one to leave restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: dict[object, list[str]] = {}
        self._before: list[str] = []

    @contextmanager
    def entered(self, allowed: bool) -> Iterator[None]:
        """Be in a block; what the newest one of all that are open asks for counts."""
        key = object()
        with self._lock:
            if not self._blocks:
                self._before = tf32_settings()
            set_tf32(allowed)
            self._blocks[key] = tf32_settings()
        try:
            yield
        finally:
            with self._lock:
                del self._blocks[key]
                _restore(list(self._blocks.values())[-1] if self._blocks else self._before)


_tf32_blocks = _Tf32Blocks()


def set_tf32(allowed: bool) -> None:
    """Let float32 products and convolutions of NVIDIA GPUs round their factors to TF32, or not.

    Left alone, torch lets convolutions do it and products not.

    Args:
        allowed: whether they do.
    """
    _restore(["tf32" if allowed else "ieee"] * len(_switches()))


def tf32_settings() -> list[str]:
    """What is set now.

    Returns:
        Of matrix products, and of convolutions.
    """
    return [part.fp32_precision for part in _switches()]


def _restore(settings: list[str]) -> None:
    for part, setting in zip(_switches(), settings, strict=True):
        part.fp32_precision = setting


def _switches() -> list[Any]:
    return [torch.backends.cuda.matmul, torch.backends.cudnn.conv]  # type: ignore[attr-defined]


def _has_tf32(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE
