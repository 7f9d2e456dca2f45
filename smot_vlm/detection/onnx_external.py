"""Weights that an ONNX file keeps in other files: these must lie in its own folder.

onnxruntime before 1.24 opens any path that the file names. Only the few fields on the way to those paths are read here,
straight from protobuf's wire format, so that the `onnx` package is not needed to run a detector.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

# Numbers of the fields of onnx.proto that lead to a tensor, by message.
_ROADS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_KEY, _VALUE = 1, 2
_VARINT, _EIGHT_BYTES, _COUNTED, _FOUR_BYTES = 0, 1, 2, 5


def check_external_data(path: Path) -> None:
    """Refuse a file whose weights lie outside its folder.

    Args:
        path: The ONNX file.

    Raises:
        ValueError: It names such a place, or is no ONNX file although it seems to.
    """
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: empty; give an ONNX file")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        # Nearly every detector keeps its weights inside: the word is not there, and nothing is parsed.
        if content.find(b"location") < 0:
            return
        # Copied, since the map cannot be closed while parts of it are referred to.
        places = list(_locations(memoryview(content[:]), path))
    for place in places:
        if not _is_inside(place, path.parent):
            raise ValueError(
                f"{path}: it keeps weights in {place!r}, outside its own folder; "
                "give a file whose weights are inside it or beside it"
            )


def _is_inside(place: str, folder: Path) -> bool:
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(place).is_absolute() or kind(place).drive or ".." in kind(place).parts:
            return False
    try:
        return (folder / place).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that cannot be one
        return False


def _locations(content: memoryview, path: Path) -> Iterator[str]:
    """The path in every `external_data` of every tensor. Messages yet to read are kept in a list: depth has no limit."""
    waiting = [("model", content)]
    while waiting:
        kind, message = waiting.pop()
        try:
            parts = list(_fields(message))
        except (IndexError, ValueError):
            raise ValueError(f"{path}: damaged, or not an ONNX file; export it again") from None
        if kind == "entry":
            entry = {number: bytes(part) for number, part in parts}
            if entry.get(_KEY) == b"location":
                yield entry.get(_VALUE, b"").decode("utf-8", errors="backslashreplace")
            continue
        roads = _ROADS[kind]
        waiting += [(roads[number], part) for number, part in parts if number in roads]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of every field that has a length; numbers are passed over."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        wire = tag & 7
        if wire == _VARINT:
            _, place = _varint(message, place)
        elif wire == _EIGHT_BYTES:
            place += 8
        elif wire == _FOUR_BYTES:
            place += 4
        elif wire == _COUNTED:
            length, place = _varint(message, place)
            if length > len(message) - place:
                raise ValueError("cut off")
            yield tag >> 3, message[place : place + length]
            place += length
        else:
            raise ValueError("no such wire type")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
        if shift > 63:
            raise ValueError("too long")
