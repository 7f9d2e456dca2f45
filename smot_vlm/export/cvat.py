"""CVAT for video 1.1: tracks with a box a frame; captions, attributes and interactions as attributes of the tracks."""

from xml.etree import ElementTree

from smot_vlm.export.xml_text import element, written
from smot_vlm.structures import Description, Interaction, Trajectory

LABEL = "person"


def to_cvat(description: Description) -> dict[str, str]:
    """The file that CVAT's "Upload annotations" takes for a task of the same frames.

    Args:
        description: any.

    Returns:
        Content by name of file.
    """
    root = ElementTree.Element("annotations")
    element(root, "version", "1.1")
    names = _attribute_names(description)
    _meta(root, description, names)
    for number, track in enumerate(description.tracks):
        node = ElementTree.SubElement(root, "track", id=str(number), label=LABEL, source="auto")
        values = _values(track, description)
        last = len(track) - 1
        for place, frame in enumerate(track.frames.tolist()):
            _box(node, track, place, frame, False, names, values)
            # CVAT draws a box on until it is told that the person has left.
            following = int(track.frames[place + 1]) if place < last else description.video.frames
            if frame + 1 < following:
                _box(node, track, place, frame + 1, True, names, values)
    return {"annotations.xml": written(root)}


def _meta(root: ElementTree.Element, description: Description, names: list[str]) -> None:
    video = description.video
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    frames = max([video.frames, *(int(track.frames[-1]) + 1 for track in description.tracks if len(track))])
    for name, text in (("name", video.source), ("size", frames), ("mode", "interpolation"), ("overlap", 0)):
        element(task, name, str(text))
    label = ElementTree.SubElement(ElementTree.SubElement(task, "labels"), "label")
    element(label, "name", LABEL)
    attributes = ElementTree.SubElement(label, "attributes")
    for name in names:
        node = ElementTree.SubElement(attributes, "attribute")
        for part, text in (
            ("name", name),
            ("mutable", "False"),
            ("input_type", "text"),
            ("default_value", ""),
            ("values", ""),
        ):
            element(node, part, text)
    size = ElementTree.SubElement(task, "original_size")
    element(size, "width", str(video.width))
    element(size, "height", str(video.height))


def _attribute_names(description: Description) -> list[str]:
    own = dict.fromkeys(entry.name for track in description.tracks for entry in track.attributes)
    fixed = ("id", "caption", "interactions")
    return [*fixed, *(name for name in own if name not in fixed)]


def _values(track: Trajectory, description: Description) -> dict[str, str]:
    values: dict[str, str] = {}
    for entry in track.attributes:
        values[entry.name] = f"{values[entry.name]}; {entry.value}" if entry.name in values else entry.value
    edges = [edge for edge in description.interactions if edge.subject == track.id]
    return values | {"id": str(track.id), "caption": track.caption, "interactions": "; ".join(map(_told, edges))}


def _told(edge: Interaction) -> str:
    times = ", ".join(f"{span.from_seconds:.2f}-{span.to_seconds:.2f}s" for span in edge.spans)
    return f"{edge.verb} {edge.object}{f' ({times})' if times else ''}"


def _box(
    node: ElementTree.Element,
    track: Trajectory,
    place: int,
    frame: int,
    outside: bool,
    names: list[str],
    values: dict[str, str],
) -> None:
    sides = dict(
        zip(("xtl", "ytl", "xbr", "ybr"), (f"{value:.3f}" for value in track.boxes[place].tolist()), strict=True)
    )
    fixed = {"frame": str(frame), "keyframe": "1", "outside": str(int(outside)), "occluded": "0"}
    box = ElementTree.SubElement(node, "box", {**fixed, **sides, "z_order": "0"})
    for name in names:
        element(box, "attribute", values.get(name, "")).set("name", name)
