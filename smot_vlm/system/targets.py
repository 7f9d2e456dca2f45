"""What will be written is checked before the work: the name is free, the folder can be written, the disk has room."""

import os
import shutil
import tempfile
from pathlib import Path

from smot_vlm.system.temporary import PREFIX

# Most file systems take names of 255 bytes.
_NAME_BYTES = 255
# Below this nothing is begun.
LEAST_BYTES = 2**20


def check_free(path: Path | None, overwrite: bool) -> None:
    """Refuse to replace a file, before any work is done for it.

    Args:
        path: where something will be written; None is always free.
        overwrite: whether a file there may be replaced.

    Raises:
        FileExistsError: `path` exists and `overwrite` is false.
    """
    if path is not None and path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; pass --overwrite to replace it or choose another name")


def check_file(path: Path | None, overwrite: bool) -> None:
    """Refuse a file that could not be written after the work. Leaves nothing behind.

    Args:
        path: of the file; None is always fine.
        overwrite: whether a file there may be replaced.

    Raises:
        FileExistsError: `path` exists and `overwrite` is false.
        IsADirectoryError: it is a folder.
        OSError: as `check_folder`, or a name that is too long.
    """
    if path is None:
        return
    check_folder(path.parent, "choose another name")
    _check_name(path.name, path.parent, "choose another name")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    check_free(path, overwrite)


def check_folder(folder: Path, advice: str, needed_bytes: int = 0) -> None:
    """Refuse a folder that cannot be made or written, or whose disk is full. Leaves nothing behind.

    Args:
        folder: need not exist.
        advice: what to do otherwise.
        needed_bytes: how much will be written, roughly.

    Raises:
        NotADirectoryError: `folder`, or one above it, is a file.
        PermissionError: the folder, or the first one above it that exists, cannot be written.
        OSError: a name that is too long, or too little room.
    """
    nearest = next((place for place in (folder, *folder.absolute().parents) if os.path.lexists(place)), Path("/"))
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} is a file; {advice}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{nearest}: no permission to write here; {advice}")
    try:
        # Some file systems refuse what their permissions allow.
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=nearest).cleanup()
    except OSError as error:
        raise PermissionError(f"{nearest}: no file can be made here ({error.strerror}); {advice}") from None
    for name in folder.absolute().parts[len(nearest.absolute().parts) :]:
        _check_name(name, nearest, advice)
    free = shutil.disk_usage(nearest).free
    if free < max(needed_bytes, LEAST_BYTES):
        raise OSError(
            f"{nearest}: about {max(needed_bytes, LEAST_BYTES) / 2**20:,.0f} MB are needed here and "
            f"{free / 2**20:,.0f} MB are free; make room or {advice}"
        )


def fitting_name(stem: str, ending: str) -> str:
    """A file's name, its stem shortened where the whole would be longer than file systems take.

    Args:
        stem: may end early, between two characters.
        ending: stays whole.

    Returns:
        At most 255 bytes.
    """
    room = _NAME_BYTES - len(os.fsencode(ending))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def _check_name(name: str, nearest: Path, advice: str) -> None:
    """The name has as many bytes as the file system takes, and no other characters."""
    try:
        longest = os.pathconf(nearest, "PC_NAME_MAX") if hasattr(os, "pathconf") else _NAME_BYTES
    except (OSError, ValueError):
        longest = _NAME_BYTES
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        raise OSError(f"{name}: this system cannot encode the name; {advice}") from None
    if length > longest:
        raise OSError(f"{name}: a name of {length} bytes, and at most {longest} are possible here; {advice}")
