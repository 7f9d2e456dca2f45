"""Reading a long video: seconds and memory, against PyAV's bare loop over the same file.

Decoding alone is the floor; a frame that anybody can use must also become RGB, which costs as much as decoding does, so
the loop that is compared with converts each frame too. All take turns within a round.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import psutil

from smot_vlm.bench.clip import demo_clip
from smot_vlm.bench.memory import repeat_video
from smot_vlm.video.reader import open_video

OURS, RGB_LOOP, DECODING = "smot-vlm", "PyAV, decoded to RGB", "PyAV, decoded alone"
# Until then a reader fills its buffers.
_WARM_UP_FRAMES = 200


@dataclass(frozen=True)
class ReadingTiming:
    """One way of reading one video.

    Attributes:
        reader: OURS, RGB_LOOP or DECODING.
        frames: of the video.
        seconds: median of the repeats.
        ratio: these seconds over those of RGB_LOOP.
        growth_megabytes: how far resident memory rose after the first frames, 10^6 bytes, at most.
    """

    reader: str
    frames: int
    seconds: float
    ratio: float
    growth_megabytes: float


def run(
    video: Path | str | None = None,
    *,
    frames: int = 4000,
    repeats: int = 3,
    progress: Callable[[int, int], None] | None = None,
) -> list[ReadingTiming]:
    """Read a video in each way.

    Args:
        video: a file; without one, the clip that ships.
        frames: the video is repeated to so many.
        repeats: rounds; the median is given.
        progress: called with the rounds done and the rounds to do.

    Returns:
        The timings.

    Raises:
        ValueError: frames or repeats below one, or no video.
        FileNotFoundError: no such file.
    """
    if frames < 1 or repeats < 1:
        raise ValueError(f"frames is {frames} and repeats is {repeats}; give at least 1 each")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "long.mp4"
        repeat_video(demo_clip(None, None)[0] if video is None else video, path, frames)
        return time_reading(path, repeats, progress)


def time_reading(
    path: Path, repeats: int = 3, progress: Callable[[int, int], None] | None = None
) -> list[ReadingTiming]:
    """Read one file in each way.

    Args:
        path: a video file.
        repeats: rounds; the median is given.
        progress: called with the rounds done and the rounds to do.

    Returns:
        The timings.
    """
    readers: dict[str, Callable[[Callable[[], None]], int]] = {
        OURS: lambda on_frame: _read_ours(path, on_frame),
        RGB_LOOP: lambda on_frame: _read_bare(path, on_frame, convert=True),
        DECODING: lambda on_frame: _read_bare(path, on_frame, convert=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    growth = dict.fromkeys(readers, 0.0)
    count = 0
    for turn in range(repeats):
        for name, read in readers.items():
            watch = _MemoryWatch()
            start = time.perf_counter()
            count = read(watch.note)
            seconds[name].append(time.perf_counter() - start)
            growth[name] = max(growth[name], watch.growth / 1e6)
        if progress is not None:
            progress(turn + 1, repeats)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return [
        ReadingTiming(name, count, medians[name], medians[name] / medians[RGB_LOOP], growth[name]) for name in readers
    ]


class _MemoryWatch:
    """Resident memory now and then while frames come."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._frames = 0
        self._base = 0
        self.growth = 0

    def note(self) -> None:
        self._frames += 1
        if self._frames % _WARM_UP_FRAMES == 0:
            resident = self._process.memory_info().rss
            self._base = self._base or resident
            self.growth = max(self.growth, resident - self._base)


def _read_ours(path: Path, on_frame: Callable[[], None]) -> int:
    with open_video(path) as video:
        for _ in video:
            on_frame()
        return video.frames_read


def _read_bare(path: Path, on_frame: Callable[[], None], convert: bool) -> int:
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if convert:
                frame.to_ndarray(format="rgb24")
            on_frame()
            count += 1
    return count
