"""Jobs: received, waiting, running, done; each belongs to one user, and nobody else learns that it exists."""

import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from queue import Queue

from smot_vlm.app.choices import Choice
from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.system.errors import one_line

RECEIVING, WAITING, RUNNING, DONE, FAILED, CANCELLED = "receiving", "waiting", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
RESULT = "result"

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The job was cancelled while it ran."""


@dataclass
class Job:
    """One video to describe.

    Attributes:
        id: cannot be guessed.
        owner: the user.
        name: of the video, as the user knows it.
        folder: of its files; nobody else's are there.
        source: the video; None while it is received.
        choice: how it is described.
        tracks: a file with boxes and ids in place of the detector's; None: without.
        picture: a JPEG of the newest frame with its boxes, while it is watched.
        picture_says: the same in words.
        state: one of the six above.
        phase: what is being done, in a word or two.
        done: frames done in this phase.
        total: frames to do; None where unknown.
        began: seconds of the clock at which it began to run.
        ended: seconds of the clock at which it ended.
        error: why it failed, in one line.
        version: grows with every change.
        stop: set where the job is not wanted any more.
    """

    id: str
    owner: str
    name: str
    folder: Path
    source: Path | None = None
    choice: Choice = field(default_factory=Choice)
    tracks: Path | None = None
    picture: bytes = b""
    picture_says: str = ""
    state: str = RECEIVING
    phase: str = ""
    done: int = 0
    total: int | None = None
    began: float | None = None
    ended: float | None = None
    error: str = ""
    version: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def result(self) -> Path:
        """The folder of its files."""
        return self.folder / RESULT


# Describes the job's source into its result folder; calls the second argument with (phase, done, total).
Run = Callable[[Job, Callable[[str, int, int | None], None]], None]


@dataclass(frozen=True)
class JobCounts:
    """The jobs of a service in numbers.

    Attributes:
        by_state: that are there now, of each of the six states.
        ended: that have ended so far, of each of ENDED; they may be gone.
        seconds: that ended ones have run.
        refused: jobs that were not taken because too many waited.
    """

    by_state: dict[str, int]
    ended: dict[str, int]
    seconds: float
    refused: int


class JobBoard:
    """All jobs of a service. A few threads run them one after the other.

    Args:
        folder: for the jobs' files; what is in it from before is removed.
        run: describes.
        limits: bounds.
        clock: seconds.
    """

    def __init__(self, folder: Path, run: Run, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._folder = folder
        self._run = run
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._queue: Queue[Job | None] = Queue()
        self._ended = dict.fromkeys(ENDED, 0)
        self._seconds = 0.0
        self._refused = 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(limits.running)]
        for thread in self._threads:
            thread.start()

    def open(self, owner: str, name: str) -> Job:
        """Make room for a job before its video is received.

        Args:
            owner: the user.
            name: of the video.

        Returns:
            The job, RECEIVING.

        Raises:
            RefusedError: too many jobs wait.
        """
        with self._lock:
            self._remove_old()
            waiting = sum(job.state in (RECEIVING, WAITING) for job in self._jobs.values())
            if waiting >= self.limits.waiting:
                self._refused += 1
                raise RefusedError(f"{waiting} jobs wait already, more are not taken; try again later", 429)
            number = secrets.token_urlsafe(16)
            job = Job(number, owner, name, self._folder / number)
            job.folder.mkdir()
            self._jobs[number] = job
            return job

    def start(self, job: Job, source: Path, choice: Choice | None = None, tracks: Path | None = None) -> None:
        """Put a job in the queue.

        Args:
            job: RECEIVING.
            source: its video.
            choice: how to describe it; None: as the service is set.
            tracks: a file with boxes and ids.
        """
        with self._lock:
            if job.state == RECEIVING:
                job.source, job.choice, job.tracks = source, choice or Choice(), tracks
                self._change(job, state=WAITING)
                self._queue.put(job)

    def find(self, owner: str, number: str) -> Job:
        """A user's job.

        Args:
            owner: the user.
            number: its id.

        Returns:
            The job.

        Raises:
            RefusedError: no such job of this user.
        """
        job = self._jobs.get(number)
        return self.get(number if job is not None and job.owner == owner else "")

    def get(self, number: str) -> Job:
        """A job, for who has shown that it may be seen.

        Args:
            number: its id.

        Returns:
            The job.

        Raises:
            RefusedError: no such job.
        """
        with self._lock:
            self._remove_old()
            if number not in self._jobs:
                raise RefusedError("no such job; its files may have been removed", 404)
            return self._jobs[number]

    def of(self, owner: str) -> list[Job]:
        """A user's jobs, in the order in which they came.

        Args:
            owner: the user.
        """
        with self._lock:
            self._remove_old()
            return [job for job in self._jobs.values() if job.owner == owner]

    def shelf(self, owner: str) -> Path:
        """A folder of a user's own beside the jobs, for what is made of several of them.

        Args:
            owner: the user.

        Returns:
            The folder, which is there.
        """
        folder = self._folder / f"user-{sha256(owner.encode()).hexdigest()[:32]}"
        folder.mkdir(exist_ok=True)
        return folder

    def remove(self, job: Job) -> None:
        """Cancel a job and remove its files; one that runs stops at its next frame.

        Args:
            job: in any state.
        """
        with self._lock:
            job.stop.set()
            if job.state != RUNNING:
                self._forget(job)

    def counts(self) -> JobCounts:
        """As of now."""
        with self._lock:
            states = [job.state for job in self._jobs.values()]
            by_state = {state: states.count(state) for state in (RECEIVING, WAITING, RUNNING, *ENDED)}
            return JobCounts(by_state, dict(self._ended), self._seconds, self._refused)

    def place(self, job: Job) -> int:
        """How many jobs run or wait before this one.

        Args:
            job: any.
        """
        with self._lock:
            if job.state != WAITING:
                return 0
            before = list(self._jobs.values())[: list(self._jobs).index(job.id)]
            return sum(other.state in (WAITING, RUNNING) for other in before)

    def seconds_left(self, job: Job) -> float | None:
        """How long a running job will take, from what it has done.

        Args:
            job: any.

        Returns:
            Seconds; None where nothing can be said yet.
        """
        with self._lock:
            if job.state != RUNNING or job.began is None or not job.total or not job.done:
                return None
            return (self._clock() - job.began) * max(job.total - job.done, 0) / job.done

    def close(self) -> None:
        """Stop all jobs and remove all files."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
            for _ in self._threads:
                self._queue.put(None)
        for thread in self._threads:
            thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with self._lock:
                if job.stop.is_set():
                    continue
                job.began = started = self._clock()
                self._change(job, state=RUNNING)
            try:
                self._run(job, partial(self._progress, job))
                end, error = DONE, ""
            except StoppedError:
                end, error = CANCELLED, ""
            except Exception as failure:
                log.debug("job %s failed", job.id, exc_info=True)
                end, error = FAILED, one_line(failure)
            with self._lock:
                job.ended = self._clock()
                self._seconds += job.ended - started
                end = CANCELLED if job.stop.is_set() else end
                self._ended[end] += 1
                self._change(job, state=end, error=error)
                if job.stop.is_set():
                    self._forget(job)

    def _progress(self, job: Job, phase: str, done: int, total: int | None) -> None:
        if job.stop.is_set():
            raise StoppedError
        with self._lock:
            if phase != job.phase:
                job.began = self._clock()
            self._change(job, phase=phase, done=done, total=total)

    def _change(self, job: Job, **values: object) -> None:
        for name, value in values.items():
            setattr(job, name, value)
        job.version += 1

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        if job.state not in ENDED:
            self._ended[CANCELLED] += 1
            self._change(job, state=CANCELLED)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _remove_old(self) -> None:
        before = self._clock() - self.limits.hours * 3600
        for job in list(self._jobs.values()):
            if job.ended is not None and job.ended < before:
                self._forget(job)
