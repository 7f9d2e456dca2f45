"""A memory of bounded size whose contents are spread evenly over a life, however long it gets."""

from typing import Generic, TypeVar

Item = TypeVar("Item")


def even_positions(seen: int, capacity: int) -> list[int]:
    """Which of `seen` things, counted from 0, are held: every stride-th from the first on, and the newest.

    At most `capacity`. The stride is the smallest power of 2 that fits, so what is held now was held before or is new.

    Raises:
        ValueError: capacity below 2.
    """
    if capacity < 2:
        raise ValueError(f"capacity is {capacity}; a memory holds at least 2 things")
    stride = 1
    while len(range(0, seen, stride)) > capacity - 1:
        stride *= 2
    held = list(range(0, seen, stride))
    newest_is_held = (seen - 1) % stride == 0
    return held if newest_is_held else [*held, seen - 1]


class EvenMemory(Generic[Item]):
    """Keeps at most `capacity` things of a stream of them, spread evenly; see `even_positions`."""

    def __init__(self, capacity: int) -> None:
        even_positions(1, capacity)  # a capacity that is too small is told now
        self._capacity = capacity
        self._seen = 0
        self._held: dict[int, Item] = {}

    def add(self, item: Item) -> None:
        self._held[self._seen] = item
        self._seen += 1
        self._held = {position: self._held[position] for position in even_positions(self._seen, self._capacity)}

    @property
    def items(self) -> list[Item]:
        """In order of arrival, at most `capacity`; the last one is the newest."""
        return list(self._held.values())
