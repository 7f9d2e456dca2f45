"""Memories of bounded size of a stream, however long it gets: spread evenly over it, or its newest part."""

from collections import deque
from copy import copy
from typing import Generic, TypeVar

Item = TypeVar("Item")


def even_positions(seen: int, capacity: int) -> list[int]:
    """Which items are held: every stride-th from the first on, and the newest.

    The stride is the smallest power of 2 that fits, so what is held now was held before or is new.

    Args:
        seen: items so far, counted from 0.
        capacity: most of them held.

    Returns:
        Their positions.

    Raises:
        ValueError: capacity below 2.
    """
    if capacity < 2:
        raise ValueError(f"capacity is {capacity}; a memory holds at least 2 items")
    stride = 1
    while len(range(0, seen, stride)) > capacity - 1:
        stride *= 2
    held = list(range(0, seen, stride))
    newest_is_held = (seen - 1) % stride == 0
    return held if newest_is_held else [*held, seen - 1]


class EvenMemory(Generic[Item]):
    """Holds items of a stream, spread evenly; see `even_positions`.

    Args:
        capacity: most items held, at least 2.
    """

    def __init__(self, capacity: int) -> None:
        even_positions(1, capacity)  # raises at once for a capacity that is too small
        self._capacity = capacity
        self._seen = 0
        self._held: dict[int, Item] = {}

    def add(self, item: Item) -> None:
        """Take in the next item.

        Args:
            item: newer than those before.
        """
        self._held[self._seen] = item
        self._seen += 1
        self._held = {position: self._held[position] for position in even_positions(self._seen, self._capacity)}

    def snapshot(self) -> "EvenMemory[Item]":
        """The same items, whatever is added to this one later."""
        twin = copy(self)
        twin._held = dict(self._held)
        return twin

    @property
    def items(self) -> list[Item]:
        """In order of arrival, at most `capacity`; the last one is the newest."""
        return list(self._held.values())


class NewestMemory(EvenMemory[Item]):
    """Holds the newest items of a stream.

    Args:
        capacity: most items held, at least 2.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._newest: deque[Item] = deque(maxlen=capacity)

    def add(self, item: Item) -> None:
        """Take in the next item, in place of the oldest one where it is full."""
        self._newest.append(item)

    def snapshot(self) -> "NewestMemory[Item]":
        """The same items, whatever is added to this one later."""
        twin = copy(self)
        twin._newest = self._newest.copy()
        return twin

    @property
    def items(self) -> list[Item]:
        """In order of arrival."""
        return list(self._newest)
