"""The published form of description.json: a JSON Schema, and the rules between fields that a schema cannot state."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Any

from smot_vlm.formats.compact_boxes import expanded

# Version of description.json -> its schema's file; the newest last.
SCHEMA_FILES = {"smot-vlm/1": "description.schema.json", "smot-vlm/2": "description-2.schema.json"}
NEWEST = "smot-vlm/2"


def schema_text(version: str = NEWEST) -> str:
    """The JSON Schema (draft 2020-12) of description.json, as JSON text.

    Args:
        version: a key of SCHEMA_FILES.

    Returns:
        JSON.
    """
    return files("smot_vlm.formats").joinpath(SCHEMA_FILES[version]).read_text(encoding="utf-8")


def validate_description(content: Any) -> list[str]:
    """List every fault of a description.

    First the JSON Schema; where it holds, also the rules between fields: as many boxes and scores as frames, ascending
    frames, finite numbers, unique track ids, interactions between two different tracks that exist, spans in order, and
    segments and clauses that stand in their captions and name what is there.

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
    version = content.get("schema") if isinstance(content, dict) else None
    schema = schema_text(version if isinstance(version, str) and version in SCHEMA_FILES else NEWEST)
    errors = sorted(Draft202012Validator(json.loads(schema)).iter_errors(content), key=lambda e: e.json_path)
    faults = [f"{_place(error.json_path)}: {_shorten(error.message)}" for error in errors]
    return faults or _compact_faults(content) or _cross_faults(_with_rows(content))


def _compact_faults(content: dict[str, Any]) -> list[str]:
    """Tracks whose compact fields do not fit each other."""
    faults = []
    for index, track in enumerate(content["tracks"]):
        try:
            expanded(track, f"tracks[{index}]")
        except ValueError as error:
            faults.append(str(error))
    return faults


def _with_rows(content: dict[str, Any]) -> dict[str, Any]:
    """The same content with a row a box."""
    tracks = []
    for track in content["tracks"]:
        full = expanded(track, "")
        arrays = {name: full[name].tolist() for name in ("frames", "boxes", "scores") if full is not track}
        tracks.append({**full, **arrays})
    return {**content, "tracks": tracks}


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
    faults += _order_faults("video.cuts", content["video"].get("cuts", ()))
    faults += _passage_faults("", content)
    for index, track in enumerate(content["tracks"]):
        faults += _passage_faults(f"tracks[{index}].", track)
    for index, clause in enumerate(content.get("clauses", ())):
        faults += [f"clauses[{index}].{fault}" for fault in _clause_faults(clause, content, set(ids))]
    for index, track in enumerate(content["tracks"]):
        for row, segment in enumerate(track.get("segments", ())):
            faults += [
                f"tracks[{index}].segments[{row}].{fault}" for fault in _segment_faults(segment, track, set(ids))
            ]
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
    stated = Counter((entry["name"], entry["value"]) for entry in track.get("attributes", ()))
    faults += [f"attributes: {name} {value} appears more than once" for (name, value), n in stated.items() if n > 1]
    return faults


def _order_faults(place: str, cuts: Sequence[float]) -> list[str]:
    return [f"{place}: must ascend"] if any(later <= earlier for earlier, later in pairwise(cuts)) else []


def _passage_faults(place: str, content: dict[str, Any]) -> list[str]:
    passages = content.get("passages", ())
    faults = [f"{place}passages[{row}].{fault}" for row, one in enumerate(passages) for fault in _time_faults(one)]
    if any(later["from_seconds"] < earlier["to_seconds"] for earlier, later in pairwise(passages)):
        faults.append(f"{place}passages: overlap or do not ascend")
    return faults


def _clause_faults(clause: dict[str, Any], content: dict[str, Any], ids: set[int]) -> list[str]:
    faults = [] if clause["text"] in content["caption"] else ["text: no part of the caption"]
    faults += [f"people: no track {track}" for track in clause.get("people", ()) if track not in ids]
    count = len(content["interactions"])
    return faults + [f"interactions: no interaction {row}" for row in clause.get("interactions", ()) if row >= count]


def _segment_faults(segment: dict[str, Any], track: dict[str, Any], ids: set[int]) -> list[str]:
    faults = [] if segment["text"] in track["caption"] else ["text: no part of the caption"]
    if segment.get("partner") is not None and segment["partner"] not in ids - {track["id"]}:
        faults.append(f"partner: no other track {segment['partner']}")
    return faults + _time_faults(segment)


def _time_faults(part: dict[str, Any]) -> list[str]:
    start, end = part["from_seconds"], part["to_seconds"]
    return [] if start <= end < math.inf else ["to_seconds: before from_seconds, or not finite"]


def _edge_faults(edge: dict[str, Any], ids: set[int]) -> list[str]:
    faults = [f"{end}: no track {edge[end]}" for end in ("subject", "object") if edge[end] not in ids]
    if edge["subject"] == edge["object"]:
        faults.append("object: the same track as subject")
    if not math.isfinite(edge["score"]):
        faults.append("score: not finite")
    spans = edge.get("spans", ())
    for row, span in enumerate(spans):
        faults += [f"spans[{row}].{fault}" for fault in _time_faults(span)]
        if any(later <= earlier for earlier, later in pairwise(span.get("frames", ()))):
            faults.append(f"spans[{row}].frames: must ascend")
    if any(later["from_seconds"] < earlier["to_seconds"] for earlier, later in pairwise(spans)):
        faults.append("spans: overlap or do not ascend")
    return faults
