"""Looking at something again and again while a block runs, for benchmarks that want its peak."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def looking(look: Callable[[], None], every_seconds: float) -> Iterator[None]:
    """Call `look` every so many seconds, in a thread of its own, until the block ends."""
    finished = Event()

    def watch() -> None:
        while not finished.wait(every_seconds):
            look()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
