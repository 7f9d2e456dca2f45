"""The descriptions and sights of a stream as it runs: in line, where each frame waits for them, or apart, where none does."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import TracebackType
from typing import NamedTuple, TypeVar

import torch

from smot_vlm.semantics.word_progress import listening
from smot_vlm.structures import Description, Sight, WordsHealth
from smot_vlm.system.errors import one_line
from smot_vlm.system.newest_work import NewestWork

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Gives what writes a description of the frames so far, as `Session.prepare`.
PrepareWords = Callable[[], Callable[[], Description]]
# The same of a sight, with a description that is new, as `Session.prepare_sight`.
PrepareSight = Callable[[Description | None], Callable[[], Sight]]
# A model that writes ends with its next word; one that asks a server, with its answer.
_END_SECONDS = 60.0


class _Told(NamedTuple):
    """A description, and the seconds of the newest frame that it tells of."""

    description: Description
    seconds: float


class _EndedError(Exception):
    """Nobody waits for these words any more."""


class Refreshing:
    """Descriptions and sights in line: made while the frame waits. A context manager.

    Attributes:
        newest: description; None before the first one.
        newest_seconds: of the newest frame that it tells of.
    """

    def __init__(self) -> None:
        self.newest: Description | None = None
        self.newest_seconds: float | None = None
        # No sight has taken in what it tells yet.
        self._is_untold = False

    @property
    def health(self) -> WordsHealth | None:
        """How the work beside the frames is doing; None in line."""
        return None

    def describe(self, prepare: PrepareWords, seconds: float, *, due: bool, last: bool) -> bool:
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
        if not due and not last:
            return False
        self._note(_Told(prepare()(), seconds))
        return True

    def look(self, prepare: PrepareSight, *, due: bool, last: bool) -> Sight | None:
        """Look at the newest seconds.

        Args:
            prepare: of the frames so far.
            due: whether a sight is due.
            last: whether it is the last one, which is waited for in any case.

        Returns:
            A sight that is new.
        """
        if not due and not last:
            return None
        told, self._is_untold = self.newest if self._is_untold else None, False
        return prepare(told)()

    def _note(self, told: _Told) -> None:
        self.newest, self.newest_seconds = told
        self._is_untold = True

    def __enter__(self) -> "Refreshing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is in work."""


class RefreshingApart(Refreshing):
    """The same by two threads: the newest frames are described, and looked at, when they are free; no frame waits.

    Args:
        name: of the video.
        inside: opens the block in which the model computes; what torch sets there counts for one thread alone.
    """

    def __init__(self, name: str, inside: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__()
        self._name = name
        self._inside = inside
        self._words: NewestWork[_Told] = NewestWork(f"words of {name}")
        self._sights: NewestWork[tuple[Sight, Description | None]] = NewestWork(f"sights of {name}")
        # By what does not come.
        self._errors: dict[str, str] = {}

    @property
    def health(self) -> WordsHealth:
        """As of now."""
        words, sights = self._words, self._sights
        error = next(filter(None, self._errors.values()), "")
        return WordsHealth(
            *(words.done, words.replaced, words.failed, error, self.newest_seconds),
            *(sights.done, sights.replaced, sights.failed),
        )

    def describe(self, prepare: PrepareWords, seconds: float, *, due: bool, last: bool) -> bool:
        """Take in a frame; its description comes with a later one."""
        if last:
            self._end()
            return super().describe(prepare, seconds, due=due, last=last)
        if due:
            self._words.hand_over(partial(self._write, prepare(), seconds))
        told = self._collect(self._words, "words are written")
        if told is not None:
            self._note(told)
        return told is not None

    def look(self, prepare: PrepareSight, *, due: bool, last: bool) -> Sight | None:
        """Look at the newest seconds; a sight comes with a later frame."""
        if last:
            self._end()
            return super().look(prepare, due=due, last=last)
        if due:
            told = self.newest if self._is_untold else None
            self._sights.hand_over(partial(self._see, prepare(told), told))
        seen = self._collect(self._sights, "sights come")
        if seen is None:
            return None
        sight, told = seen
        # A sight that was let go for a newer one told nothing.
        self._is_untold &= told is not self.newest
        return sight

    def _write(self, describe: Callable[[], Description], seconds: float) -> _Told:
        """Runs in the thread of words."""

        def go_on(_done: int, _total: int) -> None:
            if self._words.is_ended:
                raise _EndedError

        with self._inside(), _fewer_threads(), listening(go_on):
            return _Told(describe(), seconds)

    def _see(self, look: Callable[[], Sight], told: Description | None) -> tuple[Sight, Description | None]:
        """Runs in the thread of sights."""
        with self._inside(), _fewer_threads():
            return look(), told

    def _collect(self, work: NewestWork[Result], what: str) -> Result | None:
        """What a thread has made; where it failed that is told, once as long as the reason is the same."""
        finished = work.collect()
        if finished is None:
            return None
        line = "" if finished.error is None else one_line(finished.error)
        if line and line != self._errors.get(what):
            logger.warning("%s: no %s (%s); boxes go on", self._name, what, line)
        self._errors[what] = line
        return finished.result

    def _end(self) -> None:
        # Both are told before either is waited for.
        begun = [work.end(0.0) for work in (self._words, self._sights)]
        if not all(begun) and not all(work.end(_END_SECONDS) for work in (self._words, self._sights)):
            logger.warning("%s: words are still being written after %.0f s", self._name, _END_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads."""
        self._end()


@contextmanager
def _fewer_threads() -> Iterator[None]:
    """Half of the processors for torch in this thread: the other half is for boxes."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(before // 2, 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)
