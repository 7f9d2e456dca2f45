"""`seqinfo.ini` of MOTChallenge, with its name and its keys in any case of letters."""

import configparser
import os
from pathlib import Path

from smot_vlm.formats.flaws import one_line, read_text
from smot_vlm.formats.sequence_files import INFO_FILE, find_file

MOT_IMAGES_FOLDER = "img1"
# In bytes, on every file system in use.
_LONGEST_NAME = 255


def read_info(path: Path) -> dict[str, str]:
    """Read the section `Sequence`.

    Args:
        path: of the file.

    Returns:
        Values by key in lower case, such as framerate and imdir; empty where there is no such section.

    Raises:
        ValueError: not a text, or not in the form of an ini file.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read_text(path))
    except configparser.Error as error:
        raise ValueError(f"{path}: not readable ({one_line(str(error))}); give a MOTChallenge seqinfo.ini") from None
    section = next((name for name in parser.sections() if name.lower() == "sequence"), None)
    return {} if section is None else dict(parser.items(section))


def images_folder(folder: Path) -> str:
    """The name of a sequence's folder of images: `imDir` of its `seqinfo.ini`, else img1.

    Args:
        folder: of the sequence.

    Returns:
        The name of a folder inside `folder`.

    Raises:
        ValueError: a file that cannot be read, or a place outside the sequence.
    """
    path = find_file(folder, INFO_FILE)
    stated = "" if path is None else read_info(path).get("imdir", "").strip().rstrip("/")
    if not stated:
        return MOT_IMAGES_FOLDER
    plain = stated.isprintable() and len(os.fsencode(stated)) <= _LONGEST_NAME
    if not plain or Path(stated).is_absolute() or ".." in Path(stated).parts:
        raise ValueError(
            f"{path}: imDir is {stated[:60]!r}; give a folder inside the sequence, such as {MOT_IMAGES_FOLDER}"
        )
    return stated
