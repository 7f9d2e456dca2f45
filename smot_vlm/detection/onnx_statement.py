"""What an ONNX export states about itself in its metadata: class names, task, canvas, layout. Read as data, never as code."""

import ast
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smot_vlm.detection.person_class import real_names

LONGEST_TEXT = 2**20
NAME_KEYS = ("names", "class_names")
TAKES = {
    "names": "a list or a dict of class names",
    "class_names": "a list or a dict of class names",
    "imgsz": "height and width in pixels",
    "end2end": "True or False",
    "stride": "pixels, such as 32",
    "kpt_shape": "points and numbers a point",
}
TASKS = ("detect", "segment", "pose")


@dataclass(frozen=True)
class Statement:
    """What is stated; empty or None where nothing is.

    Attributes:
        names: Of the classes, by number.
        task: One of TASKS, "" for none.
        sides: Height and width of the canvas in pixels.
        end2end: Non-maximum suppression is inside the network.
        stride: Of the coarsest grid.
        keypoints: Numbers a box has for keypoints.
        head: Class of the network's last layer, such as "RTDETRDecoder".
    """

    names: dict[int, str] = field(default_factory=dict)
    task: str = ""
    sides: tuple[int, int] | None = None
    end2end: bool | None = None
    stride: int | None = None
    keypoints: int | None = None
    head: str = ""

    @property
    def suppresses(self) -> bool | None:
        """The network's boxes are a selection, each with its class; None where that is not stated."""
        # A DETR needs no suppression and says so, whichever of its two layouts it has.
        return None if self.is_detr else self.end2end

    @property
    def is_detr(self) -> bool:
        """The file states that it is an RT-DETR."""
        return self.head == "RTDETRDecoder"

    @property
    def count(self) -> int:
        """How many classes the names speak of."""
        return max(self.names, default=-1) + 1


def read_statement(path: Path, metadata: Mapping[str, str], classes: Sequence[str] = ()) -> Statement:
    """Read the metadata of an export.

    Args:
        path: Of the file, for errors.
        metadata: Its `metadata_props`, as ultralytics and others write them.
        classes: Names in place of those in the file.

    Returns:
        What it states.

    Raises:
        ValueError: A key whose value cannot be read, or a task that gives no boxes.
    """

    def value(key: str) -> Any:
        return _parse(path, key, metadata[key]) if metadata.get(key) else None

    task = metadata.get("task", "")
    if task and task not in TASKS:
        raise ValueError(f"{path}: made for the task {task[:40]!r}; give a model made for {', '.join(TASKS)}")
    names = dict(enumerate(classes))
    for key in () if names else NAME_KEYS:
        if metadata.get(key):
            names = real_names(read_names(path, value(key)))
            break
    arguments = value("args")
    # Suppression may be exported behind a head that has none.
    suppressed = isinstance(arguments, dict) and arguments.get("nms") is True
    end2end = value("end2end")
    return Statement(
        names=names,
        task=task,
        sides=_sides(path, value("imgsz")),
        end2end=True if suppressed else end2end if isinstance(end2end, bool) else None,
        stride=_stride(path, value("stride")),
        keypoints=_keypoints(path, value("kpt_shape")),
        head=metadata.get("head", ""),
    )


def read_names(path: Path, names: Any) -> dict[int, str]:
    """Class names from a list or a dict.

    Args:
        path: Of the file, for errors.
        names: ["car", "person"], {0: "car", 1: "person"}, or the numbers as text.

    Returns:
        By number.

    Raises:
        ValueError: Neither.
    """
    if not isinstance(names, dict | list | tuple):
        raise ValueError(f"{path}: its metadata says names = {_short(names)}; it takes {TAKES['names']}")
    entries = list(names.items()) if isinstance(names, dict) else list(enumerate(names))
    result = {}
    for key, name in entries:
        number = int(key) if isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) < 8 else key
        if not _is_whole(number) or not 0 <= number < LONGEST_TEXT or not isinstance(name, str | int | float):
            raise ValueError(
                f"{path}: its metadata names class {_short(key)} {_short(name)}; it takes numbers from 0 and words"
            )
        result[number] = str(name)
    return result


def _parse(path: Path, key: str, text: str) -> Any:
    """JSON, or a Python literal, which is what ultralytics writes."""
    if len(text) <= LONGEST_TEXT:
        for parse in (json.loads, ast.literal_eval):
            try:
                return parse(text)
            except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
                continue
    if key == "args":
        return None  # options of the exporter, of which one is a hint to us
    raise ValueError(f"{path}: its metadata says {key} = {_short(text)}; it takes {TAKES[key]}")


def _sides(path: Path, value: Any) -> tuple[int, int] | None:
    sides = [value, value] if _is_whole(value) else value
    if sides is None:
        return None
    if not isinstance(sides, Sequence) or len(sides) != 2 or not all(_is_whole(side) and side > 0 for side in sides):
        raise ValueError(f"{path}: its metadata says imgsz = {_short(value)}; it takes {TAKES['imgsz']}")
    return int(sides[0]), int(sides[1])


def _stride(path: Path, value: Any) -> int | None:
    if value is None:
        return None
    largest = max(value) if isinstance(value, list | tuple) and value and all(map(_is_whole, value)) else value
    if isinstance(largest, float) and largest.is_integer():
        largest = int(largest)
    if not _is_whole(largest) or not 1 <= largest <= 1024:
        raise ValueError(f"{path}: its metadata says stride = {_short(value)}; it takes {TAKES['stride']}")
    return int(largest)


def _keypoints(path: Path, value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(_is_whole(entry) and 0 < entry < 10000 for entry in value):
        raise ValueError(f"{path}: its metadata says kpt_shape = {_short(value)}; it takes {TAKES['kpt_shape']}")
    return math.prod(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
