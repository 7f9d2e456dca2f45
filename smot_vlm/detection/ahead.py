"""Computing for several frames at once what is asked for frame by frame."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from smot_vlm.structures import Frame

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Frames, or what goes with them, in groups; none is read before its group is asked for.

    Args:
        items: in order.
        size: of a group.

    Yields:
        Groups, the last one as large as it comes.
    """
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group


class Upcoming:
    """The frames that were read and are not yet taken in: a batch."""

    def __init__(self) -> None:
        self._frames: tuple[Frame, ...] = ()

    def expect(self, frames: Sequence[Frame]) -> None:
        """The next batch.

        Args:
            frames: in order.
        """
        self._frames = tuple(frames)

    def since(self, frame: Frame) -> list[Frame]:
        """A frame and those behind it.

        Args:
            frame: of the batch, or another.

        Returns:
            The rest of the batch; the frame alone where it is not in it.
        """
        rest = [other for other in self._frames if other.index >= frame.index]
        return rest if rest and rest[0] is frame else [frame]


class Ahead(Generic[Made]):
    """Makes something of each frame; the first of a batch that is asked for brings those behind it along.

    Args:
        make: of several frames, in order.
        upcoming: the batch.
    """

    def __init__(self, make: Callable[[list[Frame]], Sequence[Made]], upcoming: Upcoming) -> None:
        self._make = make
        self._upcoming = upcoming
        self._made: dict[int, Made] = {}

    def holds(self, frame: Frame) -> bool:
        """Whether it is made already.

        Args:
            frame: any.
        """
        return frame.index in self._made

    def of(self, frame: Frame, *, alone: bool = False) -> Made:
        """What is made of a frame.

        Args:
            frame: any.
            alone: make no others along with it.
        """
        if not self.holds(frame):
            frames = [frame] if alone else self._upcoming.since(frame)
            # The last batch goes before the next one is made.
            self._made = {}
            self._made = {one.index: made for one, made in zip(frames, self._make(frames), strict=True)}
        return self._made[frame.index]
