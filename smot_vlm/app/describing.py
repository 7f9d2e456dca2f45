"""How a job is run: the video is described and the four files are written, with progress, until it is told to stop."""

from collections.abc import Callable
from dataclasses import replace

from smot_vlm.app.choices import Choice
from smot_vlm.app.jobs import Job, StoppedError
from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.app.picture import LivePicture
from smot_vlm.output.description_files import write_outputs
from smot_vlm.structures import Frame
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import glosses
from smot_vlm.video.reader import VideoReader, open_video

WATCHING, WRITING, DRAWING = "watching", "writing captions", "drawing"


class Describer:
    """Runs jobs. The model is loaded when a job comes that wants it, and kept until a job wants another.

    Args:
        load: gives the model for a choice.
        limits: of the length of videos whose files do not state it.
        pictures: whether jobs show the newest frame with its boxes while they run.
    """

    def __init__(self, load: Callable[[Choice], Tracker], limits: Limits, pictures: bool = False) -> None:
        self._load = load
        self._limits = limits
        self._pictures = pictures
        self._loaded: tuple[Choice, Tracker] | None = None

    def __call__(self, job: Job, progress: Callable[[str, int, int | None], None]) -> None:
        """Describe a job's video.

        Args:
            job: with its source.
            progress: told what is done; raises StoppedError.

        Raises:
            StoppedError: the job was cancelled.
            RefusedError: the video is longer than it may be.
        """
        assert job.source is not None, "the board runs jobs that have their video"
        progress("loading the model", 0, None)
        tracker = self._tracker(job.choice)

        def on_frame(frame: Frame, video: VideoReader) -> bool:
            if frame.time_seconds > self._limits.minutes * 60:
                raise RefusedError(f"{job.name}: longer than {self._limits.minutes:g} minutes", 413)
            progress(WATCHING, video.frames_read, video.frame_count)
            if video.frames_read == video.frame_count:
                progress(WRITING, 0, None)
            return True

        on_people = LivePicture(job).show if self._pictures else None
        description = tracker.describe(job.source, trajectories=job.tracks, on_frame=on_frame, on_people=on_people)
        if job.stop.is_set():
            raise StoppedError
        # Its users know the video by its name; where it lies here is nothing for them.
        description = replace(description, video=replace(description.video, source=job.name))
        source = job.source
        write_outputs(
            job.result,
            description,
            lambda: open_video(source),
            description.video.fps,
            glosses=glosses(),
            progress=lambda done: progress(DRAWING, done, description.video.frames),
        )

    def _tracker(self, choice: Choice) -> Tracker:
        loaded = self._loaded
        if loaded is None or loaded[0] != choice:
            self._loaded = None  # lets the other model go before this one comes
            self._loaded = loaded = (choice, self._load(choice))
        return loaded[1]
