"""Masks of a video predictor in an npz file: `masks` (frames, objects, height, width) of bool or uint8, `ids` (objects).

Besides, if they are there: `scores` (objects) or (frames, objects), and `frame_index` (frames), counted from 0. Masks are
read one after another, so that hours of them take no memory; nothing is unpickled.
"""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from smot_vlm.formats.box_rows import RowSource
from smot_vlm.formats.documents import reason, shown
from smot_vlm.formats.masks import LONGEST_SIDE, box_of_mask
from smot_vlm.formats.mot import MAXIMUM
from smot_vlm.formats.track_rows import TrackRows

# 400 frames of 10 people in full HD; more belong into boxes or run lengths.
LARGEST_MASKS = 8 * 2**30
_MOST_MASKS = 2**20
_TAKEN = "masks (frames, objects, height, width) of bool or uint8, and ids (objects)"
_IDS = ("ids", "object_ids", "obj_ids")
# What a damaged archive makes zipfile and numpy raise.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)

_Shape = tuple[int, int, int, int]


def read_mask_arrays(path: Path) -> TrackRows:
    """Read the boxes of masks; an empty mask is no box.

    Args:
        path: of the npz file.

    Returns:
        The rows.

    Raises:
        ValueError: no such arrays, too large, or damaged; the message names the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(RowSource(path, False, 0), archive)
    except _Refused as error:
        raise ValueError(f"{path}: {error}") from None
    except _DAMAGE as error:
        raise ValueError(f"{path}: no npz file that can be read ({reason(error)})") from None


class _Refused(Exception):
    """An array is not what it should be."""


def _read(source: RowSource, archive: zipfile.ZipFile) -> TrackRows:
    names = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
    ids_name = next((name for name in _IDS if name in names), None)
    if "masks" not in names or ids_name is None:
        told = ", ".join(map(repr, sorted(names)[:8]))[:200] or "nothing"
        raise _Refused(f"it holds {told}; give {_TAKEN}")
    found = TrackRows(source)
    with archive.open("masks.npy") as file:
        shape = _mask_shape(file)
        frames, objects, height, width = shape
        ids = _table(archive, ids_name, {(objects,)}, whole=True)
        index = np.arange(frames)
        if "frame_index" in names:
            index = _table(archive, "frame_index", {(frames,)}, whole=True)
        if (index < 0).any():
            raise _Refused("frame_index has a number below 0; frames count from 0")
        scores = np.ones((frames, objects))
        if "scores" in names:
            scores = np.broadcast_to(_table(archive, "scores", {(objects,), (frames, objects)}), (frames, objects))
        found.size = width, height
        for number, mask in enumerate(_masks(file, shape)):
            frame, one = divmod(number, objects)
            box = box_of_mask(mask)
            if box is not None:
                place = f"masks[{frame}, {one}]"
                found.add(place, int(index[frame]), int(ids[one]), box, float(scores[frame, one]), None)
    return found


def _head(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of an array."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise _Refused(f"{name} is of npy version {version}; save it with numpy.savez")
    shape, fortran, kind = read(file)
    return shape, fortran, kind


def _mask_shape(file: IO[bytes]) -> _Shape:
    shape, fortran, kind = _head(file, "masks")
    if kind not in (np.dtype(bool), np.dtype(np.uint8)):
        raise _Refused(f"masks are of {shown(str(kind))}; give {_TAKEN}")
    told = f"masks are of shape {shown(shape)}"
    if len(shape) == 5 and shape[2] == 1:
        shape = shape[:2] + shape[3:]
    if len(shape) != 4 or min(shape[:2]) < 0 or not all(1 <= side <= LONGEST_SIDE for side in shape[2:]):
        raise _Refused(f"{told}; give {_TAKEN}")
    if fortran:
        raise _Refused("masks lie in Fortran's order; save numpy.ascontiguousarray(masks)")
    count, pixels = shape[0] * shape[1], shape[2] * shape[3]
    if max(shape[:2]) > _MOST_MASKS or count > _MOST_MASKS or count * pixels > LARGEST_MASKS:
        raise _Refused(
            f"{told}; at most {_MOST_MASKS} masks and {LARGEST_MASKS // 2**30} GB are read, save boxes or COCO's RLE as JSON"
        )
    return shape


def _masks(file: IO[bytes], shape: _Shape) -> Iterator[np.ndarray]:
    height, width = shape[2:]
    for _ in range(shape[0] * shape[1]):
        yield np.frombuffer(_content(file, height * width, "masks"), dtype=np.uint8).reshape(height, width)


def _table(archive: zipfile.ZipFile, name: str, shapes: set[tuple[int, ...]], *, whole: bool = False) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        shape, fortran, kind = _head(file, name)
        if shape not in shapes:
            wanted = " or ".join(map(str, sorted(shapes)))
            raise _Refused(f"{name} is of shape {shown(shape)}; it takes {wanted}")
        if kind.kind not in ("iu" if whole else "iuf"):
            raise _Refused(f"{name} is of {shown(str(kind))}; it takes {'whole numbers' if whole else 'numbers'}")
        content = _content(file, math.prod(shape) * kind.itemsize, name)
    table = np.frombuffer(content, dtype=kind).reshape(shape, order="F" if fortran else "C").astype(np.float64)
    if not (np.isfinite(table) & (np.abs(table) <= MAXIMUM)).all():
        raise _Refused(f"{name} has a number that is not finite, or beyond 2**53")
    return table.astype(np.int64) if whole else table


def _content(file: IO[bytes], size: int, name: str) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise _Refused(f"{name} ends too early; save the file again")
    return content
