"""Several videos of one call of `smot-vlm describe`: which they are, and the folder of each."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from smot_vlm.system.targets import fitting_name

_ENDING = "-described"


def videos_of(source: str) -> list[str]:
    """The videos that a source stands for.

    Args:
        source: as the command was given it.

    Returns:
        Its videos in natural order where it is a folder that holds videos and no images; else none.
    """
    from smot_vlm.data.video_frames import VIDEO_SUFFIXES
    from smot_vlm.video.images import is_image, natural_key

    if not os.path.isdir(source):  # unlike Path's, for any name
        return []
    files = [path for path in Path(source).iterdir() if path.is_file() and not path.name.startswith(".")]
    if any(map(is_image, files)):
        return []
    return [str(path) for path in sorted(files, key=natural_key) if path.suffix.lower() in VIDEO_SUFFIXES]


def default_folder(source: str) -> Path:
    """The folder of a description that is given none.

    Args:
        source: of the video.

    Returns:
        NAME-described in the current folder.
    """
    return Path(_safe_name(Path(source.rstrip("/")).stem))


def folders_of(sources: Sequence[str], parent: Path) -> list[Path]:
    """A folder for each of several videos.

    Args:
        sources: of the videos.
        parent: folder of all.

    Returns:
        NAME-described in it, with the ending of the file in the name where two would have one folder.

    Raises:
        ValueError: two would still have one folder.
    """
    paths = [Path(source.rstrip("/")) for source in sources]
    stems = Counter(path.stem for path in paths)
    names = [_safe_name(path.stem if stems[path.stem] == 1 else path.name.replace(".", "-")) for path in paths]
    for name, count in Counter(names).items():
        if count > 1:
            same = [source for source, other in zip(sources, names, strict=True) if other == name]
            raise ValueError(f"{same[0]} and {same[1]} would both be described into {name}; describe one of them alone")
    return [parent / name for name in names]


def _safe_name(stem: str) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in stem or "video")
    return fitting_name(safe, _ENDING)
