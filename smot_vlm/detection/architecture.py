"""A detector's architecture as data: what a model's folder may say of it, checked before ultralytics builds anything.

ultralytics evaluates parts of an architecture as Python and looks modules up by name, so a stranger's architecture could run
code. Only the layers named here, numbers and a few words pass.
"""

import math
from typing import Any

# The detection layers of ultralytics' YOLO families.
LAYERS = frozenset(
    {
        "A2C2f", "AConv", "ADown", "Bottleneck", "BottleneckCSP", "C1", "C2", "C2PSA", "C2f", "C2fCIB", "C3", "C3Ghost",
        "C3k2", "C3x", "CBFuse", "CBLinear", "Concat", "Conv", "DWConv", "Detect", "ELAN1", "Focus", "GhostBottleneck",
        "GhostConv", "PSA", "RepC3", "RepNCSPELAN4", "SCDown", "SPP", "SPPELAN", "SPPF", "nn.ConvTranspose2d",
        "nn.Identity", "nn.MaxPool2d", "nn.Upsample", "nn.ZeroPad2d", "v10Detect",
    }
)  # fmt: skip
WORDS = frozenset({"None", "nearest", "bilinear", "nc", "True", "False"})
ACTIVATIONS = frozenset(
    {"torch.nn.SiLU()", "torch.nn.ReLU()", "torch.nn.LeakyReLU(0.1)", "torch.nn.GELU()", "torch.nn.Hardswish()"}
)
MOST_LAYERS, MOST_REPEATS, LARGEST_NUMBER = 200, 100, 8192
NUMBERS = ("nc", "channels", "reg_max", "depth_multiple", "width_multiple")
KEYS = frozenset({*NUMBERS, "backbone", "head", "scales", "scale", "activation", "end2end", "yaml_file", "ch"})


def check_architecture(architecture: Any) -> dict[str, Any]:
    """Make sure that an architecture holds layers of LAYERS, numbers and nothing else.

    Args:
        architecture: as `YoloDetector.architecture` gives it, or a file of ultralytics' cfg/models.

    Returns:
        The same architecture.

    Raises:
        ValueError: anything else in it; the message names the place.
    """
    if not isinstance(architecture, dict):
        raise ValueError(f"architecture is {_short(architecture)}; it takes keys and values")
    unknown = sorted(str(key) for key in architecture if key not in KEYS)
    if unknown:
        raise ValueError(f"architecture.{unknown[0]} is not known; it takes {', '.join(sorted(KEYS))}")
    for key in NUMBERS:
        if architecture.get(key) is not None:
            _check_number(architecture[key], f"architecture.{key}")
    activation = architecture.get("activation")
    if activation is not None and activation not in ACTIVATIONS:
        raise ValueError(f"architecture.activation is {_short(activation)}; it takes {', '.join(sorted(ACTIVATIONS))}")
    if architecture.get("end2end") not in (None, True, False):
        raise ValueError(f"architecture.end2end is {_short(architecture['end2end'])}; it takes true or false")
    _check_scales(architecture)
    for part in ("backbone", "head"):
        rows = architecture.get(part)
        if not isinstance(rows, list) or not 0 < len(rows) <= MOST_LAYERS:
            raise ValueError(f"architecture.{part} is {_short(rows)}; it takes 1 to {MOST_LAYERS} layers")
        for place, row in enumerate(rows):
            _check_layer(row, f"architecture.{part}[{place}]")
    return architecture


def _check_layer(row: Any, place: str) -> None:
    if not isinstance(row, list | tuple) or len(row) != 4:
        raise ValueError(f"{place} is {_short(row)}; it takes [from, repeats, layer, arguments]")
    sources, repeats, layer, arguments = row
    if not isinstance(layer, str) or layer not in LAYERS:
        raise ValueError(f"{place} is a {_short(layer)}; the layers are {', '.join(sorted(LAYERS))}")
    for source in sources if isinstance(sources, list | tuple) else [sources]:
        if not _is_whole(source) or abs(source) > MOST_LAYERS:
            raise ValueError(f"{place} reads from {_short(source)}; it takes numbers of layers")
    if not _is_whole(repeats) or not 1 <= repeats <= MOST_REPEATS:
        raise ValueError(f"{place} is repeated {_short(repeats)} times; it takes 1 to {MOST_REPEATS}")
    if not isinstance(arguments, list | tuple):
        raise ValueError(f"{place} has arguments {_short(arguments)}; it takes a list")
    for argument in arguments:
        _check_argument(argument, place)


def _check_argument(argument: Any, place: str, depth: int = 0) -> None:
    if isinstance(argument, list | tuple) and depth < 3:
        for entry in argument:
            _check_argument(entry, place, depth + 1)
    elif isinstance(argument, str):
        if argument not in WORDS:
            raise ValueError(f"{place} has the argument {_short(argument)}; words are {', '.join(sorted(WORDS))}")
    elif argument is not None and not isinstance(argument, bool):
        _check_number(argument, place)


def _check_scales(architecture: dict[str, Any]) -> None:
    scales, scale = architecture.get("scales"), architecture.get("scale")
    if scales is None:
        return
    if not isinstance(scales, dict) or not all(
        isinstance(entry, list | tuple) and len(entry) == 3 for entry in scales.values()
    ):
        raise ValueError(f"architecture.scales is {_short(scales)}; it takes name: [depth, width, most channels]")
    for entry in scales.values():
        for number in entry:
            _check_number(number, "architecture.scales")
    if scale and scale not in scales:
        raise ValueError(f"architecture.scale is {_short(scale)}; it takes {', '.join(map(str, scales))}")


def _check_number(value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{place} has {_short(value)}; it takes a number")
    if abs(value) > LARGEST_NUMBER:
        raise ValueError(f"{place} has {value}; numbers are at most {LARGEST_NUMBER}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
