"""A place where jobs are described, one or a few at a time: a child process, watched, and begun anew when it dies."""

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from tempfile import mkstemp
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from smot_vlm.corpora.child import READY, Task
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.store import CAUSES, KILLED, MOST_KILLS, TIME, Cause, Store
from smot_vlm.corpora.working import ELSEWHERE, KEPT, OPEN, SETTLED, Outcome, read_log
from smot_vlm.system.errors import one_line
from smot_vlm.system.temporary import PREFIX

# How the end of a child shows.
_LOST = (OSError, EOFError, ValueError, pickle.UnpicklingError)
_STOPPED = "stopped"
# The child sees its own end of time first and says where it hung.
_GRACE_SECONDS = 2.0
# Isolated: neither the working directory nor variables of the environment add code.
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from smot_vlm.corpora.child import main; main()"


class UnusableError(ValueError):
    """No worker can begin: the model cannot be loaded."""


class Slot:
    """Describes jobs in a child process; a context manager that ends it.

    Args:
        task: for the child.
        environment: variables that the child has beside this process's, such as CUDA_VISIBLE_DEVICES.
    """

    def __init__(self, task: Task, environment: dict[str, str] | None = None) -> None:
        self._task = task
        self._store = Store(task.root)
        self._environment = {**os.environ, **(environment or {})}
        self._child: _Child | None = None
        # Of the newest child; without a name, so that nothing stays behind wherever this process ends.
        self._log: BinaryIO
        self._closed = False

    def __enter__(self) -> "Slot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._end()

    def close(self) -> None:
        """End the child, from any thread; what it has in hand stays to be done."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()

    def do_together(self, hand: Sequence[Job]) -> Iterator[Outcome]:
        """Settle jobs that are described at once, within the time of one.

        Where the worker dies or their time is over nobody knows whose fault it was: what is left is done one by one.

        Args:
            hand: the jobs.

        Yields:
            What became of each, as they end.

        Raises:
            UnusableError: the model cannot be loaded.
        """
        left = {job.key: job for job in hand if not self._store.is_settled(job.key)}
        yield from (Outcome(job, KEPT) for job in hand if job.key not in left)
        if len(left) > 1:
            yield from self._try_together(left)
        for job in left.values():
            yield Outcome(job, OPEN, _STOPPED) if self._closed else self.do(job)

    def _try_together(self, left: dict[str, Job]) -> Iterator[Outcome]:
        """Outcomes as they come; those that came are taken out of `left`."""
        link, seconds = self._begun(), self._task.seconds
        until = None if seconds is None else time.monotonic() + seconds
        try:
            link.send(tuple(left.values()))
            while left:
                outcome = _answer(link, None if until is None else max(until - time.monotonic(), 0.0))
                del left[outcome.job.key]
                yield outcome
        except _LOST:
            self._end()
            for key in left:
                # What the dead worker claimed is nobody's interruption.
                with suppress(OSError), self._store.claimed(key, after_death=True):
                    pass

    def do(self, job: Job) -> Outcome:
        """Settle a job, however often its worker dies.

        Args:
            job: to do.

        Returns:
            What became of it.

        Raises:
            UnusableError: the model cannot be loaded.
        """
        while True:
            if self._store.is_settled(job.key):
                return Outcome(job, KEPT)
            link = self._begun()
            begun = time.monotonic()
            try:
                link.send((job,))
                outcome: Outcome = _answer(link, self._task.seconds)
                return outcome
            except _LOST as error:
                hung = isinstance(error, TimeoutError)
            settled = self._lost(job, hung, time.monotonic() - begun)
            if settled is not None:
                return settled

    def _lost(self, job: Job, hung: bool, seconds: float) -> Outcome | None:
        """What to do after a child ended with a job in hand; None where the job is to be tried again."""
        ending = _ending(self._end())
        log = read_log(self._log)
        if self._closed:
            return Outcome(job, OPEN, _STOPPED)
        try:
            with self._store.claimed(job.key, after_death=True) as held:
                if not held:
                    return Outcome(job, ELSEWHERE)
                cause = None if self._store.is_settled(job.key) else self._cause(job, hung, seconds, ending, log)
                if cause is None:
                    return None
                self._store.write_cause(cause)
                return Outcome(job, SETTLED)
        except OSError as error:
            return Outcome(job, OPEN, one_line(error))

    def _cause(self, job: Job, hung: bool, seconds: float, ending: str, log: str) -> Cause | None:
        limit = self._task.seconds
        if limit is not None and (hung or seconds >= limit):
            return Cause(job, TIME, f"{CAUSES[TIME]} of {limit:g} seconds", log)
        if self._store.note_kill(job.key) >= MOST_KILLS:
            return Cause(job, KILLED, f"{CAUSES[KILLED]}, the last time by {ending}", log)
        return None

    def _begun(self) -> Connection:
        """To the child, which is ready for a job."""
        if self._child is not None and self._child.process.poll() is None:
            return self._child.link
        self._end()
        self._log = _new_log()
        link, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, json.dumps(sys.path), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                env=self._environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._child = _Child(process, link)
        try:
            link.send(self._task)
            answer = _answer(link, None)
        except (OSError, EOFError, pickle.UnpicklingError):
            answer = f"the worker died while it loaded the model ({_ending(self._end())}): {_last_line(self._log)}"
        if answer != READY:
            self._end()
            raise UnusableError(str(answer))
        return link

    def _end(self) -> int:
        """Kill the child, if it lives, and let it go; its exit code."""
        child, self._child = self._child, None
        if child is None:
            return 0
        with child.link:
            return child.kill()


class _Child(NamedTuple):
    """A process that describes, and what is sent to and from it."""

    process: "subprocess.Popen[bytes]"
    link: Connection

    def kill(self) -> int:
        """Its exit code, which is its own where it had ended."""
        self.process.kill()
        return self.process.wait()


def _answer(link: Connection, seconds: float | None) -> Any:
    """The child's next message.

    Raises:
        TimeoutError: none comes in time.
        EOFError: the child is gone.
    """
    if not link.poll(None if seconds is None else seconds + _GRACE_SECONDS):
        raise TimeoutError("no answer")
    return link.recv()


def _new_log() -> BinaryIO:
    """An empty file without a name, to which everybody appends: the child empties it before each job."""
    handle, name = mkstemp(prefix=PREFIX)
    os.close(handle)
    log = os.fdopen(os.open(name, os.O_RDWR | os.O_APPEND), "rb+")
    os.unlink(name)
    return log


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_line(log: BinaryIO) -> str:
    lines = read_log(log).strip().splitlines()
    return lines[-1][:300] if lines else "it wrote nothing"
