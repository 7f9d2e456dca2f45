"""CVAT for video 1.1: the tracks of one task, as CVAT writes them after somebody corrected them.

    <annotations><meta><task> ... </task></meta><track id label><box frame keyframe outside xtl ytl xbr ybr> ...

A box counts from its frame on until the next one says otherwise; `outside` ends what is seen. Frames are counted from 0.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from smot_vlm.formats.documents import shown
from smot_vlm.formats.keyframes import Key, in_order
from smot_vlm.formats.xml_files import parse_xml

# Attributes of people as `smot-vlm export --to cvat` writes them, and the label of the box that has the video's caption.
ID, CAPTION, INTERACTIONS = "id", "caption", "interactions"
VIDEO_LABEL = "video"
WANTED = "what CVAT exports as 'CVAT for video 1.1'"
_LARGEST_FRAME = 2**31 - 2
_LARGEST_PIXEL = 10.0**9
# Four days at 25 a second.
MOST_FRAMES = 10**7
_SIDES = ("xtl", "ytl", "xbr", "ybr")


@dataclass(frozen=True)
class CvatTrack:
    """One thing over time.

    Attributes:
        number: that CVAT gave the track.
        label: such as person.
        keys: boxes in pixels; between two of them others lie on a line.
        values: what each attribute says, each text once, in order of time.
        turned: how many of the boxes are rotated; the upright box around each is given.
        other_shapes: how many shapes it has that are no boxes.
    """

    number: int
    label: str
    keys: tuple[Key, ...]
    values: dict[str, tuple[str, ...]]
    turned: int = 0
    other_shapes: int = 0


@dataclass(frozen=True)
class CvatTask:
    """One task.

    Attributes:
        source: name of the video; of the task where the video's is not stated; perhaps empty.
        size: width and height of the frames in pixels; None where they are not stated.
        frames: numbers of the frames; None where they are not stated.
        tracks: in the order of the file.
    """

    source: str
    size: tuple[int, int] | None
    frames: range | None
    tracks: tuple[CvatTrack, ...]


def parse_cvat(content: bytes) -> CvatTask:
    """Read the annotations of a task.

    Args:
        content: of annotations.xml.

    Returns:
        The task.

    Raises:
        ValueError: not such a file, hostile XML, a whole project, or a number that is none.
    """
    root = parse_xml(content, WANTED)
    if root.tag != "annotations":
        raise ValueError(f"XML of {shown(root.tag)} in place of <annotations>; give {WANTED}")
    tracks = root.findall("track")
    if root.find("image") is not None:
        raise ValueError(f"written as 'CVAT for images 1.1', which has no tracks; give {WANTED}")
    if root.find("meta/project") is not None or len({track.get("task_id") for track in tracks}) > 1:
        raise ValueError("of a whole project; export each of its tasks by itself")
    meta = next((node for name in ("task", "job") if (node := root.find(f"meta/{name}")) is not None), Element("task"))
    source = _text(meta, "source") or _text(root, "meta/source") or _text(meta, "name")
    return CvatTask(source, _size(meta), _frames(meta), tuple(map(_track, tracks)))


def _size(meta: Element) -> tuple[int, int] | None:
    width, height = (_stated(meta, f"original_size/{name}") for name in ("width", "height"))
    return (width, height) if width and height else None


def _frames(meta: Element) -> range | None:
    """Every `step`-th frame of the video's, where the task's filter says so."""
    size, start, stop = (_stated(meta, name) for name in ("size", "start_frame", "stop_frame"))
    name, _, step_text = _text(meta, "frame_filter").partition("=")
    step = max(_whole(step_text, "the step of frame_filter"), 1) if name.strip() == "step" else 1
    start = start or 0
    if size is None and stop is None:
        return None
    count = size if size is not None else (stop or 0) // step + 1 - start // step
    if count > MOST_FRAMES:
        raise ValueError(f"a video of {count} frames; it takes at most {MOST_FRAMES}")
    return range(start, start + count * step, step)


def _track(node: Element) -> CvatTrack:
    number = _whole(node.get("id"), "the id of a track")
    what = f"track {number}"
    boxes = node.findall("box")
    keys = in_order([_key(box, what) for box in boxes], what)
    ordered = sorted(boxes, key=lambda box: _whole(box.get("frame"), what))
    seen = [box for box in ordered if not _is_set(box, "outside")] or ordered
    others = sum(1 for child in node if child.get("frame") is not None) - len(boxes)
    turned = sum(1 for box in boxes if _angle(box, what))
    return CvatTrack(number, node.get("label") or "", keys, _values([node, *seen]), turned, others)


def _key(box: Element, what: str) -> Key:
    frame = _whole(box.get("frame"), f"a frame of {what}")
    sides = [_pixels(box.get(name), f"{name} of {what} in frame {frame}") for name in _SIDES]
    if sides[2] < sides[0] or sides[3] < sides[1]:
        raise ValueError(
            f"the box of {what} in frame {frame} has its right side left of the left one, or is upside down"
        )
    shown = not _is_set(box, "outside")
    return Key(frame, _around(sides, _angle(box, what)), shown, shown)


def _around(sides: list[float], degrees: float) -> tuple[float, float, float, float]:
    """The upright box around a box that is turned about its middle."""
    left, top, right, bottom = sides
    if not degrees:
        return left, top, right, bottom
    sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    width, height = right - left, bottom - top
    across, down = (width * cosine + height * sine) / 2, (width * sine + height * cosine) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - across, y - down, x + across, y + down


def _angle(box: Element, what: str) -> float:
    return _pixels(box.get("rotation") or "0", f"rotation of {what}") % 360


def _values(nodes: Iterable[Element]) -> dict[str, tuple[str, ...]]:
    """Attributes of a track (as older files have them) and of its boxes: each text once, empty ones left out."""
    found: dict[str, Counter[str]] = {}
    for node in nodes:
        for entry in node.findall("attribute"):
            text = (entry.text or "").strip()
            if text:
                found.setdefault(entry.get("name") or "", Counter())[text] += 1
    return {name: tuple(texts) for name, texts in found.items()}


def _is_set(box: Element, name: str) -> bool:
    return (box.get(name) or "0").strip().lower() in ("1", "true")


def _text(node: Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _stated(meta: Element, path: str) -> int | None:
    text = _text(meta, path)
    return _whole(text, path) if text else None


def _whole(text: str | None, what: str) -> int:
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > 10 or int(stripped) > _LARGEST_FRAME:
        raise ValueError(f"{what} is {shown(text or '')}; it takes a whole number from 0 to {_LARGEST_FRAME}")
    return int(stripped)


def _pixels(text: str | None, what: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST_PIXEL:
        raise ValueError(f"{what} is {shown(text or '')}; it takes a number from -1e9 to 1e9")
    return value
