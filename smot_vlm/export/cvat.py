"""CVAT for video 1.1: tracks with a box a frame; captions, attributes and interactions as attributes of the tracks.

The video's caption is the attribute of a box around the first frame, whose label is `video`.
"""

import json
from typing import Any
from xml.etree import ElementTree

from smot_vlm.export.extent import frame_count
from smot_vlm.export.xml_text import element, written
from smot_vlm.formats.cvat_xml import CAPTION, ID, INTERACTIONS, VIDEO_LABEL
from smot_vlm.formats.told_interactions import told_interaction
from smot_vlm.structures import Description, Interaction, Trajectory

LABEL = "person"
_ATTRIBUTE = {"name": "", "mutable": "False", "input_type": "text", "default_value": "", "values": ""}


def to_cvat(description: Description) -> dict[str, str]:
    """The file that CVAT's "Upload annotations" takes for a task of the same frames, and the labels that the task needs.

    Args:
        description: any.

    Returns:
        Content by name of file; `cvat-labels.json` goes into the "Raw" form of the task's labels.
    """
    root = ElementTree.Element("annotations")
    element(root, "version", "1.1")
    labels = {LABEL: _attribute_names(description), VIDEO_LABEL: [CAPTION]}
    _meta(root, description, labels)
    for number, track in enumerate(description.tracks):
        _person(root, number, track, description, labels[LABEL])
    if description.caption:
        _video(root, len(description.tracks), description)
    raw = [{"name": label, "attributes": [_raw(name) for name in names]} for label, names in labels.items()]
    return {"annotations.xml": written(root), "cvat-labels.json": json.dumps(raw, indent=1) + "\n"}


def _person(
    root: ElementTree.Element, number: int, track: Trajectory, description: Description, names: list[str]
) -> None:
    node = ElementTree.SubElement(root, "track", id=str(number), label=LABEL, source="auto")
    values = _values(track, description)
    last, end = len(track) - 1, frame_count(description)
    for place, (frame, sides) in enumerate(zip(track.frames.tolist(), track.boxes.tolist(), strict=True)):
        _box(node, sides, frame, False, names, values)
        # CVAT draws a box on until it is told that the person has left.
        following = int(track.frames[place + 1]) if place < last else end
        if frame + 1 < following:
            _box(node, sides, frame + 1, True, names, values)


def _video(root: ElementTree.Element, number: int, description: Description) -> None:
    video = description.video
    node = ElementTree.SubElement(root, "track", id=str(number), label=VIDEO_LABEL, source="auto")
    sides = [0.0, 0.0, float(max(video.width, 1)), float(max(video.height, 1))]
    # Below the people, and gone from the second frame on.
    _box(node, sides, 0, False, [CAPTION], {CAPTION: description.caption}, layer=-1)
    if frame_count(description) > 1:
        _box(node, sides, 1, True, [CAPTION], {CAPTION: description.caption}, layer=-1)


def _meta(root: ElementTree.Element, description: Description, labels: dict[str, list[str]]) -> None:
    video = description.video
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    size = frame_count(description)
    for name, text in (("name", video.source), ("size", size), ("mode", "interpolation"), ("overlap", 0)):
        element(task, name, str(text))
    told = ElementTree.SubElement(task, "labels")
    for name, attributes in labels.items():
        label = ElementTree.SubElement(told, "label")
        element(label, "name", name)
        listed = ElementTree.SubElement(label, "attributes")
        for attribute in attributes:
            node = ElementTree.SubElement(listed, "attribute")
            for part, text in _ATTRIBUTE.items():
                element(node, part, attribute if part == "name" else text)
    original = ElementTree.SubElement(task, "original_size")
    element(original, "width", str(video.width))
    element(original, "height", str(video.height))
    element(task, "source", video.source)


def _raw(name: str) -> dict[str, Any]:
    return {**_ATTRIBUTE, "name": name, "mutable": False, "values": [""]}


def _attribute_names(description: Description) -> list[str]:
    own = dict.fromkeys(entry.name for track in description.tracks for entry in track.attributes)
    fixed = (ID, CAPTION, INTERACTIONS)
    return [*fixed, *(name for name in own if name not in fixed)]


def _values(track: Trajectory, description: Description) -> dict[str, str]:
    values: dict[str, str] = {}
    for entry in track.attributes:
        values[entry.name] = f"{values[entry.name]}; {entry.value}" if entry.name in values else entry.value
    edges = [edge for edge in description.interactions if edge.subject == track.id]
    return values | {ID: str(track.id), CAPTION: track.caption, INTERACTIONS: "; ".join(map(_told, edges))}


def _told(edge: Interaction) -> str:
    return told_interaction(edge.verb, edge.object, [(span.from_seconds, span.to_seconds) for span in edge.spans])


def _box(
    node: ElementTree.Element,
    sides: list[float],
    frame: int,
    outside: bool,
    names: list[str],
    values: dict[str, str],
    layer: int = 0,
) -> None:
    places = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{value:.3f}" for value in sides), strict=True))
    fixed = {"frame": str(frame), "keyframe": "1", "outside": str(int(outside)), "occluded": "0"}
    box = ElementTree.SubElement(node, "box", {**fixed, **places, "z_order": str(layer)})
    for name in names:
        element(box, "attribute", values.get(name, "")).set("name", name)
