"""COCO's JSON for videos: images, one category, boxes with track ids; captions and interactions beside them."""

import json
from typing import Any

from smot_vlm.structures import Description, Trajectory


def to_coco(description: Description) -> dict[str, str]:
    """`annotations` have `track_id`; `tracks` and `interactions` are ours, which readers of COCO pass over.

    Args:
        description: any.

    Returns:
        Content by name of file.
    """
    video = description.video
    frames = sorted({int(frame) for track in description.tracks for frame in track.frames})
    content = description.to_dict()
    return {
        "coco.json": json.dumps(
            {
                "info": {"description": description.caption, "source": video.source},
                "videos": [
                    {"id": 1, "name": video.source, "width": video.width, "height": video.height, "fps": video.fps}
                ],
                "images": [_image(frame, description) for frame in frames],
                "categories": [{"id": 1, "name": "person", "supercategory": "person"}],
                "annotations": _annotations(description),
                "tracks": [
                    {name: track[name] for name in ("id", "caption", "words", "segments", "attributes", "passages")}
                    for track in content["tracks"]
                ],
                "interactions": content["interactions"],
            },
            ensure_ascii=False,
        )
        + "\n"
    }


def _image(frame: int, description: Description) -> dict[str, Any]:
    video = description.video
    # Ids count from 1, since some readers take 0 for none.
    sizes = {"width": video.width, "height": video.height}
    return {"id": frame + 1, "video_id": 1, "frame_index": frame, "file_name": f"{frame + 1:06d}.jpg", **sizes}


def _annotations(description: Description) -> list[dict[str, Any]]:
    boxes = [(track, place) for track in description.tracks for place in range(len(track))]
    return [_annotation(number, track, place) for number, (track, place) in enumerate(boxes, start=1)]


def _annotation(number: int, track: Trajectory, place: int) -> dict[str, Any]:
    x1, y1, x2, y2 = track.boxes[place].tolist()
    width, height = x2 - x1, y2 - y1
    return {
        "id": number,
        "image_id": int(track.frames[place]) + 1,
        "category_id": 1,
        "track_id": track.id,
        "bbox": [round(value, 3) for value in (x1, y1, width, height)],
        "area": round(width * height, 3),
        "iscrowd": 0,
        "score": round(float(track.scores[place]), 4),
    }
