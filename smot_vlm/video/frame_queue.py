"""Frames between the thread that reads them and the one that describes them: few, and the newest ones."""

import time
from collections import deque
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FrameQueue(Generic[Item]):
    """A queue that cannot grow.

    Attributes:
        dropped: how many items were let go.

    Args:
        capacity: items that may wait.
        drop: whether a full queue lets the oldest one go; else `put` waits.
    """

    def __init__(self, capacity: int, drop: bool) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._drop = drop
        self._items: deque[Item] = deque()
        self._changed = Condition()
        self._ended = False

    def put(self, item: Item) -> bool:
        """Add the newest item.

        Args:
            item: to be handed on.

        Returns:
            Whether an older one was let go for it.
        """
        with self._changed:
            while not self._drop and len(self._items) >= self._capacity and not self._ended:
                self._changed.wait()
            full = len(self._items) >= self._capacity
            if full:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()
            return full

    def take(self, wait_seconds: float) -> Item | None:
        """The oldest item.

        Args:
            wait_seconds: longest time to wait for one.

        Returns:
            The item; None where none came in time, or ever will.
        """
        deadline = time.monotonic() + wait_seconds
        with self._changed:
            while not self._items and not self._ended and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def end(self) -> None:
        """Nothing comes any more; what waits can still be taken, and nobody waits to put."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether it has ended and all was taken."""
        with self._changed:
            return self._ended and not self._items
