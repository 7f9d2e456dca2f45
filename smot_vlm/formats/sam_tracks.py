"""Masks or boxes of a video predictor such as SAM 2 and SAM 3, saved as JSON: for each frame, counted from 0, its objects.

A frame is as the processor of SAM 3 gives it, `{"object_ids": [...], "boxes": [[x1, y1, x2, y2]...] or "masks": [RLE...],
"scores": [...]}`, or an object by id, `{"1": RLE or [x1, y1, x2, y2], ...}`. The frames are a list, or keyed by their
index, alone or under `frames`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from smot_vlm.formats.box_rows import RowSource
from smot_vlm.formats.checked import REAL, WHOLE, Numbers, record
from smot_vlm.formats.documents import shown
from smot_vlm.formats.labels import PEOPLE_NAMES
from smot_vlm.formats.masks import read_run_lengths
from smot_vlm.formats.mot import MAXIMUM
from smot_vlm.formats.track_rows import Frame, TrackRows, read_box

_IDS = ("object_ids", "obj_ids", "ids")
_INDEX = ("frame_index", "frame_idx")
_PROMPTS = "prompt_to_obj_ids"


@dataclass(frozen=True)
class _Objects:
    object_ids: Annotated[np.ndarray, Numbers(int, WHOLE)]
    scores: Annotated[np.ndarray, Numbers(float, REAL)] | None = None
    prompt_to_obj_ids: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Index:
    frame_index: Frame


def is_sam(content: Any) -> bool:
    """Whether a document has the form of such a file.

    Args:
        content: of the file.

    Returns:
        True where it has; its values may still be wrong.
    """
    if isinstance(content, Mapping):
        return "frames" in content or (bool(content) and all(map(_is_whole, content)))
    return isinstance(content, list) and bool(content) and _is_frame(content[0])


def read_sam(source: RowSource, content: Any) -> TrackRows:
    """Read masks or boxes; an empty mask is no box.

    Args:
        source: of the rows.
        content: of the file, of a form that `is_sam` knows.

    Returns:
        The rows. Where prompts are given and one of them is a word for people, objects of the others are of other classes.

    Raises:
        ValueError: a value of another type or out of range, with its place; masks of different sizes.
    """
    found = TrackRows(RowSource(source.path, False, 0, "object id"))
    for place, index, frame in _frames(source, content):
        if any(key in frame for key in _IDS):
            _add_columns(found, place, index, frame)
        else:
            for key, shape in frame.items():
                if key in _INDEX:
                    continue
                if not _is_whole(key):
                    raise ValueError(f"{source.at(place)} has key {shown(key)}; its keys are ids, or {', '.join(_IDS)}")
                _add(found, f"{place}.{key}", index, int(key), shape, None, None)
    words = {row.row_class for row in found.rows} - {None}
    if not words & PEOPLE_NAMES:
        # "the man in red": whoever asked for it by name means it.
        found.rows = [row._replace(row_class=None) for row in found.rows]
    return found


def _frames(source: RowSource, content: Any) -> Iterator[tuple[str, int, dict[str, Any]]]:
    prefix = ""
    if isinstance(content, dict) and "frames" in content:
        prefix, content = "frames", content["frames"]
    if isinstance(content, dict):
        entries = [(f"{prefix}.{key}".lstrip("."), key, frame) for key, frame in content.items()]
    elif isinstance(content, list):
        entries = [(f"{prefix}[{row}]", row, frame) for row, frame in enumerate(content)]
    else:
        raise ValueError(f"{source.path}: {prefix} is {shown(content)}; it takes a list, or frames by their index")
    for place, key, frame in entries:
        if not isinstance(frame, dict):
            raise ValueError(f"{source.at(place)} is {shown(frame)}; give keys and values")
        if isinstance(key, str) and not _is_whole(key):
            raise ValueError(f"{source.at(place)}: {shown(key)} is no index of a frame; give whole numbers from 0")
        stated = next((frame[name] for name in _INDEX if name in frame), int(key))
        yield place, record(_Index, {"frame_index": stated}, source.at(place)).frame_index, frame


def _add_columns(found: TrackRows, place: str, index: int, frame: dict[str, Any]) -> None:
    at = found.source.at(place)
    ids = next(key for key in _IDS if key in frame)
    known = {key: frame[key] for key in ("scores", _PROMPTS) if frame.get(key) is not None}
    objects = record(_Objects, {"object_ids": frame[ids], **known}, at)
    kind = "boxes" if frame.get("boxes") is not None else "masks"
    shapes = frame.get(kind)
    if not isinstance(shapes, list):
        raise ValueError(f"{at}: give boxes [x1, y1, x2, y2], or masks as COCO's RLE, for the {ids}")
    scores = [None] * len(shapes) if objects.scores is None else objects.scores.tolist()
    if not len(shapes) == len(scores) == len(objects.object_ids):
        raise ValueError(
            f"{at}: {len(objects.object_ids)} {ids}, {len(shapes)} boxes or masks, {len(scores)} scores; give one each"
        )
    words = {one: prompt.casefold() for prompt, those in objects.prompt_to_obj_ids.items() for one in those}
    for row, (track, shape, score) in enumerate(zip(objects.object_ids.tolist(), shapes, scores, strict=True)):
        _add(found, f"{place}.{kind}[{row}]", index, track, shape, score, words.get(track))


def _add(
    found: TrackRows, place: str, frame: int, track: int, shape: Any, score: float | None, word: str | None
) -> None:
    at = found.source.at(place)
    if isinstance(shape, dict):
        mask = read_run_lengths(shape, at)
        found.measured_in(place, (mask.size[1], mask.size[0]))
        box = mask.box()
    else:
        found.measured_in(place, None)
        box = read_box(shape, at, "[x1, y1, x2, y2]")
    if box is not None:
        found.add(place, frame, track, box, score, word)


def _is_frame(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    return any(key in content for key in (*_IDS, *_INDEX)) or all(map(_is_whole, content))


def _is_whole(key: Any) -> bool:
    return isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) < len(str(int(MAXIMUM)))
