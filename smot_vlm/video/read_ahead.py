"""Reading in a thread of its own: the next frames are decoded while the newest is looked at."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ReadAhead(Generic[Item]):
    """The items of a source, some of them read before they are asked for. The thread begins with the first.

    Args:
        read: gives the next item, None at the end; called in the thread alone.
        capacity: items that wait at most.
        most: items that are read in all; None: to the end.
    """

    def __init__(self, read: Callable[[], Item | None], capacity: int, most: int | None = None) -> None:
        self._read = read
        self._most = most
        self._waiting: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(capacity)
        self._closed = threading.Event()
        self._ended = False
        # A daemon: a disk that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)

    def take(self) -> Item | None:
        """The next item; None at the end.

        Raises:
            BaseException: what `read` raised in place of this item.
        """
        if self._ended:
            return None
        if self._thread.ident is None:
            self._thread.start()
        item, error = self._waiting.get()
        if error is not None:
            self._ended = True
            raise error
        self._ended = item is None
        return item

    def close(self) -> None:
        """End the thread behind the item in work: what it reads from may be closed then."""
        self._closed.set()
        self._ended = True
        while self._thread.is_alive():
            try:
                self._waiting.get(timeout=0.05)  # it may wait for room
            except queue.Empty:
                continue
        self._thread = threading.Thread()  # let go, with all that it held

    def _run(self) -> None:
        done, item = 0, None
        while not self._closed.is_set() and done != self._most:
            try:
                item = self._read()
            except BaseException as error:
                self._waiting.put((None, error))
                return
            self._waiting.put((item, None))
            if item is None:
                return
            done += 1
        self._waiting.put((None, None))
