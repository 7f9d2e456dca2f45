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


def find_file(folder: Path, name: str) -> Path | None:
    """Find a file whose name other tools write in any case of letters.

    Args:
        folder: in which to look.
        name: in lower case.

    Returns:
        The file, by this very name before any other case; None where there is none.
    """
    if (folder / name).is_file():
        return folder / name
    if not folder.is_dir():
        return None
    return next((path for path in sorted(folder.iterdir()) if path.name.lower() == name and path.is_file()), None)


def frame_index(filename: str) -> int | None:
    """Frame number of an image by the digits at the end of its name (`001.jpg` is frame 0).

    Args:
        filename: of the image.

    Returns:
        The 0-based frame; None without a number from 1.
    """
    digits = _NUMBER_AT_END.search(Path(filename).stem)
    number = int(digits.group(1)) if digits else 0
    return number - 1 if 1 <= number <= mot.MAXIMUM else None


def image_name(index: int, suffix: str = ".jpg") -> str:
    """Name of a frame's image, the inverse of `frame_index`: frame 0 is `001.jpg`.

    Args:
        index: 0-based frame.
        suffix: of the file.

    Returns:
        The name.
    """
    return f"{index + 1:03d}{suffix.lower()}"


def default_names(count: int, taken: Iterable[str] = ()) -> list[str]:
    """Keys for people without one: person0, person1 ...

    Args:
        count: keys to make.
        taken: names to skip.

    Returns:
        The keys.
    """
    used = set(taken)
    return [name for name in (f"person{index}" for index in range(count + len(used))) if name not in used][:count]


def format_boxes(rows: mot.MotRows) -> str:
    """Format `gt/gt.txt`. A score that would print as 0 prints as 0.0001, because 0 marks a row to ignore.

    Args:
        rows: boxes of the sequence.

    Returns:
        The content of the file.
    """
    return mot.format_mot(mot.MotRows(rows.frames, rows.ids, rows.boxes, np.maximum(rows.scores, 0.0001)))


def format_annotations(
    ids: Sequence[int],
    names: Sequence[str],
    captions: Sequence[str],
    interactions: Iterable[tuple[int, str, int]],
    video_caption: str,
) -> dict[str, str]:
    """Format the three annotation files of a sequence.

    Args:
        ids: of the tracks, ascending.
        names: key of each track.
        captions: of each track.
        interactions: (subject id, verb label, object id).
        video_caption: of the whole video.

    Returns:
        Content by file name.

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


class _CaseSensitiveParser(configparser.ConfigParser):
    """Keeps the letters of keys as they are."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def format_info(name: str, fps: float, frames: int, width: int, height: int, suffix: str) -> str:
    """Format `seqinfo.ini`, as MOTChallenge tools read it.

    Args:
        name: of the sequence.
        fps: frame numbers a second.
        frames: the largest frame number, counted from 1.
        width: of the images in pixels.
        height: of the images in pixels.
        suffix: of the image files.

    Returns:
        The content of the file.
    """
    parser = _CaseSensitiveParser(interpolation=None)
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
    """Write texts, each file atomically.

    Args:
        folder: where to write.
        texts: content by name below `folder`.
    """
    for name, text in texts.items():
        write_text(folder / name, text)
