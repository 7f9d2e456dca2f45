"""Seconds summed by part of a computation, for `smot-vlm bench`."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class PartTimes:
    """Seconds by the name of a part; parts must not nest. Several threads may book theirs.

    Args:
        clock: Returns seconds: wall time, or time.process_time for CPU time summed over threads.

    Attributes:
        wait: Called before and after each part; a benchmark waits here for its device, whose work would otherwise be booked
            where its result is first read.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._lock = threading.Lock()
        self.wait: Callable[[], None] = lambda: None

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time of the block to a part.

        Args:
            name: Of the part.
        """
        self.wait()
        start = self._clock()
        try:
            yield
        finally:
            self.wait()
            with self._lock:
                self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - start

    def timed(self, name: str, work: Callable[[], Item]) -> Callable[[], Item]:
        """The same work, whose time is added to a part when it is done.

        Args:
            name: Of the part.
            work: To be timed.
        """

        def run() -> Item:
            with self.part(name):
                return work()

        return run

    def waiting(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Iterate over `items`, adding the time spent waiting for each to a part.

        Args:
            name: Of the part.
            items: Passed on unchanged.

        Yields:
            Each item.
        """
        iterator = iter(items)
        while True:
            with self.part(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item
