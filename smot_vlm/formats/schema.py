"""The published form of description.json: a JSON Schema, and the rules between fields that a schema cannot state."""

import json
import math
from collections import Counter
from importlib.resources import files
from itertools import pairwise
from typing import Any


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) of description.json, as JSON text."""
    return files("smot_vlm.formats").joinpath("description.schema.json").read_text(encoding="utf-8")


def validate_description(content: Any) -> list[str]:
    """List every fault of a description.

    First the JSON Schema; where it holds, also the rules between fields: as many boxes and scores as frames, ascending
    frames, finite numbers, unique track ids, interactions between two different tracks that exist.

    Args:
        content: the parsed content of a description.json.

    Returns:
        Faults such as `tracks[0].boxes[2]: what is wrong`; `description` names the whole. Empty where there is none.

    Raises:
        ImportError: the package jsonschema is not installed.
    """
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise ImportError("checking a description needs jsonschema: pip install 'smot-vlm[dev]'") from error
    errors = sorted(Draft202012Validator(json.loads(schema_text())).iter_errors(content), key=lambda e: e.json_path)
    faults = [f"{_place(error.json_path)}: {_shorten(error.message)}" for error in errors]
    return faults or _cross_faults(content)


def _place(json_path: str) -> str:
    return json_path.removeprefix("$").removeprefix(".") or "description"


def _shorten(message: str, limit: int = 300) -> str:
    # A message repeats the faulty value, which may be a list of a thousand frames; the reason is at its end.
    return message if len(message) <= limit else f"{message[: limit // 2]} ... {message[-limit // 2 :]}"


def _cross_faults(content: dict[str, Any]) -> list[str]:
    faults = [] if math.isfinite(content["video"]["fps"]) else ["video.fps: not finite"]
    for index, track in enumerate(content["tracks"]):
        faults += [f"tracks[{index}].{fault}" for fault in _track_faults(track)]
    ids = [track["id"] for track in content["tracks"]]
    faults += [
        f"tracks: id {track_id} appears more than once" for track_id, count in sorted(Counter(ids).items()) if count > 1
    ]
    for index, edge in enumerate(content["interactions"]):
        faults += [f"interactions[{index}].{fault}" for fault in _edge_faults(edge, set(ids))]
    return faults


def _track_faults(track: dict[str, Any]) -> list[str]:
    frames, boxes, scores = track["frames"], track["boxes"], track["scores"]
    faults = []
    for name, values in (("boxes", boxes), ("scores", scores)):
        if len(values) != len(frames):
            faults.append(f"{name}: {len(values)} for {len(frames)} frames; give one a frame")
    if any(later <= earlier for earlier, later in pairwise(frames)):
        faults.append("frames: must ascend")
    faults += [f"boxes[{row}]: not finite" for row, box in enumerate(boxes) if not all(map(math.isfinite, box))]
    faults += [f"scores[{row}]: not finite" for row, score in enumerate(scores) if not math.isfinite(score)]
    return faults


def _edge_faults(edge: dict[str, Any], ids: set[int]) -> list[str]:
    faults = [f"{end}: no track {edge[end]}" for end in ("subject", "object") if edge[end] not in ids]
    if edge["subject"] == edge["object"]:
        faults.append("object: the same track as subject")
    if not math.isfinite(edge["score"]):
        faults.append("score: not finite")
    return faults
