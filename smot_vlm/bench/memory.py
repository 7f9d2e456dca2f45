"""Memory of a long video against a short one: each is described in a fresh process, and its files are written.

The videos are a clip played again and again, with its boxes. Models are left out: what counts is how far the process
grows from the moment when they are loaded.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import psutil

from smot_vlm.bench.clip import demo_clip
from smot_vlm.bench.watching import looking
from smot_vlm.formats.mot import MotRows, concatenate, format_mot, read_mot
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter

LENGTHS = (300, 3000)
WATCH_SECONDS = 0.005
# What ru_maxrss counts in.
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class MemoryUse:
    """One description: resident memory with the models loaded, at its peak, and the difference, 10^6 bytes."""

    frames: int
    tracks: int
    seconds: float
    loaded_megabytes: float
    peak_megabytes: float
    growth_megabytes: float


def run(
    video: Path | str | None = None,
    *,
    detector: str | None = None,
    trajectories: Path | str | None = None,
    model: str = "demo",
    lengths: Sequence[int] = LENGTHS,
    progress: Callable[[int, int], None] | None = None,
) -> list[MemoryUse]:
    """Describe `video`, repeated to each of `lengths` frames.

    video: a file; without one, the clip that ships, with its boxes. detector, trajectories, model: as for the Tracker.
    progress: told the videos done and to do.

    Raises:
        FileNotFoundError, ValueError: as Tracker.from_pretrained and Tracker.describe say; a length below one.
    """
    if min(lengths) < 1:
        raise ValueError(f"lengths are {list(lengths)}; give at least 1 frame each")
    if video is None:
        video, trajectories = demo_clip(detector, trajectories)
    uses = []
    with tempfile.TemporaryDirectory() as folder:
        for done, frames in enumerate(lengths):
            long_video = Path(folder) / f"{frames}.mp4"
            clip_frames = repeat_video(video, long_video, frames)
            long_boxes = None
            if trajectories is not None:
                long_boxes = Path(folder) / f"{frames}.txt"
                long_boxes.write_text(format_mot(repeat_boxes(read_mot(trajectories), clip_frames, frames)))
            uses.append(_describe_apart(long_video, long_boxes, detector or "model", model))
            if progress is not None:
                progress(done + 1, len(lengths))
    return uses


def repeat_video(source: Path | str, target: Path, frames: int) -> int:
    """Write `frames` frames of `source`, again and again from its first; gives how many frames it has itself."""
    with open_video(source) as video:
        writer = VideoWriter(target, video.fps, video.width, video.height)
    length = 0
    with writer:
        for index, image in islice(_pictures_again_and_again(source), frames):
            writer.write(image)
            length = max(length, index + 1)
    return length


def repeat_boxes(rows: MotRows, clip_frames: int, frames: int) -> MotRows:
    """The boxes of a clip of `clip_frames` frames, again and again with the same ids, cut to `frames` frames."""
    rows = rows.select(rows.frames < clip_frames)
    repeated = concatenate(
        replace(rows, frames=rows.frames + shift) for shift in islice(count(0, clip_frames), -(-frames // clip_frames))
    )
    return repeated.select(repeated.frames < frames)


def describe_and_measure(video: str, trajectories: str | None, detector: str, model: str) -> MemoryUse:
    """Describe `video` and write its files; measures the process that calls, so it should be a fresh one."""
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.tracker import Tracker

    tracker = Tracker.from_pretrained(model, detector=detector)
    process, start = psutil.Process(), time.perf_counter()
    loaded, highest = process.memory_info().rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _watched(process) as seen, tempfile.TemporaryDirectory() as folder:
        description = tracker.describe(video, trajectories=trajectories)
        fps = description.video.fps
        write_outputs(Path(folder) / "described", description, lambda: open_video(video), fps)
    # The system's own mark is exact, and says nothing where loading stood higher.
    mark = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = mark * MAXRSS_BYTES if mark > highest else max(seen)
    return MemoryUse(
        frames=description.video.frames,
        tracks=len(description.tracks),
        seconds=time.perf_counter() - start,
        loaded_megabytes=loaded / 1e6,
        peak_megabytes=peak / 1e6,
        growth_megabytes=(peak - loaded) / 1e6,
    )


@contextmanager
def _watched(process: psutil.Process) -> Iterator[list[int]]:
    """Resident bytes, looked at every few milliseconds while the block runs."""
    seen = [process.memory_info().rss]

    def look() -> None:
        seen[0] = max(seen[0], process.memory_info().rss)

    with looking(look, WATCH_SECONDS):
        yield seen


def _describe_apart(video: Path, trajectories: Path | None, detector: str, model: str) -> MemoryUse:
    request = json.dumps([str(video), None if trajectories is None else str(trajectories), detector, model])
    command = [sys.executable, "-m", "smot_vlm.bench.memory", request]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{video.name}: describing it in a process of its own failed ({reason})")
    return MemoryUse(**json.loads(done.stdout.splitlines()[-1]))


def _pictures_again_and_again(source: Path | str) -> Iterator[tuple[int, np.ndarray]]:
    """Each frame's index and picture; after the last comes the first."""
    while True:
        with open_video(source) as video:
            for frame in video:
                yield frame.index, frame.image


if __name__ == "__main__":
    print(json.dumps(asdict(describe_and_measure(*json.loads(sys.argv[1])))))
