"""The files of one BenSMOT sequence as text, from plain values.

    SEQUENCE/gt/gt.txt  SEQUENCE/imgs/001.jpg ...  SEQUENCE/instance_captions.txt
    SEQUENCE/video_caption.txt  SEQUENCE/interactions.graphml  [SEQUENCE/seqinfo.ini]

The i-th key of the captions, and the i-th node of the graph, is the track with the i-th smallest id.
"""

import configparser
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from smot_vlm.formats import captions as caption_format
from smot_vlm.formats import graphml, mot
from smot_vlm.formats.flaws import one_line
from smot_vlm.system.files import write_text

BOXES_FILE = "gt/gt.txt"
IMAGES_FOLDER = "imgs"
CAPTIONS_FILE = "instance_captions.txt"
VIDEO_CAPTION_FILE = "video_caption.txt"
INTERACTIONS_FILE = "interactions.graphml"
INFO_FILE = "seqinfo.ini"
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")

_NUMBER_AT_END = re.compile(r"(\d+)$")


def frame_index(filename: str) -> int | None:
    """The 0-based frame of an image by the number at the end of its name (`001.jpg` is frame 0); None without one."""
    digits = _NUMBER_AT_END.search(Path(filename).stem)
    number = int(digits.group(1)) if digits else 0
    return number - 1 if 1 <= number <= mot.MAXIMUM else None


def image_name(index: int, suffix: str = ".jpg") -> str:
    """The inverse of `frame_index`: frame 0 is `001.jpg`."""
    return f"{index + 1:03d}{suffix.lower()}"


def default_names(count: int, taken: Iterable[str] = ()) -> list[str]:
    """Keys for `count` people of whom nothing is known: person0, person1 ..., leaving out names that are `taken`."""
    used = set(taken)
    return [name for name in (f"person{index}" for index in range(count + len(used))) if name not in used][:count]


def format_boxes(rows: mot.MotRows) -> str:
    """The text of `gt/gt.txt`. A score that would print as 0 prints as 0.0001, because 0 marks a row to ignore."""
    return mot.format_mot(mot.MotRows(rows.frames, rows.ids, rows.boxes, np.maximum(rows.scores, 0.0001)))


def format_annotations(
    ids: Sequence[int],
    names: Sequence[str],
    captions: Sequence[str],
    interactions: Iterable[tuple[int, str, int]],
    video_caption: str,
) -> dict[str, str]:
    """The three word files of a sequence, by file name.

    ids, names, captions: one a track. interactions: (subject id, verb label, object id).

    Raises:
        ValueError: ids that do not ascend, names that are not unique or cannot be written, an unknown id.
    """
    if list(ids) != sorted(set(ids)) or len(set(names)) != len(names) or len(names) != len(ids):
        raise ValueError(f"ids {list(ids)} with keys {list(names)}; give ascending ids and as many different keys")
    name_of = dict(zip(ids, names, strict=True))
    interactions = tuple(interactions)
    unknown = {track_id for subject, _, target in interactions for track_id in (subject, target)} - set(ids)
    if unknown:
        raise ValueError(f"interactions name the tracks {sorted(unknown)}; tracks are {list(ids)}")
    edges = [(name_of[subject], name_of[target], verb) for subject, verb, target in interactions]
    return {
        CAPTIONS_FILE: caption_format.format_instance_captions(names, captions),
        VIDEO_CAPTION_FILE: caption_format.format_video_caption(video_caption),
        INTERACTIONS_FILE: graphml.format_graphml(names, edges),
    }


def format_info(name: str, fps: float, frames: int, width: int, height: int, suffix: str) -> str:
    """The text of `seqinfo.ini`, as MOTChallenge tools read it. frames: the largest frame number, counted from 1."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser["Sequence"] = {
        "name": one_line(name),
        "imDir": IMAGES_FOLDER,
        "frameRate": repr(float(fps)).removesuffix(".0"),
        "seqLength": str(frames),
        "imWidth": str(width),
        "imHeight": str(height),
        "imExt": suffix,
    }
    text = io.StringIO()
    parser.write(text, space_around_delimiters=False)
    return text.getvalue()


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each text to its name under `folder`, atomically one by one."""
    for name, text in texts.items():
        write_text(folder / name, text)
