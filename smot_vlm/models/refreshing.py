"""The descriptions of a stream as it runs: in line, where each frame waits for its words, or apart, where none does."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import NamedTuple

from smot_vlm.semantics.word_progress import listening
from smot_vlm.structures import Description, WordsHealth
from smot_vlm.system.errors import one_line
from smot_vlm.system.newest_work import NewestWork

logger = logging.getLogger(__name__)

# Gives what writes a description of the frames so far, as `Session.prepare`.
Prepare = Callable[[], Callable[[], Description]]
# A model that writes ends with its next word; one that asks a server, with its answer.
_END_SECONDS = 60.0


class _Told(NamedTuple):
    """A description, and the seconds of the newest frame that it tells of."""

    description: Description
    seconds: float


class _EndedError(Exception):
    """Nobody waits for these words any more."""


class Refreshing:
    """Descriptions in line: made while the frame waits. A context manager.

    Attributes:
        newest: description; None before the first one.
        newest_seconds: of the newest frame that it tells of.
    """

    def __init__(self) -> None:
        self.newest: Description | None = None
        self.newest_seconds: float | None = None

    @property
    def health(self) -> WordsHealth | None:
        """How the writing beside the frames is doing; None in line."""
        return None

    def take(self, prepare: Prepare, seconds: float, *, due: bool, last: bool) -> bool:
        """Take in a frame.

        Args:
            prepare: of the frames up to it.
            seconds: its time.
            due: whether it is to be described.
            last: whether it is the last one, whose description is waited for in any case.

        Returns:
            Whether `newest` is new.

        Raises:
            Exception: whatever the model raises; apart only with the last frame.
        """
        if due or last:
            self._note(_Told(prepare()(), seconds))
        return due or last

    def _note(self, told: _Told) -> None:
        self.newest, self.newest_seconds = told

    def __enter__(self) -> "Refreshing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is in work."""


class RefreshingApart(Refreshing):
    """Descriptions by a thread: the newest frames are described when it is free, and nothing waits for that.

    Args:
        name: of the video.
        inside: opens the block in which the model computes; what torch sets there counts for one thread alone.
    """

    def __init__(self, name: str, inside: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__()
        self._name = name
        self._inside = inside
        self._work: NewestWork[_Told] = NewestWork(f"words of {name}")
        self._error = ""

    @property
    def health(self) -> WordsHealth:
        """As of now."""
        return WordsHealth(self._work.done, self._work.replaced, self._work.failed, self._error, self.newest_seconds)

    def take(self, prepare: Prepare, seconds: float, *, due: bool, last: bool) -> bool:
        """Take in a frame; words come with a later one."""
        if last:
            self._end()
            return super().take(prepare, seconds, due=due, last=last)
        if due:
            self._work.hand_over(partial(self._write, prepare(), seconds))
        finished = self._work.collect()
        if finished is None:
            return False
        if finished.result is not None:
            self._error = ""
            self._note(finished.result)
            return True
        assert finished.error is not None, "a task is done or failed"
        line = one_line(finished.error)
        if line != self._error:
            logger.warning("%s: no words are written (%s); boxes go on", self._name, line)
        self._error = line
        return False

    def _write(self, describe: Callable[[], Description], seconds: float) -> _Told:
        """Runs in the thread."""

        def go_on(_done: int, _total: int) -> None:
            if self._work.is_ended:
                raise _EndedError

        with self._inside(), listening(go_on):
            return _Told(describe(), seconds)

    def _end(self) -> None:
        if not self._work.end(_END_SECONDS):
            logger.warning("%s: words were still being written after %.0f s; they are let go", self._name, _END_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread."""
        self._end()
