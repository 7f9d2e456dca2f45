"""The process that describes: it takes one job or a few at a time from the process that watches it, and ends when that one is gone.

Messages are pickles between a program and its own child, over a socket that nobody else can open.
"""

import faulthandler
import math
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from smot_vlm.corpora.describing import Recipe
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.store import Store
from smot_vlm.corpora.working import work
from smot_vlm.detection.ahead import in_batches
from smot_vlm.system.errors import one_line
from smot_vlm.system.gathering import each_apart

READY = "ready"


@dataclass(frozen=True)
class Task:
    """What a child is told first.

    Attributes:
        recipe: makes what describes.
        root: of the store.
        seconds: that a job may take; None: any time.
        together: jobs that a child is given at once.
    """

    recipe: Recipe
    root: Path
    seconds: float | None
    together: int = 1


def in_hands(task: Task, jobs: Sequence[Job], workers: int) -> list[tuple[Job, ...]]:
    """Divide jobs into what a child is given at once.

    Args:
        task: says how many.
        jobs: in order.
        workers: of which none shall be without a job.

    Returns:
        The same jobs in the same order.
    """
    size = min(task.together, math.ceil(len(jobs) / workers))
    return [tuple(hand) for hand in in_batches(jobs, size)]


def main() -> None:
    """Load the model, say READY or why not, and answer each job with its outcome, as they end."""
    link = Connection(int(sys.argv[2]))
    # Its end tells either side that the other is gone, so no process that a library starts may hold it.
    os.set_inheritable(link.fileno(), False)
    faulthandler.enable()
    task: Task = link.recv()
    hands = _hands(link)
    try:
        describe = task.recipe()
    except Exception as error:
        link.send(one_line(error))
        return
    link.send(READY)
    store, one_at_a_time = Store(task.root), threading.Lock()

    def do(job: Job) -> None:
        outcome = work(store, describe, job)
        with one_at_a_time:
            link.send(outcome)

    for hand in hands:
        _empty_log()
        if task.seconds is not None:
            # In a thread of its own that no library can hold up; says where the job hung.
            faulthandler.dump_traceback_later(task.seconds, exit=True)
        each_apart([partial(do, job) for job in hand])
        faulthandler.cancel_dump_traceback_later()


def _hands(link: Connection) -> Iterator[tuple[Job, ...]]:
    """Jobs as they come. Where the watching process ends, this one does at once, whatever it has in hand."""
    waiting: queue.SimpleQueue[tuple[Job, ...]] = queue.SimpleQueue()

    def receive() -> None:
        try:
            while True:
                waiting.put(link.recv())
        except BaseException:
            os._exit(0)

    threading.Thread(target=receive, daemon=True).start()
    while True:
        yield waiting.get()


def _empty_log() -> None:
    """The log is of the job in hand alone; it is opened for appending."""
    if os.path.isfile("/dev/fd/2"):
        os.ftruncate(2, 0)
