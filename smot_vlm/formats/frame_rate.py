"""The frame rate that files beside a folder of images state: fps.txt, seqinfo.ini, source.json."""

import configparser
import json
import math
from pathlib import Path
from typing import Any

from smot_vlm.formats.flaws import read_text
from smot_vlm.formats.sequence_files import INFO_FILE

RATE_FILE = "fps.txt"
SOURCE_FILE = "source.json"


def stated_fps(folder: Path) -> float | None:
    """Read the frame rate from `fps.txt`, `seqinfo.ini` or `source.json`, the first that states one.

    File names and the keys of `seqinfo.ini` are read in any case. `source.json` may list `kept_frames`, numbers of the
    source's frames at the source's `fps`; their mean rate counts.

    Args:
        folder: in which the files are.

    Returns:
        Frames a second, or None where no file states a rate.

    Raises:
        ValueError: an existing file whose rate cannot be read or is not above 0.
    """
    names = {path.name.lower(): path for path in sorted(folder.iterdir(), reverse=True)} if folder.is_dir() else {}
    for name, parse in ((RATE_FILE, float), (INFO_FILE, _rate_of_info), (SOURCE_FILE, _rate_of_source)):
        path = names.get(name)
        if path is None or not path.is_file():
            continue
        text = read_text(path)
        try:
            fps = parse(text)
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, configparser.Error) as error:
            raise ValueError(f"{path}: no frame rate in this file ({' '.join(str(error).split())})") from None
        if fps is None:
            continue
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"{path}: frame rate {fps}; give frames a second above 0")
        return fps
    return None


def stated_fps_of_images(folder: Path) -> float | None:
    """The rate that is stated in a folder of images or, as MOTChallenge does for img1, one folder up.

    Args:
        folder: of the images.

    Returns:
        Frames a second, or None where no file states a rate, or only one about another folder of images.

    Raises:
        ValueError: as stated_fps.
    """
    fps = stated_fps(folder)
    if fps is not None:
        return fps
    above = folder.absolute().parent
    return stated_fps(above) if _images_folder(above) == folder.absolute().name.lower() else None


def _images_folder(folder: Path) -> str | None:
    """Lower-case name of the folder of images about which the files in `folder` speak."""
    if not folder.is_dir():
        return None
    info = next((path for path in sorted(folder.iterdir()) if path.name.lower() == INFO_FILE and path.is_file()), None)
    if info is None:
        return None
    try:
        return (_info(read_text(info)).get("imdir") or "img1").strip("/ ").lower()
    except (ValueError, configparser.Error):
        return None


def _info(text: str) -> dict[str, str]:
    """The keys, in lower case, of seqinfo.ini."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    section = next((name for name in parser.sections() if name.lower() == "sequence"), None)
    return {} if section is None else dict(parser.items(section))


def _rate_of_info(text: str) -> float | None:
    value = _info(text).get("framerate")
    return None if value is None else float(value)


def _rate_of_source(text: str) -> float | None:
    content: Any = json.loads(text)
    if not isinstance(content, dict) or content.get("fps") is None:
        return None
    fps, kept = float(content["fps"]), content.get("kept_frames")
    return fps if kept is None or len(kept) < 2 else fps * float((len(kept) - 1) / (kept[-1] - kept[0]))
