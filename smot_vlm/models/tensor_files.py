"""The safetensors files of a model's folder: read with one line for each kind of damage, held against the model's tensors."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from smot_vlm.formats.documents import reason

NAMES_SHOWN = 3
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTS = (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64)
# What a checkout without Git LFS has in place of a large file.
LFS_POINTER = b"version https://git-lfs"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Args:
        path: of the file.

    Returns:
        Its tensors by name, on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not safetensors, or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; the folder is incomplete, copy or download it again")
    with path.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise ValueError(f"{path}: a pointer of Git LFS in place of the weights; run `git lfs pull`")
    try:
        return load_file(path)
    # A header may name a type or a size that torch does not have.
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        raise ValueError(f"{path}: damaged ({reason(error)}); copy or download it again") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """`read_tensors` for what numpy computes with.

    Args:
        path: of the file.

    Returns:
        The arrays by name; bfloat16, which numpy does not have, as float32.

    Raises:
        FileNotFoundError, ValueError: as `read_tensors`.
    """
    tensors = read_tensors(path)
    return {
        name: (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy() for name, tensor in tensors.items()
    }


def check_tensors(expected: dict[str, Tensor], found: dict[str, Tensor], source: str) -> None:
    """The tensors of a file must be those of a model.

    Args:
        expected: of the model.
        found: in the file; floats may be of any width.
        source: named in errors.

    Raises:
        ValueError: tensors are missing, extra, of another shape or kind, or hold what is no number; the message names them.
    """
    both = {name: tensor for name, tensor in expected.items() if name in found}
    shapes = [
        f"{name} {tuple(found[name].shape)} in the file, {tuple(tensor.shape)} in the model"
        for name, tensor in both.items()
        if found[name].shape != tensor.shape
    ]
    types = [
        f"{name} {found[name].dtype} in the file, {tensor.dtype} in the model"
        for name, tensor in both.items()
        if _kind(found[name]) != _kind(tensor)
    ]
    problems = [
        f"{title}: {_shorten(names)}"
        for title, names in (
            ("missing", sorted(expected.keys() - found.keys())),
            ("extra", sorted(found.keys() - expected.keys())),
            ("of another shape", shapes),
            ("of another type", types),
            (
                "not a number",
                sorted(name for name in both if _kind(found[name]) == "float" and found[name].isnan().any()),
            ),
        )
        if names
    ]
    if problems:
        raise ValueError(f"{source}: its tensors are not those of the configured model; {'; '.join(problems)}")


def _kind(tensor: Tensor) -> str:
    """Types of one kind are converted into each other; another kind would be rounded or cut."""
    if tensor.dtype in FLOATS:
        return "float"
    return "int" if tensor.dtype in INTS else str(tensor.dtype)


def _shorten(names: list[str]) -> str:
    rest = len(names) - NAMES_SHOWN
    told = ", ".join(
        name if name.isprintable() else repr(name) for name in (entry[:120] for entry in names[:NAMES_SHOWN])
    )
    return told + (f" and {rest} more" if rest > 0 else "")


def to_disk(tensors: dict[str, Tensor], half: bool) -> dict[str, Tensor]:
    """Own, contiguous copies on the CPU: safetensors refuses memory that two tensors share.

    Args:
        tensors: by name.
        half: floats as float16.

    Returns:
        By the same names.
    """
    return {
        name: (tensor.half() if half and tensor.is_floating_point() else tensor).detach().cpu().contiguous().clone()
        for name, tensor in tensors.items()
    }
