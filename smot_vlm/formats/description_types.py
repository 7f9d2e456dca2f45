"""The types of description.json, checked field by field before records are made of it: a file from outside may hold anything.

The JSON Schema says the same and more, but checking it takes a package that only developers have, and much longer.
"""

from typing import Any

from smot_vlm.formats.json_text import check, check_each, check_fields, shorten

_TRACK = {"id": "a whole number", "frames": "a list", "boxes": "a list", "scores": "a list", "caption": "a text"}
_INTERACTION = {"subject": "a whole number", "object": "a whole number", "verb": "a text", "score": "a number"}
_MODEL = {"name": "a text", "decoder": "a text", "associator": "a text", "trained": "true or false"}
_VIDEO = {
    "source": "a text",
    "width": "a whole number",
    "height": "a whole number",
    "fps": "a number",
    "frames": "a whole number",
    "truncated": "true or false",
    "stopped": "true or false",
    "damage": "a list",
    "times": "a list",
}


def check_types(content: dict[str, Any]) -> None:
    """Check every field that is there. What is missing or unknown shows when records are made.

    Args:
        content: of a description.json.

    Raises:
        ValueError: a field of the wrong type, with its place, such as `tracks[2].caption`.
    """
    fields = {
        "video": "an object",
        "model": "an object",
        "tracks": "a list",
        "interactions": "a list",
        "caption": "a text",
    }
    check_fields("", content, fields)
    check_fields("video.", content.get("video", {}), _VIDEO)
    for name in ("damage", "times"):
        for place, pair in enumerate(content.get("video", {}).get(name, [])):
            _check_numbers(f"video.{name}[{place}]", pair, 2)
    check_fields("model.", content.get("model", {}), _MODEL)
    for name, kinds in (("tracks", _TRACK), ("interactions", _INTERACTION)):
        for place, entry in enumerate(content.get(name, [])):
            check(f"{name}[{place}]", entry, "an object")
            check_fields(f"{name}[{place}].", entry, kinds)
    for place, track in enumerate(content.get("tracks", [])):
        check_each(f"tracks[{place}].frames", track.get("frames", []), "a whole number")
        check_each(f"tracks[{place}].scores", track.get("scores", []), "a number")
        for row, box in enumerate(track.get("boxes", [])):
            _check_numbers(f"tracks[{place}].boxes[{row}]", box, 4)


def _check_numbers(place: str, values: Any, count: int) -> None:
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"{place} is {shorten(values)}; it takes {count} numbers")
    check_each(place, values, "a number")
