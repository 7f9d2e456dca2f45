"""Benchmark of describing a corpus: videos an hour by workers, the share of each part, idle time, and how many machines a corpus needs.

Overhead is what `predict` does beside describing: claims, results, tables, messages between processes. With --clock cpu the
shares of parts are of processor time; `cpu_ratio` and `cpu_overhead` always are, for machines on which others work too.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from smot_vlm.bench.corpus_plan import CorpusPlan, StageCost, plan_capacity, stage_costs
from smot_vlm.bench.corpus_records import RecordingRecipe, Work, covered, read_records
from smot_vlm.bench.corpus_simulation import SimulatedRun, simulate
from smot_vlm.corpora.corpus import account, describe_corpus
from smot_vlm.corpora.describing import TrackerRecipe
from smot_vlm.corpora.jobs import find_jobs
from smot_vlm.synthetic.sequence import make_sequence
from smot_vlm.video.writer import VideoWriter

# Of drawn videos: so many are drawn, and copied to as many as are asked for.
_DRAWN, _SEED, _WIDTH, _FPS = 12, 642000, 160, 4.0
# Frames of the short and of the long ones: what costs a video is told from what costs a second.
_FRAMES = (6, 18)
# Videos that each simulated worker has.
_SIMULATED = 8


@dataclass(frozen=True)
class CorpusRun:
    """A corpus described by some workers.

    Attributes:
        workers: processes.
        together: videos that each of them describes at once.
        videos: described.
        seconds: of the whole command.
        loading_seconds: until a worker was ready, on average.
        describing_seconds: in which the workers describe, of all of them.
        videos_an_hour: once all are loaded.
        ratio: of that, over the first run's.
        cpu_ratio: the same from processor seconds: workers times (those of a video in the first run / in this one).
        idle: share of the workers' time, once they are loaded, in which they describe nothing.
        overhead: that time over describing; with several workers the waiting of the last one counts too.
        cpu_overhead: processor seconds beside describing and loading, of all processes, over those of describing.
    """

    workers: int
    together: int
    videos: int
    seconds: float
    loading_seconds: float
    describing_seconds: float
    videos_an_hour: float
    ratio: float
    cpu_ratio: float
    idle: float
    overhead: float
    cpu_overhead: float


@dataclass(frozen=True)
class CorpusTiming:
    """What describing a corpus costs.

    Attributes:
        videos: in the corpus.
        media_seconds: of a video, on average.
        runs: by workers.
        stages: the parts, of the first run.
        plan: the capacity plan, where one was asked for.
        simulated: the plan's predictions beside simulated workers.
    """

    videos: int
    media_seconds: float
    runs: tuple[CorpusRun, ...]
    stages: tuple[StageCost, ...]
    plan: tuple[CorpusPlan, ...] = ()
    simulated: tuple[SimulatedRun, ...] = ()


def run(
    sources: Sequence[str] = (),
    *,
    videos: int = 24,
    workers: Sequence[int] = (1, 2),
    together: Sequence[int] = (1,),
    model: str = "people",
    detector: str = "people",
    batch: int = 1,
    clock: str = "wall",
    plan: int | None = None,
    minutes: float = 1.0,
    days: float = 1.0,
    simulated: Sequence[int] = (),
    progress: Callable[[int, int], None] | None = None,
) -> CorpusTiming:
    """Describe a corpus by each number of workers in turn.

    Args:
        sources: as of `find_jobs`; none: tiny drawn videos.
        videos: drawn ones.
        workers: of each run.
        together: videos that a worker describes at once; a run of each number, of which the first is 1, by each number of
            workers.
        model: as for the Tracker.
        detector: as for the Tracker.
        batch: as for the Tracker.
        clock: a key of CLOCKS, of the parts.
        plan: videos of a capacity plan; None: no plan.
        minutes: of each of these.
        days: to describe them in.
        simulated: numbers of workers to put the plan to the test with.
        progress: called with the rounds done and in total.

    Returns:
        The figures.

    Raises:
        ValueError: a number below 1, videos that cannot be described, or as `plan_capacity`.
        FileNotFoundError: as `find_jobs`.
    """
    if not workers or min((*workers, *together, *simulated, videos)) < 1:
        raise ValueError(f"{videos} videos, workers {[*workers, *simulated]}; give at least one of each")
    if together[0] != 1:
        raise ValueError(
            f"videos at once are {list(together)}; the first run has 1, since what parts cost is told from it"
        )
    ways = [(count, at_once) for count in workers for at_once in together]
    rounds, done = len(ways) + len(simulated), 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, rounds)

    runs: list[CorpusRun] = []
    first: _Measured | None = None
    with TemporaryDirectory(prefix="smot-vlm-corpus-") as place:
        given = sources or [str(_draw(Path(place) / "videos", videos))]
        for number, (count, at_once) in enumerate(ways):
            folder = Path(place) / f"run{number}"
            recipe = TrackerRecipe(model, detector, batch=batch, together=at_once)
            measured = _describe(given, recipe, folder, count, clock)
            first = first or measured
            runs.append(measured.against(first))
            shutil.rmtree(folder)
            step()
    assert first is not None
    stages = stage_costs(first.described, clock)
    length = sum(work.media_seconds for work in first.described) / len(first.described)
    beside = first.gap
    plans = _plan(plan, minutes, days, stages, runs, beside, clock) if plan is not None else ()
    tested = []
    for count in simulated:
        tested.append(simulate(stages, length, count, _SIMULATED * count, beside))
        step()
    return CorpusTiming(len(first.described), length, tuple(runs), stages, plans, tuple(tested))


@dataclass(frozen=True)
class _Measured:
    """What a run took.

    Attributes:
        workers: processes.
        together: videos that each describes at once.
        started: when the workers were.
        seconds: of the whole command.
        driver_cpu: processor seconds of this process.
        loaded: the loading of each worker.
        described: the videos.
    """

    workers: int
    together: int
    started: float
    seconds: float
    driver_cpu: float
    loaded: list[Work]
    described: list[Work]

    @property
    def loading(self) -> float:
        """Seconds until a worker is ready, on average."""
        return sum(work.end for work in self.loaded) / len(self.loaded) - self.started

    @property
    def describing(self) -> float:
        """Seconds of all workers in which they describe."""
        return sum(covered(work.time for work in own) for own in self.by_worker)

    @property
    def by_worker(self) -> list[list[Work]]:
        """The videos of each worker, in order of time."""
        workers = {work.worker for work in self.described}
        return [[work for work in self.described if work.worker == worker] for worker in workers]

    @property
    def beside(self) -> float:
        """Seconds of all workers, once loaded, in which they describe nothing."""
        return max(self.workers * (self.seconds - self.loading) - self.describing, 0.0)

    @property
    def gap(self) -> float:
        """Seconds of a worker from one video to the next, on average."""
        gaps = []
        for own in self.by_worker:
            gaps += [later.begun - earlier.end for earlier, later in pairwise(own)]
        return sum(gaps) / len(gaps) if gaps else 0.0

    @property
    def video_cpu(self) -> float:
        """Processor seconds of a video."""
        return sum(covered(work.cpu_time for work in own) for own in self.by_worker) / len(self.described)

    @property
    def cpu_overhead(self) -> float:
        """As of `CorpusRun`."""
        ends = {work.worker: work.cpu_until_end for work in self.described}
        loading = sum(work.cpu_until_end for work in self.loaded if work.worker in ends)
        inside = self.video_cpu * len(self.described)
        return (sum(ends.values()) - loading - inside + self.driver_cpu) / inside

    def against(self, first: "_Measured") -> CorpusRun:
        """The figures.

        Args:
            first: run, of which ratios are.
        """
        return CorpusRun(
            workers=self.workers,
            together=self.together,
            videos=len(self.described),
            seconds=self.seconds,
            loading_seconds=self.loading,
            describing_seconds=self.describing,
            videos_an_hour=self._rate(),
            ratio=self._rate() / first._rate(),
            cpu_ratio=self.workers / first.workers * first.video_cpu / self.video_cpu,
            idle=self.beside / (self.beside + self.describing),
            overhead=self.beside / self.describing,
            cpu_overhead=self.cpu_overhead,
        )

    def _rate(self) -> float:
        return 3600 * len(self.described) / (self.seconds - self.loading)


def _describe(sources: Sequence[str], recipe: TrackerRecipe, folder: Path, workers: int, clock: str) -> _Measured:
    records = folder / "records"
    records.mkdir(parents=True)
    begun, cpu_begun = time.monotonic(), time.process_time()
    jobs = find_jobs(sources)
    started = time.monotonic()
    recording = RecordingRecipe(recipe, str(records), clock)
    for _ in describe_corpus(recording, jobs, folder / "store", workers=workers):
        pass
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu_begun
    found = account(folder / "store", jobs)
    if found.causes or found.left:
        told = found.causes[0].error if found.causes else "some are left"
        raise ValueError(f"{found.described} of {len(jobs)} videos could be described: {told}; give videos that can")
    loaded, described = read_records(records)
    return _Measured(workers, recipe.together, started, seconds, cpu, loaded, described)


def _plan(
    videos: int,
    minutes: float,
    days: float,
    stages: Sequence[StageCost],
    runs: Sequence[CorpusRun],
    beside: float,
    clock: str,
) -> tuple[CorpusPlan, ...]:
    """By the run whose machine describes most; noise makes no workers more than whole."""
    ratios = [run.cpu_ratio if clock == "cpu" else run.ratio for run in runs]
    ratio, best = max(zip(ratios, runs, strict=True), key=lambda pair: pair[0])
    efficiency = min(ratio * runs[0].workers / best.workers, 1.0)
    return (
        plan_capacity(
            videos,
            minutes,
            days,
            stages,
            beside=beside,
            loading=best.loading_seconds,
            workers=best.workers,
            efficiency=efficiency,
        ),
    )


def _draw(folder: Path, videos: int) -> Path:
    folder.mkdir()
    drawn = []
    for number in range(min(videos, _DRAWN)):
        path = folder / f"{number:06d}.mp4"
        sequence = make_sequence(_SEED + number, "test", _FPS, width=_WIDTH, people=(1, 2))
        with VideoWriter(path, _FPS, sequence.width, sequence.height) as writer:
            for frame in islice(sequence.frames(), _FRAMES[number % len(_FRAMES)]):
                writer.write(frame)
        drawn.append(path)
    for number in range(len(drawn), videos):
        shutil.copyfile(drawn[number % len(drawn)], folder / f"{number:06d}.mp4")
    return folder
