"""Work that must not hold up the watching: done one after another in a thread, from a queue that cannot grow."""

import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event as Flag
from threading import Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Background(Generic[Item]):
    """Does work in a thread.

    Attributes:
        done: how often it succeeded.
        failed: how often it failed.
        dropped: how much was not taken on, as the queue was full or the time was up.

    Args:
        work: done with each item; an OSError or ValueError is a failure.
        capacity: items that may wait.
        on_failure: called in the thread with the error of the first failure after a success, or of all.
    """

    def __init__(self, work: Callable[[Item], None], *, capacity: int, on_failure: Callable[[Exception], None]) -> None:
        self.done = self.failed = self.dropped = 0
        self._work = work
        self._on_failure = on_failure
        self._queue: Queue[Item] = Queue(capacity)
        self._no_more, self._is_failing = Flag(), False
        # A daemon: what hangs in a network must not keep the program from ending.
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, item: Item) -> bool:
        """Take on an item. Never waits.

        Args:
            item: for `work`.

        Returns:
            False where it was dropped.
        """
        try:
            self._queue.put_nowait(item)
        except Full:
            self.dropped += 1
            return False
        return True

    def close(self, wait_seconds: float) -> None:
        """Finish what waits; what is left after some time is dropped.

        Args:
            wait_seconds: longest time that this takes.
        """
        self._no_more.set()
        deadline = time.monotonic() + wait_seconds
        self._thread.join(max(deadline - time.monotonic(), 0.0))
        if self._thread.is_alive():
            # One item may be in work; it is counted as dropped, for nobody waits for its end.
            self.dropped += self._queue.qsize() + 1

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=0.1)
            except Empty:
                if self._no_more.is_set():
                    return
                continue
            try:
                self._work(item)
            except (OSError, ValueError) as error:
                self.failed += 1
                if not self._is_failing:
                    self._on_failure(error)
                self._is_failing = True
            else:
                self.done += 1
                self._is_failing = False
