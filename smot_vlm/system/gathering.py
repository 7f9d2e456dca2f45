"""Calls of a model by several threads at once, made as one call: a batch is cheaper than its parts one by one."""

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# What is asked for first in a video is answered first, so that all videos come to their words together.
FRAMES, WORDS = 0, 1
# Whoever waited longer is answered with those that wait now: a short video need not wait for the end of a long one.
_PATIENCE_SECONDS = 60.0


@dataclass(eq=False)
class _Call:
    """What a thread asks for.

    Attributes:
        call: makes a result of each item.
        items: its arguments.
        stage: FRAMES or WORDS.
        kind: calls go together where this is equal.
        since: when it was asked.
        results: of the items, once it is answered.
        error: why not.
    """

    call: Callable[[Sequence[Any]], Sequence[Any]]
    items: Sequence[Any]
    stage: int
    kind: Hashable
    since: float = field(default_factory=time.monotonic)
    results: Sequence[Any] | None = None
    error: Exception | None = None

    @property
    def is_answered(self) -> bool:
        """Whether there is a result or an error."""
        return self.results is not None or self.error is not None


class _Gathering:
    """Threads that work and call now and then; calls are answered when all threads wait for one.

    Args:
        threads: that work.
    """

    def __init__(self, threads: int) -> None:
        self._running = threads
        self._waiting: list[_Call] = []
        self._changed = threading.Condition()

    def ask(self, asked: _Call) -> Sequence[Any]:
        """Wait until the call is answered; the last thread to wait answers."""
        with self._changed:
            self._waiting.append(asked)
            while not asked.is_answered:
                if len(self._waiting) == self._running or not self._changed.wait(_PATIENCE_SECONDS):
                    self._answer()
        if asked.error is not None:
            raise asked.error
        assert asked.results is not None, "it is answered"
        return asked.results

    def leave(self) -> None:
        """A thread is done."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _answer(self) -> None:
        """Answer the calls of the earliest stage, and those that waited too long."""
        stage, now = min(call.stage for call in self._waiting), time.monotonic()
        due = [call for call in self._waiting if call.stage == stage or now - call.since >= _PATIENCE_SECONDS]
        groups: dict[Hashable, list[_Call]] = {}
        for call in due:
            groups.setdefault(call.kind, []).append(call)
        # A call within an answer is of its own.
        token = _gathering.set(None)
        try:
            for group in groups.values():
                _answer_group(group)
        finally:
            _gathering.reset(token)
            self._waiting = [call for call in self._waiting if not call.is_answered]
            self._changed.notify_all()


_gathering: ContextVar[_Gathering | None] = ContextVar("gathering", default=None)


def together(
    call: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item], *, stage: int, kind: Hashable
) -> list[Result]:
    """`call(items)`, in one call with what other threads of `each_apart` ask.

    Args:
        call: makes a result of each item.
        items: its arguments.
        stage: FRAMES or WORDS.
        kind: calls go together where this is equal: the model, the size of its pictures.

    Returns:
        The results of these items.

    Raises:
        Exception: as `call` does for these items.
    """
    gathering = _gathering.get()
    if gathering is None:
        return list(call(items))
    return list(gathering.ask(_Call(call, items, stage, kind)))


def each_apart(works: Iterable[Callable[[], Result]]) -> list[Result]:
    """Do several works at once, each in a thread of its own; what they ask by `together` is answered together.

    One work alone is done here.

    Args:
        works: they raise nothing.

    Returns:
        What each gives, in their order.
    """
    works = list(works)
    if len(works) == 1:
        return [works[0]()]
    gathering = _Gathering(len(works))
    results: dict[int, Result] = {}

    def run(number: int) -> None:
        _gathering.set(gathering)
        try:
            results[number] = works[number]()
        finally:
            gathering.leave()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(works))]


def _answer_group(group: Sequence[_Call]) -> None:
    """Answer calls in one; where that fails, one by one, so that an error meets whom it concerns."""
    try:
        results = list(group[0].call([item for call in group for item in call.items]))
    except Exception as error:
        if len(group) == 1:
            group[0].error = error
        else:
            for call in group:
                _answer_group([call])
        return
    for call in group:
        count = len(call.items)
        call.results, results = results[:count], results[count:]
