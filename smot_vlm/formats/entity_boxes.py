"""`Annotations/NAME.xml` of Flickr30k Entities: the boxes of the things that a picture's sentences speak of."""

from pathlib import Path
from xml.etree.ElementTree import Element

from smot_vlm.formats.flaws import read_bytes
from smot_vlm.formats.xml_files import parse_xml

Box = tuple[float, float, float, float]


def read_entity_boxes(path: Path) -> dict[int, tuple[Box, ...]]:
    """Read the boxes of one picture.

    Args:
        path: of the file.

    Returns:
        xyxy in pixels of the picture by the number of the thing (an object of several names counts for each); without
        those that have none.

    Raises:
        FileNotFoundError: no such file.
        ValueError: too large, not XML, or an object whose name or box is no number or no box.
    """
    content = read_bytes(path)
    try:
        root = parse_xml(content, "an annotation of Flickr30k Entities")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    boxes: dict[int, list[Box]] = {}
    for number, entry in enumerate(root.iter("object"), start=1):
        place = f"{path}: object {number}"
        found = [_box(box, place) for box in entry.iter("bndbox")]
        for name in entry.iter("name"):
            boxes.setdefault(_number(name, place), []).extend(found)
    return {entity: tuple(found) for entity, found in boxes.items() if found}


def _box(entry: Element, place: str) -> Box:
    """Pixels are counted from 1, the last one inclusive."""
    left, top, right, bottom = (_number(entry.find(name), place) for name in ("xmin", "ymin", "xmax", "ymax"))
    if right < left or bottom < top:
        raise ValueError(f"{place}: the box {left},{top},{right},{bottom} has no area; give xmin <= xmax, ymin <= ymax")
    return (left - 1.0, top - 1.0, float(right), float(bottom))


def _number(entry: Element | None, place: str) -> int:
    text = "" if entry is None else (entry.text or "").strip()
    if not text.isdecimal() or len(text) > 9:
        raise ValueError(f"{place}: {text[:40]!r} is no number from 0; give a name and xmin, ymin, xmax, ymax")
    return int(text)
