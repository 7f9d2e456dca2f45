"""Temporary folders that name their owner by a lock, so that what a killed run left can be told and removed."""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

PREFIX = ".smot-vlm-"
LOCK, LOCK_SUFFIX = "lock", ".lock"
# Between making a folder and locking it lie microseconds.
_UNLOCKED_SECONDS = 60
_ATTEMPTS = 10
# Texts are small: none takes so long to write.
_TEXT_SUFFIX, _TEXT_SECONDS = ".tmp", 3600

logger = logging.getLogger(__name__)
_cleaned: set[Path] = set()


@contextmanager
def temporary_folder(parent: Path, kind: str = "") -> Iterator[Path]:
    """A folder that is gone after the block; where the process is killed, the next one that writes here removes it.

    Args:
        parent: where to make it; must exist.
        kind: of the work, part of the name.

    Yields:
        The folder. A file named "lock" in it is held as long as the block runs.

    Raises:
        OSError: it cannot be made.
    """
    remove_left_behind(parent)
    folder, lock = _make(parent, f"{PREFIX}{kind}-" if kind else PREFIX)
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_file(parent: Path) -> Iterator[Path]:
    """An empty file for a text that is written at once; many are made, so it has no lock, and goes by its age.

    Args:
        parent: where to make it; must exist.

    Yields:
        The file; what is left of it after the block is removed.

    Raises:
        OSError: it cannot be made.
    """
    remove_left_behind(parent)
    handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=_TEXT_SUFFIX, dir=parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def remove_left_behind(parent: Path) -> None:
    """Remove temporary folders and locks whose owner is gone, once for each folder and process.

    Args:
        parent: the folder that may hold some.
    """
    parent = Path(os.path.abspath(parent))
    if parent in _cleaned:
        return
    _cleaned.add(parent)
    for entry in _ours(parent, ""):
        with suppress(OSError):
            _remove_orphan(entry)


def others_at_work(parent: Path, kind: str) -> bool:
    """Whether a process that lives holds a temporary folder of this kind.

    Args:
        parent: the folder to look into.
        kind: as of `temporary_folder`.

    Returns:
        True where there is one.
    """
    for entry in _ours(parent, f"{kind}-"):
        with suppress(OSError):
            if not (entry / LOCK).is_file():
                continue
            lock = try_lock(entry / LOCK)
            if lock is None:
                return True
            lock.release()
    return False


def try_lock(path: Path, seconds: float = 0) -> "BaseFileLock | None":
    """Lock a file, which is made where it is missing; the system frees the lock when its process ends.

    Args:
        path: the file.
        seconds: how long to wait for another process.

    Returns:
        The lock, to be released; None where another process holds it.

    Raises:
        OSError: the file cannot be made.
    """
    from filelock import FileLock, Timeout

    while True:
        lock = FileLock(str(path), thread_local=False)
        try:
            lock.acquire(timeout=seconds, poll_interval=0.1)
        except Timeout:
            return None
        if path.exists():
            return lock
        # Its owner removed the file while this process waited for it.
        lock.release()


def _make(parent: Path, prefix: str) -> tuple[Path, "BaseFileLock"]:
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            lock = try_lock(folder / LOCK)
        except FileNotFoundError:
            lock = None
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if lock is not None:
            return folder, lock
        # Another process took the new folder for one that was left behind.
    raise OSError(f"{parent}: no temporary folder can be made here, other processes remove it")


def _ours(parent: Path, kind: str) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX + kind)]
    except OSError:
        return []


def _remove_orphan(path: Path) -> None:
    """Remove a folder, or the lock of a claim, that no living process holds."""
    if path.is_symlink():
        return
    if path.suffix == _TEXT_SUFFIX and path.is_file():
        if _age(path) > _TEXT_SECONDS:
            path.unlink()
        return
    lock_path = path / LOCK if path.is_dir() else path
    if lock_path == path and path.suffix != LOCK_SUFFIX:
        return
    if not os.path.lexists(lock_path):
        if _age(path) > _UNLOCKED_SECONDS:
            shutil.rmtree(path)
        return
    lock = try_lock(lock_path) if lock_path.is_file() and not lock_path.is_symlink() else None
    if lock is None:
        return
    logger.debug("%s: left behind by a run that was killed; removed", path)
    lock_path.unlink()
    lock.release()
    if path != lock_path:
        shutil.rmtree(path, ignore_errors=True)


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime
