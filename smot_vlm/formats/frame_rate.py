"""The frame rate that files beside a folder of images state: fps.txt, seqinfo.ini, source.json."""

import math
from pathlib import Path

from smot_vlm.formats.documents import read_json
from smot_vlm.formats.flaws import one_line, read_text
from smot_vlm.formats.seqinfo import images_folder, read_info
from smot_vlm.formats.sequence_files import INFO_FILE, find_file

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
    for name, rate_of in ((RATE_FILE, _rate_of_text), (INFO_FILE, _rate_of_info), (SOURCE_FILE, _rate_of_source)):
        path = find_file(folder, name)
        if path is None:
            continue
        try:
            fps = rate_of(path)
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
            reason = one_line(str(error)).removeprefix(f"{path}: ")
            raise ValueError(f"{path}: no frame rate in this file ({reason})") from None
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
    return stated_fps(above) if _says_of(above, folder.absolute().name) else None


def _says_of(above: Path, name: str) -> bool:
    """Whether a `seqinfo.ini` is in the folder above, and speaks about the folder of images of this name."""
    try:
        return find_file(above, INFO_FILE) is not None and images_folder(above).lower() == name.lower()
    except ValueError:
        return False


def _rate_of_text(path: Path) -> float | None:
    return float(read_text(path))


def _rate_of_info(path: Path) -> float | None:
    value = read_info(path).get("framerate")
    return None if value is None else float(value)


def _rate_of_source(path: Path) -> float | None:
    content = read_json(path)
    if not isinstance(content, dict) or content.get("fps") is None:
        return None
    fps, kept = float(content["fps"]), content.get("kept_frames")
    return fps if kept is None or len(kept) < 2 else fps * float((len(kept) - 1) / (kept[-1] - kept[0]))
