"""Benchmark of memory: a long video against a short one, each described by a new process that writes the output files.

The videos are repetitions of one clip and its boxes. Models are not counted: only the growth of the process after they
are loaded.
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
from smot_vlm.bench.polling import polling
from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.formats.mot_files import read_results
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter

LENGTHS = (300, 3000)
POLL_SECONDS = 0.005
# The unit of ru_maxrss.
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class MemoryUse:
    """Memory of one description.

    Attributes:
        frames: In the video.
        tracks: In the description.
        seconds: Of describing and writing.
        loaded_megabytes: Resident memory (10^6 bytes) with the models loaded.
        peak_megabytes: At its peak.
        growth_megabytes: The difference.
    """

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
    """Describe a video, repeated to several lengths.

    Args:
        video: A file; None for the demo clip with its trajectories.
        detector: As for the Tracker.
        trajectories: As for the Tracker.
        model: As for the Tracker.
        lengths: Frames of each repeated video.
        progress: Called with the videos done and in total.

    Returns:
        The memory of each length.

    Raises:
        FileNotFoundError: See Tracker.from_pretrained and Tracker.describe.
        ValueError: The same, or a length below one.
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
                long_boxes.write_text(format_mot(repeat_boxes(read_results(trajectories).rows, clip_frames, frames)))
            uses.append(_describe_in_new_process(long_video, long_boxes, detector or "model", model))
            if progress is not None:
                progress(done + 1, len(lengths))
    return uses


def repeat_video(source: Path | str, target: Path, frames: int) -> int:
    """Write a video that repeats another one.

    Args:
        source: The video to repeat.
        target: The file to write.
        frames: Its length.

    Returns:
        Frames of `source`, or `frames` if it has more.
    """
    with open_video(source) as video:
        writer = VideoWriter(target, video.fps, video.width, video.height)
    length = 0
    with writer:
        for index, image in islice(_repeated_images(source), frames):
            writer.write(image)
            length = max(length, index + 1)
    return length


def repeat_boxes(rows: MotRows, clip_frames: int, frames: int) -> MotRows:
    """Repeat the boxes of a clip with the same ids.

    Args:
        rows: Boxes of the clip.
        clip_frames: Frames of the clip.
        frames: Frames of the result.

    Returns:
        The repeated boxes.
    """
    rows = rows.select(rows.frames < clip_frames)
    repeated = concatenate(
        replace(rows, frames=rows.frames + shift) for shift in islice(count(0, clip_frames), -(-frames // clip_frames))
    )
    return repeated.select(repeated.frames < frames)


def describe_and_measure(video: str, trajectories: str | None, detector: str, model: str) -> MemoryUse:
    """Describe a video and write the output files; the calling process is measured and should be a new one.

    Args:
        video: A file.
        trajectories: As for the Tracker.
        detector: As for the Tracker.
        model: As for the Tracker.

    Returns:
        The memory of this process.
    """
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.tracker import Tracker

    tracker = Tracker.from_pretrained(model, detector=detector)
    process, start = psutil.Process(), time.perf_counter()
    loaded, peak_before = process.memory_info().rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _peak_memory(process) as seen, tempfile.TemporaryDirectory() as folder:
        description = tracker.describe(video, trajectories=trajectories)
        fps = description.video.fps
        write_outputs(Path(folder) / "described", description, lambda: open_video(video), fps)
    # ru_maxrss is exact, but of no use if loading the models used more.
    mark = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = mark * MAXRSS_BYTES if mark > peak_before else max(seen)
    return MemoryUse(
        frames=description.video.frames,
        tracks=len(description.tracks),
        seconds=time.perf_counter() - start,
        loaded_megabytes=loaded / 1e6,
        peak_megabytes=peak / 1e6,
        growth_megabytes=(peak - loaded) / 1e6,
    )


@contextmanager
def _peak_memory(process: psutil.Process) -> Iterator[list[int]]:
    """Poll resident bytes while the block runs; the largest is the only item of the list."""
    seen = [process.memory_info().rss]

    def poll() -> None:
        seen[0] = max(seen[0], process.memory_info().rss)

    with polling(poll, POLL_SECONDS):
        yield seen


def _describe_in_new_process(video: Path, trajectories: Path | None, detector: str, model: str) -> MemoryUse:
    request = json.dumps([str(video), None if trajectories is None else str(trajectories), detector, model])
    command = [sys.executable, "-m", "smot_vlm.bench.memory", request]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{video.name}: describing it in a process of its own failed ({reason})")
    return MemoryUse(**json.loads(done.stdout.splitlines()[-1]))


def _repeated_images(source: Path | str) -> Iterator[tuple[int, np.ndarray]]:
    """Index and image of each frame, endlessly."""
    while True:
        with open_video(source) as video:
            for frame in video:
                yield frame.index, frame.image


if __name__ == "__main__":
    print(json.dumps(asdict(describe_and_measure(*json.loads(sys.argv[1])))))
