"""What each video of a corpus cost: written down by the workers, a line a video, and read by the benchmark."""

import json
import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from smot_vlm.bench.machine import find_clock
from smot_vlm.corpora.describing import Describe, TrackerRecipe, describe_job
from smot_vlm.corpora.jobs import Job
from smot_vlm.formats.checked import record
from smot_vlm.formats.documents import parse_json
from smot_vlm.structures import Description
from smot_vlm.system.timing import PartTimes

# Of a video's seconds, what no part has.
REST = "rest"


@dataclass(frozen=True)
class Work:
    """A worker's loading, or its describing of one video. Times are of the machine's steady clock.

    Attributes:
        worker: its process id.
        key: of the job; empty of loading.
        begun: when.
        seconds: that it took.
        cpu_seconds: of all threads of the worker.
        cpu_until_end: of the worker since it began.
        media_seconds: length of the video.
        parts: seconds of each part, by the clock of the benchmark.
    """

    worker: int
    key: str
    begun: float
    seconds: float
    cpu_seconds: float
    cpu_until_end: float
    media_seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def end(self) -> float:
        """When it ended."""
        return self.begun + self.seconds

    @property
    def time(self) -> tuple[float, float]:
        """When it began and when it ended."""
        return self.begun, self.end

    @property
    def cpu_time(self) -> tuple[float, float]:
        """The same by the worker's processor seconds."""
        return self.cpu_until_end - self.cpu_seconds, self.cpu_until_end


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """How long at least one of some spans lasts, which may overlap.

    Args:
        spans: beginnings and ends.

    Returns:
        Seconds.
    """
    seconds, until = 0.0, -math.inf
    for begin, end in sorted(spans):
        seconds += max(0.0, end - max(begin, until))
        until = max(until, end)
    return seconds


@dataclass(frozen=True)
class RecordingRecipe:
    """A tracker whose work is written down.

    Attributes:
        tracker: what describes.
        folder: for the records.
        clock: a key of CLOCKS, of the parts.
    """

    tracker: TrackerRecipe
    folder: str
    clock: str = "wall"

    @property
    def together(self) -> int:
        """Videos that are described at once."""
        return self.tracker.together

    def __call__(self) -> Describe:
        """Load the model.

        Returns:
            What describes with it.
        """
        with recording(self.folder):
            tracker = self.tracker.load()

        def describe(job: Job) -> Description:
            times = PartTimes(find_clock(self.clock))
            with recording(self.folder, job.key) as told:
                description = describe_job(tracker, job, self.tracker.classes, times)
                told.parts = times.seconds
                told.media_seconds = media_seconds(description)
            return description

        return describe


def media_seconds(description: Description) -> float:
    """The length of a video.

    Args:
        description: of the video.

    Returns:
        Seconds.
    """
    return description.video.frames / description.video.fps if description.video.fps else 0.0


@dataclass
class Told:
    """What the block of `recording` says of its video.

    Attributes:
        media_seconds: its length.
        parts: seconds of each part.
    """

    media_seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)


@contextmanager
def recording(folder: str, key: str = "") -> Iterator[Told]:
    """Write down what the block costs.

    Args:
        folder: of the records.
        key: of the job; empty of loading.

    Yields:
        To be filled by the block.
    """
    told = Told()
    begun, cpu_begun = time.monotonic(), time.process_time() if key else 0.0
    yield told
    cpu = time.process_time()
    work = Work(os.getpid(), key, begun, time.monotonic() - begun, cpu - cpu_begun, cpu, told.media_seconds, told.parts)
    with (Path(folder) / f"{work.worker}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(work)) + "\n")


def read_records(folder: Path) -> tuple[list[Work], list[Work]]:
    """Read what the workers wrote.

    Args:
        folder: of the records.

    Returns:
        Their loading, and the videos, both in order of time.
    """
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    found = sorted((record(Work, parse_json(line)) for line in lines), key=lambda work: work.begun)
    return [work for work in found if not work.key], [work for work in found if work.key]
