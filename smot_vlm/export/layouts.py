"""MOT text, and the four files of a BenSMOT sequence."""

import tempfile
from pathlib import Path

from smot_vlm.structures import Description


def to_mot(description: Description) -> dict[str, str]:
    """MOT text, frames counted from 1.

    Args:
        description: any.

    Returns:
        Content by name of file.
    """
    return {"tracks.txt": description.to_mot()}


def to_bensmot(description: Description) -> dict[str, bytes]:
    """Boxes, captions and the graph of interactions.

    Args:
        description: in which everybody has a box.

    Returns:
        Content by name of file.

    Raises:
        ValueError: a track without boxes.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        description.to_bensmot(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
