"""How one job becomes a description: the same code under every engine."""

import itertools
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from smot_vlm.corpora.addresses import fetched
from smot_vlm.corpora.jobs import Job
from smot_vlm.structures import Description
from smot_vlm.system.timing import PartTimes

if TYPE_CHECKING:
    from smot_vlm.tracker import Tracker

Describe = Callable[[Job], Description]
# What a worker is given: called once in its process, it loads the model. It is pickled, so an engine is given a dataclass or
# a function of a module. Where it has a number `together`, so many jobs are described at once.
Recipe = Callable[[], Describe]


class UnansweredError(ConnectionError):
    """The model's words come from a server that did not answer; the job is worth another attempt."""


@dataclass(frozen=True)
class TrackerRecipe:
    """A `Tracker` and what it is told of every job.

    Attributes:
        model, detector, associator, device, dtype, batch: as of `Tracker.from_pretrained`.
        classes: class numbers that count in files of tracks; none: people.
        together: videos that are described at once, whose frames and captions go through the models in one batch.
        overrides: of the configuration.
    """

    model: str = "auto"
    detector: str = "auto"
    associator: str | None = None
    device: str = "auto"
    dtype: str = "float32"
    batch: int = 1
    classes: tuple[int, ...] = ()
    together: int = 1
    overrides: tuple[str, ...] = ()

    def __call__(self) -> Describe:
        """Load the model.

        Returns:
            What describes a job with it.
        """
        tracker = self.load()
        return lambda job: describe_job(tracker, job, self.classes)

    def load(self) -> "Tracker":
        """The model itself.

        Raises:
            ValueError: it cannot describe several videos at once.
        """
        from smot_vlm.tracker import Tracker

        tracker = Tracker.from_pretrained(
            self.model,
            detector=self.detector,
            associator=self.associator,
            device=self.device,
            overrides=self.overrides,
            dtype=self.dtype,
            batch=self.batch,
        )
        if self.together > 1 and not tracker.model.scores_at_once:
            raise ValueError(
                f"model {self.model} asks a vision-language model about one video at a time; leave --together at 1"
            )
        return tracker


def describe_job(
    tracker: "Tracker", job: Job, classes: tuple[int, ...] = (), times: PartTimes | None = None
) -> Description:
    """Describe a job's video, or its stretch; frames and seconds of a stretch count from its beginning.

    Args:
        tracker: the model.
        job: where it is an address, its file is copied here for as long as that takes.
        classes: as of `Tracker.describe`.
        times: filled with the seconds of each part.

    Returns:
        The description; its source is the job's name.

    Raises:
        FileNotFoundError, ValueError: nothing that can be read.
        UnansweredError: a server left a question open.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="smot-vlm-")))
        video, tracks = (stack.enter_context(fetched(each, folder)) for each in (job.path, job.tracks))
        if job.from_seconds or job.to_seconds is not None:
            description = _describe_stretch(tracker, job, video, tracks, classes, times)
        else:
            description = tracker.describe(video, trajectories=tracks or None, classes=classes or None, times=times)
    if tracker.model.unanswered:
        raise UnansweredError(tracker.model.unanswered[0])
    return replace(description, video=replace(description.video, source=job.name))


def _describe_stretch(
    tracker: "Tracker", job: Job, video: str, tracks: str, classes: tuple[int, ...], times: PartTimes | None
) -> Description:
    from smot_vlm.video.reader import open_video

    with open_video(video) as reader:
        # Half a frame of tolerance: times of containers are rounded.
        half = 0.5 / reader.fps
        end = math.inf if job.to_seconds is None else job.to_seconds - half
        until = itertools.takewhile(lambda frame: frame.time_seconds < end, reader)
        frames = itertools.dropwhile(lambda frame: frame.time_seconds < job.from_seconds - half, until)
        first = next(frames, None)
        if first is None:
            raise ValueError(f"{job.name}: the video has no frame in that span; it may be shorter")
        # A file of boxes has the numbers of the whole video's frames.
        count = reader.frame_count or 0
        if job.to_seconds is not None:
            count = max(count, math.ceil((job.to_seconds - first.time_seconds) * reader.fps) + first.index + 1)
        return tracker.describe(
            (frame.image for frame in itertools.chain([first], frames)),
            trajectories=tracks or None,
            fps=reader.fps,
            frame_numbers=np.arange(first.index, max(count, first.index + 1)) if tracks else None,
            classes=classes or None,
            times=times,
        )
