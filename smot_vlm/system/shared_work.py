"""Work on one folder that processes started apart from each other divide among them, each item done once."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smot_vlm.system.temporary import LOCK_SUFFIX, PREFIX, remove_left_behind, try_lock

if TYPE_CHECKING:
    from filelock import BaseFileLock

_WAIT_SECONDS = 1.0

logger = logging.getLogger(__name__)


class SharedWork:
    """Items of work, each with the file that is its result.

    Who works on an item holds a lock; the system frees it when the process ends, however it ends.

    Args:
        folder: for the locks; must exist.
        results: the file of each item, somewhere below `folder`.
        is_done: whether a file is a whole result.
        anew: do all items, also those that have a result now.
    """

    def __init__(
        self, folder: Path, results: Sequence[Path], is_done: Callable[[Path], bool], anew: bool = False
    ) -> None:
        remove_left_behind(folder)
        self._folder = folder
        self._results = results
        self._is_done = is_done
        done = [not anew and is_done(path) for path in results]
        self.kept = [index for index, there in enumerate(done) if there]
        self.wanted = [index for index, there in enumerate(done) if not there]
        self._before = [_stamp(path) for path in results]

    def take(self, indices: Iterable[int]) -> Iterator[tuple[int, bool]]:
        """Go through items; those that another process has in hand come last.

        Args:
            indices: of the items.

        Yields:
            Each index, with True where the item is to be done now (no other process has it until the next step) and
            False where its result is there.
        """
        kept, waiting = set(self.kept), []
        for index in indices:
            if index in kept:
                yield index, False
                continue
            lock = try_lock(self._lock(index))
            if lock is None:
                waiting.append(index)
                continue
            yield from self._work(index, lock)
        if waiting:
            logger.info("%s: waiting for %d items that another process has in hand", self._folder, len(waiting))
        for index in waiting:
            lock = None
            while lock is None:
                lock = try_lock(self._lock(index), _WAIT_SECONDS)
            yield from self._work(index, lock)

    def _work(self, index: int, lock: "BaseFileLock") -> Iterator[tuple[int, bool]]:
        """The item, unless another process has done it since this one looked."""
        try:
            path = self._results[index]
            yield index, _stamp(path) == self._before[index] or not self._is_done(path)
        finally:
            self._lock(index).unlink(missing_ok=True)
            lock.release()

    def _lock(self, index: int) -> Path:
        name = hashlib.sha256(os.fsencode(self._results[index].relative_to(self._folder))).hexdigest()[:16]
        return self._folder / f"{PREFIX}{name}{LOCK_SUFFIX}"


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
