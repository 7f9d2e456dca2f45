"""Ctrl-C, SIGTERM and SIGHUP, treated alike wherever a program may be stopped."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Windows has no SIGHUP.
STOP_SIGNALS = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)


class Stopped(BaseException):
    """The program is told to stop now; like KeyboardInterrupt no `Exception`.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class StopRequest:
    """Whether the work is to end early: the first signal asks for it, the next stops the program.

    Args:
        on_first: called with the number of the first signal.
        same_seconds: what comes so soon after the first signal is the same one, sent twice.
    """

    def __init__(self, on_first: Callable[[int], None] = lambda _: None, same_seconds: float = 0.0) -> None:
        self.asked = False
        self._on_first = on_first
        self._same_seconds = same_seconds
        self._asked_at = 0.0
        self._final = False

    def __call__(self, number: int) -> None:
        """Handle a signal.

        Args:
            number: of the signal.

        Raises:
            Stopped: it is not the first, or there is nothing left to end early.
        """
        now = time.monotonic()
        if self._final or (self.asked and now - self._asked_at >= self._same_seconds):
            raise Stopped(number)
        if self.asked:
            return
        self.asked, self._asked_at = True, now
        self._on_first(number)

    def finish(self) -> None:
        """There is nothing left to end early: from now on the first signal stops the program, too."""
        self._final = True


def stop_now(number: int) -> None:
    """The handler for work that a signal simply stops.

    Args:
        number: of the signal.

    Raises:
        Stopped: always.
    """
    raise Stopped(number)


@contextmanager
def on_stop(handle: Callable[[int], None]) -> Iterator[None]:
    """Call `handle` with the number of each signal that comes while the block runs, then restore what was before.

    SIGTERM and SIGHUP stay ignored where they are (`nohup`). A shell ignores SIGINT for what a script starts with `&`; whoever
    sends it to such a program means it. Outside of the main thread nothing is changed: signals come there alone.

    Args:
        handle: may raise Stopped.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def call(number: int, _frame: FrameType | None) -> None:
        handle(number)

    # None: set by a program in another language, which Python cannot restore.
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    ours = {
        number: handler
        for number, handler in before.items()
        if handler is not None and (handler is not signal.SIG_IGN or number == signal.SIGINT)
    }
    for number in ours:
        signal.signal(number, call)
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
