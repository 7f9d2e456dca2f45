"""Label Studio's tasks: a predicted video region a person, its caption and attributes, and relations with verbs.

The task's data state the size and rate of the video, which regions in per cent and frames need to be read again.
"""

import json
from typing import Any

from smot_vlm.export.extent import frame_count
from smot_vlm.formats.label_studio_json import ATTRIBUTES, CAPTION, REGION, SUMMARY
from smot_vlm.structures import Description, Trajectory

# The labelling set-up that shows such a task.
CONFIG = """<View>
  <Video name="video" value="$video"/>
  <VideoRectangle name="box" toName="video"/>
  <Labels name="label" toName="video"><Label value="person"/></Labels>
  <TextArea name="%s" toName="video" perRegion="true"/>
  <TextArea name="%s" toName="video" perRegion="true"/>
  <TextArea name="%s" toName="video"/>
  <Relations>%s</Relations>
</View>
"""


def to_label_studio(description: Description) -> dict[str, str]:
    """A task with one prediction, and the labelling set-up.

    Args:
        description: of a video of known size.

    Returns:
        Content by name of file.

    Raises:
        ValueError: the size of the frames is not known.
    """
    video = description.video
    if not video.width or not video.height:
        raise ValueError("the description states no size of the frames; describe the video again")
    tracks = [track for track in description.tracks if len(track)]
    result = [entry for track in tracks for entry in _regions(track, description)]
    there = {track.id for track in tracks}
    result += [
        {
            "type": "relation",
            "from_id": _region(edge.subject),
            "to_id": _region(edge.object),
            "direction": "right",
            "labels": [edge.verb],
        }
        for edge in description.interactions
        if {edge.subject, edge.object} <= there
    ]
    if description.caption:
        summary = {"id": SUMMARY, "from_name": SUMMARY, "to_name": "video", "type": "textarea"}
        result.append({**summary, "value": {"text": [description.caption]}})
    model = f"{description.model.name} {description.model.version}".strip()
    data = {"video": video.source, "width": video.width, "height": video.height, "fps": video.fps}
    task = {"data": data, "predictions": [{"model_version": model, "result": result}]}
    verbs = dict.fromkeys(edge.verb for edge in description.interactions)
    relations = "".join(f'<Relation value="{_attribute(verb)}"/>' for verb in verbs)
    return {
        "label-studio.json": json.dumps([task], ensure_ascii=False) + "\n",
        "label-studio.xml": CONFIG % (CAPTION, ATTRIBUTES, SUMMARY, relations),
    }


def _region(track_id: int) -> str:
    return f"{REGION}{track_id}"


def _regions(track: Trajectory, description: Description) -> list[dict[str, Any]]:
    shared = {"id": _region(track.id), "to_name": "video"}
    frames = frame_count(description)
    value = {"framesCount": frames, "sequence": _sequence(track, description), "labels": ["person"]}
    seconds = description.video.seconds(frames)
    if seconds:
        value["duration"] = round(seconds, 4)
    regions = [{**shared, "from_name": "box", "type": "videorectangle", "value": value}]
    attributes = [f"{entry.name}: {entry.value}" for entry in track.attributes]
    for name, lines in ((CAPTION, [track.caption] if track.caption else []), (ATTRIBUTES, attributes)):
        if lines:
            regions.append({**shared, "from_name": name, "type": "textarea", "value": {"text": lines}})
    return regions


def _sequence(track: Trajectory, description: Description) -> list[dict[str, Any]]:
    """A key a frame, in per cent of the frame, counted from 1; the last one before a gap ends what is drawn."""
    video, keys = description.video, []
    for place, (frame, box) in enumerate(zip(track.frames.tolist(), track.boxes.tolist(), strict=True)):
        x1, y1, x2, y2 = box
        key = {
            "frame": frame + 1,
            "enabled": place + 1 < len(track) and int(track.frames[place + 1]) == frame + 1,
            "rotation": 0,
            "x": round(100 * x1 / video.width, 6),
            "y": round(100 * y1 / video.height, 6),
            "width": round(100 * (x2 - x1) / video.width, 6),
            "height": round(100 * (y2 - y1) / video.height, 6),
        }
        seconds = video.seconds(frame)
        keys.append(key if seconds is None else {**key, "time": round(seconds, 4)})
    return keys


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
