"""Engine `slurm`: the workers are jobs of a SLURM cluster, submitted by submitit; its machines share the store's folder.

Each worker does its share of the videos, then what others have left: so a slow machine holds nobody up. The claims of the store
are locks of files: the shared file system must have them (NFS 4 has; Lustre with -o flock).
"""

import pickle
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from smot_vlm.corpora.child import Task, in_hands
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.slot import Slot, UnusableError
from smot_vlm.corpora.store import Store
from smot_vlm.corpora.working import DESCRIBED, OPEN, SETTLED, Outcome
from smot_vlm.system.errors import one_line

CLUSTER = "cluster"
_SLURM = "slurm"
# What a worker is given where the options do not say.
_DEFAULTS: dict[str, str | int] = {"name": "smot-vlm", "timeout_min": 24 * 60}
# The store is looked at often in the beginning, and seldom when days have passed.
_LEAST_WAIT, _MOST_WAIT, _WAIT_SHARE = 0.5, 30.0, 0.02


def run_slurm(task: Task, jobs: Sequence[Job], workers: int, options: Mapping[str, str]) -> Iterator[Outcome]:
    """Settle jobs on a cluster; what is done is seen by the store's files.

    Args:
        task: for each worker.
        jobs: to do.
        workers: jobs of the cluster, an array.
        options: of sbatch as submitit names them (partition, time in minutes, gpus_per_node, mem ...); CLUSTER=local runs
            the workers on this machine.

    Yields:
        What became of each, as they end.

    Raises:
        ImportError: submitit is not installed.
        UnusableError: the model cannot be loaded.
        ValueError: no SLURM here, or an option that it does not know.
    """
    workers = min(workers, len(jobs))
    folder = task.root / "slurm"
    folder.mkdir(exist_ok=True)
    work = folder / f"work-{time.time_ns()}.pickle"
    with work.open("wb") as file:
        # As bytes: what the recipe is of is imported once the folders are known.
        pickle.dump((list(sys.path), pickle.dumps((task, list(jobs)))), file)
    running = []
    try:
        running = _executor(folder, options).map_array(
            work_share, [work] * workers, range(workers), [workers] * workers
        )
        yield from _watch(Store(task.root), jobs, running)
    finally:
        for job in running:
            if not job.done():
                job.cancel(check=False)
        work.unlink(missing_ok=True)


def work_share(work: Path, index: int, workers: int) -> str:
    """What a worker does.

    Args:
        work: the pickled task and jobs.
        index: of the worker, from 0.
        workers: in all.

    Returns:
        Why no model can be loaded; empty where it can.
    """
    # Written by the run that submitted this worker, which was itself told by a pickle of submitit's.
    with work.open("rb") as file:
        folders, content = pickle.load(file)
    sys.path += [folder for folder in folders if folder not in sys.path]
    task, jobs = pickle.loads(content)
    store = Store(task.root)
    with Slot(task) as slot:
        try:
            for hand in in_hands(task, jobs[index::workers], 1):
                for _ in slot.do_together(hand):
                    pass
            settled = store.settled_keys()
            for job in jobs[index:] + jobs[:index]:
                if job.key not in settled:
                    slot.do(job)
        except UnusableError as error:
            return str(error)
    return ""


def _executor(folder: Path, options: Mapping[str, str]) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise ImportError("--engine slurm needs submitit: pip install 'smot-vlm[scale]'") from error
    cluster = options.get(CLUSTER, _SLURM)
    if cluster == _SLURM and shutil.which("sbatch") is None:
        raise ValueError("no SLURM on this machine (sbatch is not found); run this where jobs are submitted")
    given = {f"slurm_{name}": _value(value) for name, value in options.items() if name != CLUSTER}
    try:
        executor = submitit.AutoExecutor(folder, cluster=cluster)
        executor.update_parameters(**_DEFAULTS, **given)
    except (NameError, ValueError, TypeError, AssertionError) as error:
        raise ValueError(f"options of SLURM {dict(options)}: {one_line(error)}") from None
    return executor


def _value(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


def _watch(store: Store, jobs: Sequence[Job], running: Sequence[Any]) -> Iterator[Outcome]:
    left, begun = {job.key: job for job in jobs}, time.monotonic()
    while left:
        # In this order: what the last worker settles is seen.
        ended = all(worker.done() for worker in running)
        for kind, state in (("described", DESCRIBED), ("causes", SETTLED)):
            for key in store.keys(kind) & left.keys():
                yield Outcome(left.pop(key), state)
        if ended:
            break
        time.sleep(min(max(_WAIT_SHARE * (time.monotonic() - begun), _LEAST_WAIT), _MOST_WAIT))
    errors = [told for told in map(_error, running) if told] if left else []
    for job in left.values():
        yield Outcome(job, OPEN, errors[0] if errors else "left by its worker")


def _error(worker: Any) -> str:
    """Why a worker ended early; empty where it did not."""
    from submitit.core.utils import FailedJobError, UncompletedJobError

    with suppress(UncompletedJobError, FailedJobError):
        told: str = worker.result()
        if told:
            raise UnusableError(told)
        return ""
    return one_line(worker.exception())
