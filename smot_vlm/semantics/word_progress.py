"""How far the writing of captions is, told to whoever listens while a model writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Called with steps done, and steps to do in all as far as is known.
OnWords = Callable[[int, int], None]

_listener: ContextVar[OnWords | None] = ContextVar("listener", default=None)


@contextmanager
def listening(on_words: OnWords | None) -> Iterator[None]:
    """Inside the block, and in this thread, `on_words` is told how far the writing is.

    Args:
        on_words: called with steps done and steps in all; None: nobody listens.

    Yields:
        Nothing.
    """
    token = _listener.set(on_words)
    try:
        yield
    finally:
        _listener.reset(token)


class WordSteps:
    """Counts the steps of several batches; how many a batch takes is expected from those before it.

    Args:
        batches: to be written.
        longest: most steps of a batch.
    """

    def __init__(self, batches: int, longest: int) -> None:
        self._listener = _listener.get()
        self._left = batches
        self._longest = longest
        self._of_batch = 0
        self._finished: list[int] = []

    def step(self, count: int = 1) -> None:
        """Steps of the batch in hand are done.

        Args:
            count: how many.
        """
        self._of_batch += count
        self._tell()

    def end_batch(self) -> None:
        """The batch in hand is written, perhaps in fewer steps than were expected."""
        self._finished.append(self._of_batch)
        self._left, self._of_batch = self._left - 1, 0
        self._tell()

    def _tell(self) -> None:
        if self._listener is None:
            return
        expected = round(sum(self._finished) / len(self._finished)) if self._finished else self._longest
        to_do = max(0, self._left) * expected
        if self._left > 0:  # the batch in hand may take longer than those before it
            to_do = max(to_do, self._of_batch + (self._left - 1) * expected)
        self._listener(sum(self._finished) + self._of_batch, sum(self._finished) + to_do)
