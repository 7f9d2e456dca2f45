"""Polls a quantity while a block runs, for benchmarks that need its peak."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def polling(poll: Callable[[], None], interval_seconds: float) -> Iterator[None]:
    """Call a function repeatedly in another thread until the block ends.

    Args:
        poll: The function.
        interval_seconds: Between calls.
    """
    finished = Event()

    def run() -> None:
        while not finished.wait(interval_seconds):
            poll()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
