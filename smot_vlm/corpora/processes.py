"""Engine `processes`: some slots on this machine, each driven by a thread."""

import glob
import os
import queue
import threading
from collections.abc import Iterator, Sequence

from smot_vlm.corpora.child import Task, in_hands
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.slot import Slot
from smot_vlm.corpora.working import Outcome


def run_processes(task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    """Settle jobs on this machine.

    Args:
        task: for each worker.
        jobs: to do.
        workers: at once; each has its share of the cores, and of several GPUs one, in turn.

    Yields:
        What became of each, as they end.

    Raises:
        UnusableError: the model cannot be loaded.
    """
    waiting: queue.SimpleQueue[tuple[Job, ...]] = queue.SimpleQueue()
    for hand in in_hands(task, jobs, workers):
        waiting.put(hand)
    ended: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()
    count = min(workers, len(jobs))
    slots = [Slot(task, _environment(index, count)) for index in range(count)]
    stop = threading.Event()

    def drive(slot: Slot) -> None:
        try:
            with slot:
                while not stop.is_set():
                    for outcome in slot.do_together(waiting.get_nowait()):
                        ended.put(outcome)
        except queue.Empty:
            ended.put(None)
        except BaseException as error:
            ended.put(error)

    for slot in slots:
        threading.Thread(target=drive, args=(slot,), daemon=True).start()
    try:
        yield from _until_all_end(ended, len(slots))
    finally:
        stop.set()
        for slot in slots:
            slot.close()


def _until_all_end(ended: "queue.SimpleQueue[Outcome | BaseException | None]", running: int) -> Iterator[Outcome]:
    while running:
        outcome = ended.get()
        if outcome is None:
            running -= 1
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            yield outcome


def _environment(index: int, workers: int) -> dict[str, str]:
    """Its share of the cores, and one GPU where there are several, in what the user has not chosen."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = {"OMP_NUM_THREADS": str(max(cores // workers, 1))}
    gpus = len(glob.glob("/dev/nvidia[0-9]*"))
    if gpus > 1:
        given["CUDA_VISIBLE_DEVICES"] = str(index % gpus)
    return {name: value for name, value in given.items() if name not in os.environ}
