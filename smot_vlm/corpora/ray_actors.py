"""Engine `ray`: a slot an actor, on one machine or on a cluster whose machines share the store's folder.

Plain actors rather than Ray Data: a job is a video of seconds or of hours, so each actor takes the next one when it is free;
Ray Data deals in blocks of rows, and would ask again for a whole block where an actor is lost.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from smot_vlm.corpora.child import Task
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.slot import Slot, UnusableError
from smot_vlm.corpora.working import OPEN, Outcome
from smot_vlm.system.errors import one_line


class SlotActor:
    """A slot in a process of Ray's; it never raises.

    Args:
        task: for the slot.
    """

    def __init__(self, task: Task) -> None:
        self._slot = Slot(task)

    def do(self, job: Job) -> Outcome | str:
        """Settle a job.

        Args:
            job: to do.

        Returns:
            What became of it; a text where no model can be loaded: why.
        """
        try:
            return self._slot.do(job)
        except UnusableError as error:
            return str(error)
        except Exception as error:
            return Outcome(job, OPEN, one_line(error))

    def process(self) -> int:
        """The actor's process id."""
        return os.getpid()


def run_ray(task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    """Settle jobs with actors: on the cluster that RAY_ADDRESS names, else on this machine.

    Where there are GPUs an actor has one, else its share of the cores. An actor that is lost is begun anew and its job
    asked for again; the store knows whether it is done.

    Args:
        task: for each actor.
        jobs: to do.
        workers: actors.

    Yields:
        What became of each, as they end.

    Raises:
        ImportError: Ray is not installed.
        UnusableError: the model cannot be loaded.
    """
    try:
        import ray
    except ImportError as error:
        raise ImportError("--engine ray needs Ray: pip install 'smot-vlm[scale]'") from error
    mine = not ray.is_initialized()
    if mine:
        local = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": max(workers, os.cpu_count() or 1)}
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR", **local)
    try:
        yield from _run(ray, task, jobs, min(workers, len(jobs)))
    finally:
        if mine:
            ray.shutdown()


def _run(ray: Any, task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    resources = ray.cluster_resources()
    share = {"num_cpus": max(int(resources.get("CPU", workers)) // workers, 1)}
    if resources.get("GPU"):
        share = {"num_cpus": 1, "num_gpus": 1}
    kind = ray.remote(max_restarts=-1, max_task_retries=-1, **share)(SlotActor)
    waiting = deque(jobs)
    running: dict[Any, tuple[Job, Any]] = {}

    def start(actor: Any) -> None:
        job = waiting.popleft()
        running[actor.do.remote(job)] = job, actor

    for _ in range(workers):
        start(kind.remote(task))
    while running:
        for answer in ray.wait(list(running))[0]:
            job, actor = running.pop(answer)
            try:
                outcome = ray.get(answer)
            except ray.exceptions.RayError as error:
                # The actor cannot be begun anew, as where its machine is gone; the files say what is done.
                outcome, actor = Outcome(job, OPEN, one_line(error)), kind.remote(task)
            if isinstance(outcome, str):
                raise UnusableError(outcome)
            yield outcome
            if waiting:
                start(actor)
