"""Where videos lie: files, folders and patterns of this machine, and addresses that fsspec opens."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from smot_vlm.formats.documents import reason
from smot_vlm.video.images import is_image

VIDEO_SUFFIXES = frozenset(
    {
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    }
)
_PATTERN = frozenset("*?[")
_LOCAL = ("file://", "local://")


def is_address(source: str) -> bool:
    """Whether it names its protocol.

    Args:
        source: a path or an address.

    Returns:
        True for s3://bucket/a.mp4 and the like.
    """
    return "://" in source


def expand(source: str) -> list[str]:
    """The videos that a source stands for, in the order of their names.

    Args:
        source: a video, a folder with videos anywhere below it or with images in it (one video), a glob, or an address of
            any of these. A path that is there is taken as it is, whatever letters it has.

    Returns:
        Absolute paths or addresses, at least one.

    Raises:
        FileNotFoundError: nothing is there, or no video.
        ValueError: an address that fsspec cannot open.
        ImportError: its protocol needs a package that is missing.
    """
    found = _expand_address(source) if is_address(source) else _expand_path(source)
    if not found:
        raise FileNotFoundError(
            f"{source}: no video; files that end in {', '.join(sorted(VIDEO_SUFFIXES))} count, or a folder of images"
        )
    return found


@contextmanager
def fetched(source: str, folder: Path) -> Iterator[str]:
    """A path to read: the source itself, or for an address a copy that is gone after the block.

    Args:
        source: a path or an address of one file.
        folder: for the copy.

    Yields:
        The path; "" of "".

    Raises:
        FileNotFoundError: nothing at the address.
        ValueError: it cannot be opened.
        ImportError: its protocol needs a package that is missing.
    """
    if not is_address(source):
        yield source
        return
    system, path = _file_system(source)
    copy = folder / f"copy{len(os.listdir(folder))}{Path(path).suffix}"
    try:
        with _foreign(source), system.open(path, "rb") as remote, copy.open("wb") as local:
            shutil.copyfileobj(remote, local, 2**20)
        yield str(copy)
    finally:
        copy.unlink(missing_ok=True)


def _expand_path(source: str) -> list[str]:
    path = Path(source)
    if path.is_file():
        return [os.path.abspath(source)]
    if path.is_dir():
        return _videos_below(path) or ([os.path.abspath(source)] if _has_images(path) else [])
    if not _PATTERN & set(source):
        raise FileNotFoundError(
            f"{source}: no such file or folder; give videos, folders, globs, addresses or manifests"
        )
    matches = [Path(match) for match in sorted(glob.glob(source, recursive=True))]
    videos = [os.path.abspath(match) for match in matches if match.is_file() and _is_video(match.name)]
    folders = [entry for match in matches if match.is_dir() for entry in _expand_path(str(match))]
    return videos + folders


def _videos_below(folder: Path) -> list[str]:
    found = []
    for place, folders, files in os.walk(folder):
        # Hidden ones hold what programs keep for themselves.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.abspath(os.path.join(place, name)) for name in sorted(files) if _is_video(name)]
    return found


def _has_images(folder: Path) -> bool:
    return any(is_image(entry) for entry in folder.iterdir())


def _is_video(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES and not name.startswith(".")


def _is_hidden(folders: list[str]) -> bool:
    return any(name.startswith(".") for name in folders)


def _expand_address(source: str) -> list[str]:
    system, path = _file_system(source)
    with _foreign(source):
        if system.isfile(path):
            found = [path]
        elif system.isdir(path):
            below = [(entry, entry.removeprefix(path).strip("/").split("/")) for entry in system.find(path)]
            found = sorted(entry for entry, parts in below if _is_video(parts[-1]) and not _is_hidden(parts[:-1]))
        elif _PATTERN & set(path):
            found = sorted(entry for entry in system.glob(path) if _is_video(entry.rpartition("/")[2]))
        else:
            raise FileNotFoundError(f"{source}: nothing is there; give the address of a video, a folder or a glob")
    if source.startswith(_LOCAL):
        return [os.path.abspath(entry) for entry in found]
    return [system.unstrip_protocol(entry) for entry in found]


def _file_system(source: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImportError(f"{source}: addresses need fsspec: pip install fsspec") from error
    try:
        with _foreign(source):
            system, path = url_to_fs(source)
    except ImportError as error:
        raise ImportError(f"{source}: {reason(error)}") from None
    return system, path


@contextmanager
def _foreign(source: str) -> Iterator[None]:
    """Whatever a protocol's package raises becomes one line; what is missing stays what it is."""
    try:
        yield
    except ImportError:
        raise
    except FileNotFoundError as error:
        told = str(error)
        raise FileNotFoundError(told if told.startswith(source) else f"{source}: nothing is there") from None
    except OSError as error:
        raise OSError(error.errno, f"cannot be opened ({reason(error)})", source) from None
    except Exception as error:
        raise ValueError(f"{source}: cannot be opened ({reason(error)}); is the address right?") from None
