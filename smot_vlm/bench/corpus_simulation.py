"""A capacity plan put to the test: workers that sleep for the measured costs, so that many fit on few cores."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from smot_vlm.bench.corpus_plan import StageCost, predicted_seconds, seconds_a_video
from smot_vlm.bench.corpus_records import read_records, recording
from smot_vlm.corpora.corpus import describe_corpus
from smot_vlm.corpora.describing import Describe
from smot_vlm.corpora.jobs import Job
from smot_vlm.structures import Description, ModelInfo, VideoInfo

_LONGEST_WAIT = 300.0
_FPS = 25.0
# Multiples of the golden ratio fill 0 to 1 evenly, in an order without pattern.
_GOLDEN = 0.618033988749895


@dataclass(frozen=True)
class SimulatedRun:
    """A plan beside what simulated workers took.

    Attributes:
        workers: at once.
        videos: that they had.
        predicted_seconds: by the plan, from when all are loaded.
        seconds: that it took.
        error: seconds / predicted - 1.
    """

    workers: int
    videos: int
    predicted_seconds: float
    seconds: float
    error: float


@dataclass(frozen=True)
class SleepingRecipe:
    """Sleeps for the costs of each part; all workers begin together.

    Attributes:
        costs: of the parts.
        media_seconds: length of each video.
        folder: for the records and for waiting.
        workers: that wait for each other.
    """

    costs: tuple[StageCost, ...]
    media_seconds: float
    folder: str
    workers: int

    def __call__(self) -> Describe:
        """Wait until all workers are there.

        Returns:
            What sleeps.
        """
        with recording(self.folder):
            self._meet()
        return self._describe

    def _meet(self) -> None:
        (Path(self.folder) / f"{time.monotonic_ns()}.ready").touch()
        until = time.monotonic() + _LONGEST_WAIT
        while len(list(Path(self.folder).glob("*.ready"))) < self.workers:
            if time.monotonic() > until:
                raise TimeoutError(f"not all {self.workers} workers are there after {_LONGEST_WAIT:g} seconds")
            time.sleep(0.01)

    def _describe(self, job: Job) -> Description:
        # Videos differ: each takes from half to one and a half of the mean.
        factor = 0.5 + int(Path(job.path).stem) * _GOLDEN % 1
        with recording(self.folder, job.key) as told:
            for cost in self.costs:
                seconds = factor * cost.of(self.media_seconds)
                time.sleep(seconds)
                told.parts[cost.part] = seconds
            told.media_seconds = self.media_seconds
        video = VideoInfo(job.name, 64, 48, _FPS, round(self.media_seconds * _FPS))
        return Description(video, (), (), "", ModelInfo("simulated", "none", "none", True))


def simulate(
    costs: Sequence[StageCost], media_seconds: float, workers: int, videos: int, beside: float = 0.0
) -> SimulatedRun:
    """Run simulated workers under the engine `processes`.

    Args:
        costs: of the parts.
        media_seconds: length of each video.
        workers: at once.
        videos: in all.
        beside: seconds of a worker beside describing a video, as measured.

    Returns:
        The plan's seconds, and those that it took from the moment when all workers were ready.
    """
    with TemporaryDirectory(prefix="smot-vlm-simulated-") as place:
        folder = Path(place) / "records"
        folder.mkdir()
        jobs = [Job(f"/simulated/{number}.mp4") for number in range(videos)]
        recipe = SleepingRecipe(tuple(costs), media_seconds, str(folder), workers)
        for _ in describe_corpus(recipe, jobs, Path(place) / "store", workers=workers):
            pass
        loaded, described = read_records(folder)
        seconds = max(work.end for work in described) - max(work.end for work in loaded)
    predicted = predicted_seconds(videos, workers, seconds_a_video(costs, media_seconds, beside))
    return SimulatedRun(workers, videos, predicted, seconds, seconds / predicted - 1)
