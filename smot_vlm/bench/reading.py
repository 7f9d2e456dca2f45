"""Reading a long video: seconds and memory, against PyAV's bare loops over the same file.

A frame becomes RGB when its image is first asked for, which can cost as much as decoding it does. So two pairs compare:
frames whose images nobody asks for, beside decoding alone, and frames whose images are used, beside decoding to RGB. All
take turns within a round.
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

OURS, DECODING = "smot-vlm, frames alone", "PyAV, decoded alone"
OURS_RGB, RGB_LOOP = "smot-vlm, their images", "PyAV, decoded to RGB"
# Until then a reader fills its buffers.
_WARM_UP_FRAMES = 200


@dataclass(frozen=True)
class ReadingTiming:
    """One way of reading one video.

    Attributes:
        reader: OURS, DECODING, OURS_RGB or RGB_LOOP.
        frames: of the video.
        seconds: median of the repeats.
        of_decoding: these seconds over those of DECODING in the same round; median of the rounds.
        of_rgb_loop: the same over those of RGB_LOOP.
        growth_megabytes: how far resident memory rose after the first frames, 10^6 bytes, at most.
    """

    reader: str
    frames: int
    seconds: float
    of_decoding: float
    of_rgb_loop: float
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
        OURS: lambda on_frame: _read_ours(path, on_frame, convert=False),
        DECODING: lambda on_frame: _read_bare(path, on_frame, convert=False),
        OURS_RGB: lambda on_frame: _read_ours(path, on_frame, convert=True),
        RGB_LOOP: lambda on_frame: _read_bare(path, on_frame, convert=True),
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
    return [
        ReadingTiming(
            name,
            count,
            statistics.median(seconds[name]),
            _median_ratio(seconds[name], seconds[DECODING]),
            _median_ratio(seconds[name], seconds[RGB_LOOP]),
            growth[name],
        )
        for name in readers
    ]


def _median_ratio(seconds: list[float], others: list[float]) -> float:
    return statistics.median(own / other for own, other in zip(seconds, others, strict=True))


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


def _read_ours(path: Path, on_frame: Callable[[], None], convert: bool) -> int:
    with open_video(path) as video:
        for frame in video:
            if convert:
                _ = frame.image
            on_frame()
        return video.frames_read


def _read_bare(path: Path, on_frame: Callable[[], None], convert: bool) -> int:
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if convert:
                # In one thread, as to wake others costs more than to convert a small picture.
                frame.to_ndarray(format="rgb24", threads=1)
            on_frame()
            count += 1
    return count
