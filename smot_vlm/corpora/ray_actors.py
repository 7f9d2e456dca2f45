"""Engine `ray`: Ray Data over the jobs, a slot an actor, on one machine or on a cluster whose machines share the store's folder.

A block is what an actor has in hand, one job or a few: videos last seconds or hours, so the next one goes to whoever is free,
and a lost actor costs what is in its hand alone. The store's files decide what is done, never Ray's checkpoints.
"""

import logging
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from smot_vlm.corpora.child import Task, in_hands
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.slot import Slot, UnusableError
from smot_vlm.corpora.working import OPEN, Outcome
from smot_vlm.system.errors import one_line

# A row's only column; what Ray carries is pickled here, as its tables have no records.
_COLUMN = "pickled"
Row = dict[str, bytes]
_STARTS = 4


class SlotActor:
    """A slot in a process of Ray's; it never raises.

    Args:
        task: pickled, for the slot.
        folders: where the driver finds its modules, for those that this machine has.
    """

    def __init__(self, task: bytes, folders: Sequence[str]) -> None:
        self._task = task
        self._slot: Slot | None = None
        sys.path += [folder for folder in folders if folder not in sys.path]

    def __call__(self, row: Row) -> Row:
        """Settle jobs.

        Args:
            row: the jobs.

        Returns:
            What became of each, a list of `Outcome`; a text where no model can be loaded: why.
        """
        hand, outcomes = pickle.loads(row[_COLUMN]), []
        try:
            if self._slot is None:
                self._slot = Slot(pickle.loads(self._task))
            for outcome in self._slot.do_together(hand):
                outcomes.append(outcome)
        except (UnusableError, ImportError) as error:
            return {_COLUMN: pickle.dumps(one_line(error))}
        except Exception as error:
            known = {outcome.job for outcome in outcomes}
            outcomes += [Outcome(job, OPEN, one_line(error)) for job in hand if job not in known]
        return {_COLUMN: pickle.dumps(outcomes)}


def run_ray(task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    """Settle jobs with Ray Data: on the cluster that RAY_ADDRESS names, else on this machine.

    Where there are GPUs an actor has one, else its share of the cores. An actor that is lost is begun anew and its job
    asked for again; the store knows whether it is done.

    Args:
        task: for each actor.
        jobs: to do.
        workers: actors.

    Yields:
        What became of each, as they end.

    Raises:
        ImportError: Ray Data is not installed.
        UnusableError: the model cannot be loaded.
        ConnectionError: Ray does not start, or the cluster does not answer.
    """
    # Ray's own lines of errors tell of its object store, not of videos.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError(f"--engine ray needs Ray Data: pip install 'smot-vlm[scale]' ({one_line(error)})") from error
    mine = not ray.is_initialized()
    if mine:
        _start(ray, workers)
    try:
        yield from _run(ray, task, jobs, min(workers, len(jobs)))
    finally:
        if mine:
            ray.shutdown()


def _start(ray: Any, workers: int) -> None:
    """Start Ray on this machine, or join the cluster. On a busy machine Ray may wait too short a time for itself."""
    local: dict[str, Any] = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": max(workers, os.cpu_count() or 1)}
    for attempt in range(_STARTS):
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **local)
            return
        except Exception as error:
            ray.shutdown()
            if attempt == _STARTS - 1:
                raise ConnectionError(
                    f"Ray does not start ({one_line(error)}); try again, or --engine processes"
                ) from None


def _run(ray: Any, task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    hands = [{_COLUMN: pickle.dumps(hand)} for hand in in_hands(task, jobs, workers)]
    rows = ray.data.from_items(hands, override_num_blocks=len(hands))
    outcomes = rows.map(
        SlotActor,
        fn_constructor_args=(pickle.dumps(task), list(sys.path)),
        compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=1),
        **_share(ray.cluster_resources(), workers),
    )
    for row in outcomes.iter_rows():
        outcomes = pickle.loads(row[_COLUMN])
        if isinstance(outcomes, str):
            raise UnusableError(outcomes)
        yield from outcomes


def _share(resources: dict[str, float], workers: int) -> dict[str, int]:
    """What an actor is given."""
    if resources.get("GPU"):
        return {"num_cpus": 1, "num_gpus": 1}
    return {"num_cpus": max(int(resources.get("CPU", workers)) // workers, 1)}
