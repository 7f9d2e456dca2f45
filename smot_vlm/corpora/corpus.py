"""A corpus described: what is left is found by the store's files and given to an engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path

from smot_vlm.corpora.child import Task
from smot_vlm.corpora.describing import Recipe
from smot_vlm.corpora.jobs import Job
from smot_vlm.corpora.processes import run_processes
from smot_vlm.corpora.store import Cause, Store, open_store
from smot_vlm.corpora.tables import VIDEOS_A_PART, can_write_tables, update_tables
from smot_vlm.corpora.working import DESCRIBED, Outcome

Engine = Callable[..., Iterator[Outcome]]


def _run_ray(task: Task, jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    from smot_vlm.corpora.ray_actors import run_ray

    return run_ray(task, jobs, workers)


def _run_slurm(task: Task, jobs: Sequence[Job], workers: int, **options: str) -> Iterator[Outcome]:
    from smot_vlm.corpora.slurm import run_slurm

    return run_slurm(task, jobs, workers, options)


# Each is given the task, the jobs and the number of workers; that of OPTION_ENGINE also options of the cluster.
ENGINES: dict[str, Engine] = {"processes": run_processes, "ray": _run_ray, "slurm": _run_slurm}
OPTION_ENGINE = "slurm"


@dataclass(frozen=True)
class Account:
    """Where the jobs of a corpus stand, by the store's files.

    Attributes:
        described: how many have a result.
        causes: why others have none.
        left: how many are still to be done.
    """

    described: int
    causes: tuple[Cause, ...]
    left: int


def describe_corpus(
    recipe: Recipe,
    jobs: Sequence[Job],
    out: Path,
    *,
    engine: str = "processes",
    workers: int = 1,
    seconds: float | None = None,
    retry: bool = False,
    overwrite: bool = False,
    options: Mapping[str, str] | None = None,
) -> Iterator[Outcome]:
    """Describe the jobs that `out` does not settle yet; a stopped run goes on where it stopped.

    Where pyarrow is installed the tables (see `corpora/tables.py`) are brought up to date after every VIDEOS_A_PART videos
    and at the end.

    Args:
        recipe: makes what describes, in each worker; a dataclass is what results depend on.
        jobs: the corpus.
        out: of the store.
        engine: a key of ENGINES.
        workers: jobs at once.
        seconds: that a job may take; None: any time.
        retry: also those that have a cause.
        overwrite: all of them, and under other settings than those of the store.
        options: of the cluster, for OPTION_ENGINE; see `run_slurm`.

    Yields:
        What became of each job that was to be done.

    Raises:
        ValueError: another engine, results of other settings, or a model that cannot be loaded.
        ImportError: the engine's package is missing.
        OSError: `out` cannot be written.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; it takes {', '.join(ENGINES)}")
    if options and engine != OPTION_ENGINE:
        raise ValueError(f"options of a cluster ({', '.join(options)}) go with engine {OPTION_ENGINE}, not {engine}")
    if workers < 1:
        raise ValueError(f"workers is {workers}; give 1 or more")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"the time limit is {seconds} seconds; give more than 0")
    store = open_store(Path(out).absolute(), _settings(recipe), other_allowed=overwrite)
    if overwrite or retry:
        store.forget([job.key for job in jobs], results=overwrite)
    settled = store.settled_keys()
    left = [job for job in jobs if job.key not in settled]
    with_tables, new = can_write_tables(), 0
    if left:
        task = Task(recipe, store.root, seconds, getattr(recipe, "together", 1))
        for outcome in ENGINES[engine](task, left, workers, **(options or {})):
            new += outcome.state == DESCRIBED
            if with_tables and new == VIDEOS_A_PART:
                new = 0
                update_tables(store, wait=False)
            yield outcome
    if with_tables:
        update_tables(store)


def account(out: Path, jobs: Sequence[Job]) -> Account:
    """Where a corpus stands.

    Args:
        out: of the store.
        jobs: the corpus.

    Returns:
        What its files say.
    """
    store = Store(Path(out).absolute())
    keys = {job.key for job in jobs}
    described = store.keys("described") & keys
    settled = store.keys("causes") & keys - described
    causes = store.causes(job.key for job in jobs if job.key in settled)
    return Account(len(described), tuple(causes), len(keys) - len(described) - len(causes))


def _settings(recipe: Recipe) -> dict[str, object]:
    values: dict[str, object] = asdict(recipe) if is_dataclass(recipe) and not isinstance(recipe, type) else {}
    # Where it runs changes no result.
    return {name: value for name, value in values.items() if name not in ("device", "batch", "together")}
