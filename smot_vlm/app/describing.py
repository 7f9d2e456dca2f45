"""How a job is run: the video is described and the four files are written, with progress, until it is told to stop."""

from collections.abc import Callable

from smot_vlm.app.jobs import Job, StoppedError
from smot_vlm.app.limits import Limits, RefusedError
from smot_vlm.output.description_files import write_outputs
from smot_vlm.structures import Frame
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import VERBS
from smot_vlm.video.reader import VideoReader, open_video

WATCHING, WRITING, DRAWING = "watching", "writing captions", "drawing"


class Describer:
    """Runs jobs with one model, which is loaded when the first job comes.

    Args:
        load: gives the model.
        limits: of the length of videos whose files do not state it.
    """

    def __init__(self, load: Callable[[], Tracker], limits: Limits) -> None:
        self._load = load
        self._limits = limits
        self._tracker: Tracker | None = None

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
        if self._tracker is None:
            self._tracker = self._load()

        def on_frame(frame: Frame, video: VideoReader) -> bool:
            if frame.time_seconds > self._limits.minutes * 60:
                raise RefusedError(f"{job.name}: longer than {self._limits.minutes:g} minutes", 413)
            progress(WATCHING, video.frames_read, video.frame_count)
            if video.frames_read == video.frame_count:
                progress(WRITING, 0, None)
            return True

        description = self._tracker.describe(job.source, on_frame=on_frame)
        if job.stop.is_set():
            raise StoppedError
        source = job.source
        write_outputs(
            job.result,
            description,
            lambda: open_video(source),
            description.video.fps,
            glosses={verb.label: verb.gloss for verb in VERBS},
            progress=lambda done: progress(DRAWING, done, description.video.frames),
        )
