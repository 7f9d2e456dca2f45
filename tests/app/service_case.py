"""A service over made videos, with a describer that needs no model."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from smot_vlm.app.jobs import Job
from smot_vlm.output.claimed_folder import REPORT
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter

Progress = Callable[[str, int, int | None], None]


def film(path: Path, frames: int = 5, fps: float = 10.0, level: int = 90) -> Path:
    with VideoWriter(path, fps, 64, 48) as writer:
        for _ in range(frames):
            writer.write(np.full((48, 64, 3), level, np.uint8))
    return path


def tell(job: Job, progress: Progress) -> None:
    """Counts frames; the caption names the video, so that mixed up results are seen."""
    assert job.source is not None
    with open_video(job.source) as video:
        total = sum(1 for _ in video)
    for done in range(total + 1):
        progress("watching", done, total)
    caption = f"Somebody is in {job.name}."
    track = Trajectory(1, [0], [[1.0, 2, 10, 20]], [0.9], caption)
    info = VideoInfo(str(job.source), 64, 48, 10.0, total)
    job.result.mkdir()
    Description(info, (track,), (), caption, ModelInfo("told", "none", "none", True)).to_json(
        job.result / "description.json"
    )
    (job.result / REPORT).write_text("<p>report</p>")


def slowly(seconds: float) -> Callable[[Job, Progress], None]:
    """Runs for so long, in small steps."""

    def run(job: Job, progress: Progress) -> None:
        for step in range(100):
            progress("watching", step, 100)
            time.sleep(seconds / 100)
        tell(job, progress)

    return run


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
