"""Work beside what must not wait for it: a thread does the newest of what it is handed, and lets older tasks go."""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")

# Of the thread, above that of the program: what it computes waits where the processor is wanted elsewhere.
NICENESS = 5


class Once(Generic[Result]):
    """A function that is evaluated at most once, in whatever thread asks first; then it holds its result alone.

    Args:
        make: makes the result; where it raises, the next call tries again.
        at_once: evaluate it here.
    """

    def __init__(self, make: Callable[[], Result], *, at_once: bool = False) -> None:
        self._make: Callable[[], Result] | None = make
        self._results: list[Result] = []
        self._lock = threading.Lock()
        if at_once:
            self()

    def __call__(self) -> Result:
        """The result."""
        with self._lock:
            if self._make is not None:
                self._results.append(self._make())
                self._make = None
            return self._results[0]


@dataclass(frozen=True)
class Finished(Generic[Result]):
    """A task that was done, or failed.

    Attributes:
        result: None where it failed.
        error: why it failed; None where it was done.
    """

    result: Result | None
    error: Exception | None


class NewestWork(Generic[Result]):
    """A thread that does one task after another; one more may wait, and a newer one takes its place.

    Attributes:
        done: how many were done.
        failed: how many raised an error.
        replaced: how many were let go for a newer one.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self.done = self.failed = self.replaced = 0
        self._changed = threading.Condition()
        self._waiting: Callable[[], Result] | None = None
        self._finished: Finished[Result] | None = None
        self._ended = False
        # A daemon: what hangs in a network must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_ended(self) -> bool:
        """Whether nobody waits for results any more; a long task looks here now and then."""
        return self._ended

    def hand_over(self, task: Callable[[], Result]) -> None:
        """Do this next. Never waits.

        Args:
            task: run in the thread.
        """
        with self._changed:
            self.replaced += self._waiting is not None
            self._waiting = task
            self._changed.notify_all()

    def collect(self) -> Finished[Result] | None:
        """The newest task that ended since this was asked last. Never waits."""
        with self._changed:
            finished, self._finished = self._finished, None
            return finished

    def end(self, wait_seconds: float) -> bool:
        """Take on nothing more, and let go what waits.

        Args:
            wait_seconds: longest time to wait for the task in work.

        Returns:
            Whether nothing is in work any more.
        """
        with self._changed:
            self._ended, self._waiting = True, None
            self._changed.notify_all()
        self._thread.join(wait_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        yield_the_processor()
        while True:
            with self._changed:
                while self._waiting is None and not self._ended:
                    self._changed.wait()
                if self._ended:
                    return
                task, self._waiting = self._waiting, None
            assert task is not None, "one waits"
            finished: Finished[Result]
            try:
                finished = Finished(task(), None)
            except Exception as error:
                finished = Finished(None, error)
            # Nothing of it is held while the next one is waited for.
            del task
            with self._changed:
                if not self._ended:
                    self.done += finished.error is None
                    self.failed += finished.error is not None
                    self._finished = finished


def yield_the_processor() -> None:
    """Let other threads of the program go first where the processor is wanted by both; on Linux alone a thread can."""
    if sys.platform == "linux":
        # With the number of a thread in place of a process the system means that thread.
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + NICENESS, 19))
