"""Benchmark of memory: a long video against a short one, each described by a new process that writes the output files.

The videos are repetitions of one clip and its boxes. Models are not counted: only the growth of the process after they
are loaded.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import av
import psutil

from smot_vlm.bench.clip import demo_clip
from smot_vlm.bench.polling import polling
from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.formats.mot_files import read_results
from smot_vlm.output.claimed_folder import DESCRIPTION
from smot_vlm.system.allocator import share_arenas
from smot_vlm.video.reader import open_video
from smot_vlm.video.writer import VideoWriter

if TYPE_CHECKING:
    from smot_vlm.structures import Description
    from smot_vlm.tracker import Tracker

LENGTHS = (300, 3000)
POLL_SECONDS = 0.005
# The unit of ru_maxrss.
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class MemoryUse:
    """Memory of one description.

    Attributes:
        frames: That were described.
        tracks: In the description.
        seconds: Of describing and writing.
        loaded_megabytes: Resident memory (10^6 bytes) with the models loaded.
        peak_megabytes: At its peak.
        growth_megabytes: The difference.
        json_megabytes: Size of description.json.
    """

    frames: int
    tracks: int
    seconds: float
    loaded_megabytes: float
    peak_megabytes: float
    growth_megabytes: float
    json_megabytes: float = 0.0


@dataclass(frozen=True)
class _Request:
    """What a process of its own is to describe.

    Attributes:
        video: A file.
        trajectories: As for the Tracker.
        detector: The same.
        model: The same.
        stride: The same.
        refresh_seconds: Between two descriptions of a stream; None describes the video at its end only.
    """

    video: str
    trajectories: str | None
    detector: str
    model: str
    stride: int = 1
    refresh_seconds: float | None = None


def run(
    video: Path | str | None = None,
    *,
    detector: str | None = None,
    trajectories: Path | str | None = None,
    model: str = "demo",
    lengths: Sequence[int] = LENGTHS,
    minutes: Sequence[float] = (),
    looks: float | None = None,
    refresh_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[MemoryUse]:
    """Describe a video, repeated to several lengths.

    Args:
        video: A file; None for the demo clip with its trajectories.
        detector: As for the Tracker.
        trajectories: As for the Tracker.
        model: As for the Tracker.
        lengths: Frames of each repeated video.
        minutes: The same in minutes, in place of `lengths`.
        looks: Frames a second that are described; None: all.
        refresh_seconds: Describe as a stream, with a description every so many seconds; None: at the end only.
        progress: Called with the videos done and in total.

    Returns:
        The memory of each length.

    Raises:
        FileNotFoundError: See Tracker.from_pretrained and Tracker.describe.
        ValueError: The same, or a length below one.
    """
    if video is None:
        video, trajectories = demo_clip(detector, trajectories)
    with open_video(video) as clip:
        fps = clip.fps
    lengths = [round(length * 60 * fps) for length in minutes] or lengths
    if min(lengths) < 1:
        raise ValueError(f"lengths are {list(lengths)}; give at least 1 frame each")
    stride = 1 if looks is None else max(1, round(fps / looks))
    uses = []
    with TemporaryDirectory() as folder:
        for done, frames in enumerate(lengths):
            long_video = Path(folder) / f"{frames}.mp4"
            clip_frames = repeat_video(video, long_video, frames)
            long_boxes = None
            if trajectories is not None:
                long_boxes = Path(folder) / f"{frames}.txt"
                long_boxes.write_text(format_mot(repeat_boxes(read_results(trajectories).rows, clip_frames, frames)))
            boxes = None if long_boxes is None else str(long_boxes)
            # Without boxes a model that ships chooses its detector itself.
            finder = detector or ("model" if boxes else "auto")
            uses.append(
                _describe_in_new_process(_Request(str(long_video), boxes, finder, model, stride, refresh_seconds))
            )
            long_video.unlink()
            if progress is not None:
                progress(done + 1, len(lengths))
    return uses


def repeat_video(source: Path | str, target: Path, frames: int) -> int:
    """Write a video that repeats another one, which is encoded once.

    Args:
        source: The video to repeat.
        target: The file to write.
        frames: Its length.

    Returns:
        Frames of `source`, or `frames` if it has more.
    """
    with open_video(source) as video, TemporaryDirectory() as folder:
        once = Path(folder) / "once.mp4"
        length = 0
        with VideoWriter(once, video.fps, video.width, video.height) as writer:
            for frame in islice(video, frames):
                writer.write(frame.image)
                length += 1
        _repeat_packets(once, target, length, frames)
    return length


def _repeat_packets(source: Path, target: Path, length: int, frames: int) -> None:
    """Copy the packets of a video without B-frames again and again."""
    with av.open(f"file:{source}") as clip, av.open(f"file:{target}", "w") as container:
        stream = clip.streams.video[0]
        copied = container.add_stream_from_template(stream)
        packets = [(bytes(packet), packet.is_keyframe) for packet in clip.demux(stream) if packet.size]
        assert len(packets) == length
        assert stream.average_rate is not None
        assert stream.time_base is not None
        ticks = round(1 / (stream.average_rate * stream.time_base))
        for index in range(frames):
            content, is_keyframe = packets[index % length]
            packet = av.Packet(content)
            packet.pts = packet.dts = index * ticks
            packet.duration = ticks
            packet.time_base = stream.time_base
            packet.is_keyframe = is_keyframe
            packet.stream = copied
            container.mux(packet)


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


def describe_and_measure(request: _Request) -> MemoryUse:
    """Describe a video and write the output files; the calling process is measured and should be a new one.

    Args:
        request: What to describe.

    Returns:
        The memory of this process.
    """
    from smot_vlm.output.description_files import write_outputs
    from smot_vlm.tracker import Tracker

    tracker = Tracker.from_pretrained(request.model, detector=request.detector)
    process, start = psutil.Process(), time.perf_counter()
    loaded, peak_before = process.memory_info().rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _peak_memory(process) as seen, TemporaryDirectory() as folder:
        description = _described(tracker, request)
        fps = description.video.fps / request.stride
        out = Path(folder) / "described"
        write_outputs(out, description, lambda: open_video(request.video, stride=request.stride), fps)
        size = (out / DESCRIPTION).stat().st_size
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
        json_megabytes=size / 1e6,
    )


def _described(tracker: "Tracker", request: _Request) -> "Description":
    """The description of the whole video."""
    given: dict[str, Any] = {"trajectories": request.trajectories, "stride": request.stride}
    if request.refresh_seconds is None:
        return tracker.describe(request.video, **given)
    description = None
    for update in tracker.stream(request.video, **given, refresh_seconds=request.refresh_seconds):
        description = update.description
    assert description is not None, "a stream ends with a description"
    return description


@contextmanager
def _peak_memory(process: psutil.Process) -> Iterator[list[int]]:
    """Poll resident bytes while the block runs; the largest is the only item of the list."""
    seen = [process.memory_info().rss]

    def poll() -> None:
        seen[0] = max(seen[0], process.memory_info().rss)

    with polling(poll, POLL_SECONDS):
        yield seen


def _describe_in_new_process(request: _Request) -> MemoryUse:
    command = [sys.executable, "-m", "smot_vlm.bench.memory", json.dumps(asdict(request))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{Path(request.video).name}: describing it in a process of its own failed ({reason})")
    return MemoryUse(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    share_arenas()  # as the command does
    print(json.dumps(asdict(describe_and_measure(_Request(**json.loads(sys.argv[1]))))))
