"""SHA256SUMS: the checksum of each file of a folder, in the form that `sha256sum --check` reads."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from smot_vlm.system.files import write_text

SUMS = "SHA256SUMS"
LARGEST = 2**20
BLOCK = 2**20

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def checksum(path: Path) -> str:
    """The SHA-256 of a file.

    Args:
        path: of the file.

    Returns:
        64 hexadecimal digits.
    """
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            total.update(block)
    return total.hexdigest()


def read_sums(folder: Path) -> dict[str, str]:
    """What a folder's SHA256SUMS states.

    Args:
        folder: any; nothing that the file names is opened.

    Returns:
        Checksums by path below the folder, with slashes; empty where there is no such file.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / SUMS
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        lines = file.read(LARGEST).decode("utf-8", errors="replace").splitlines()
    found = [_LINE.fullmatch(line) for line in lines if line.strip()]
    if not found or None in found:
        raise ValueError(f"{path}: not a list of checksums; copy the folder again, or remove this file to go without")
    return {match[2]: match[1] for match in found if match is not None}


def write_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Write a folder's SHA256SUMS.

    Args:
        folder: that exists.
        sums: checksums by path below the folder, with slashes; none removes the file.
    """
    if not sums:
        (folder / SUMS).unlink(missing_ok=True)
        return
    write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))


def folder_sums(folder: Path) -> dict[str, str]:
    """The checksums of all files of a folder, but of SHA256SUMS.

    Args:
        folder: that exists.

    Returns:
        By path below the folder, with slashes.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / SUMS)
    return {path.relative_to(folder).as_posix(): checksum(path) for path in paths}
