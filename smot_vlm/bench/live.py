"""Benchmark of a live camera: whether boxes keep its rate, without words, with words beside them, and with words in line.

Whether the model knows such pictures is not asked: it writes its words, as right as they may be.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from smot_vlm.bench.camera import camera_of
from smot_vlm.bench.clip import demo_clip
from smot_vlm.structures import Health
from smot_vlm.system.timing import PartTimes
from smot_vlm.tracker import Tracker, Update
from smot_vlm.video.reader import open_video
from smot_vlm.video.reconnecting import LiveSettings
from smot_vlm.video.writer import VideoWriter

NO_WORDS, APART, IN_LINE = "no words", "words apart", "words in line"
# Whether words are written, and whether apart.
_WAYS: dict[str, bool | None] = {NO_WORDS: None, APART: True, IN_LINE: False}
# What is seen before the models are warm is not counted.
WARM_UP_SECONDS = 3.0
RECENT_SECONDS = 8.0
# The clip that ships has four people; three of it, in the upper left, the upper right and the lower left, have twelve.
_TILES = ((0, 0), (0, 1), (1, 0))


@dataclass(frozen=True)
class LiveTiming:
    """A camera, watched for some time.

    Attributes:
        words: "no words", "words apart" or "words in line".
        rate: frames a second of the camera.
        frames: that came.
        delivered: of these, how many were given with their boxes.
        dropped: how many were let go because boxes fell behind.
        delivered_fps: frames a second with boxes.
        lag: seconds that a frame had waited for its boxes to begin, median.
        longest_lag: the longest.
        people: in a frame, on average.
        described: descriptions written in that time.
        captions: of people, in the newest of them.
        behind: seconds from the newest frame that a description tells of to the frame with which it came, median.
        busiest: the part that took most of the time, with its seconds in a second.
        parts: the same of each part; those of words that are apart, too.
    """

    words: str
    rate: float
    frames: int
    delivered: int
    dropped: int
    delivered_fps: float
    lag: float
    longest_lag: float
    people: float
    described: int
    captions: int
    behind: float | None
    busiest: str
    parts: dict[str, float]


def run(
    video: Path | str | None = None,
    *,
    detector: str | None = None,
    model: str = "demo",
    device: str = "auto",
    rates: Sequence[float] = (25.0,),
    seconds: float = 20.0,
    refresh_seconds: float = 4.0,
    progress: Callable[[int, int], None] | None = None,
) -> list[LiveTiming]:
    """Watch a camera that shows a clip again and again.

    Args:
        video: a file; None for twelve people, three times those of the clip that ships.
        detector: as for the Tracker; None: "people", YOLOX-nano.
        model: as for the Tracker.
        device: as for the Tracker.
        rates: of the camera, in frames a second.
        seconds: that each way is measured.
        refresh_seconds: between two descriptions.
        progress: called with the measurements done and in total.

    Returns:
        Of each rate the three ways.

    Raises:
        ValueError: a number that is not above 0.
        FileNotFoundError: see Tracker.from_pretrained.
    """
    for name, values in (("rates", rates), ("seconds", [seconds]), ("refresh_seconds", [refresh_seconds])):
        if not values or not all(value > 0 for value in values):
            raise ValueError(f"{name} is {list(values)}; give numbers above 0")
    tracker = Tracker.from_pretrained(model, detector=detector or "people", device=device)
    tracker.model.domain, tracker.successor = None, None
    timings: list[LiveTiming] = []
    with _clip(video) as clip:
        for rate in rates:
            for way in _WAYS:
                timings.append(watch(tracker, clip, way, rate, seconds, refresh_seconds))
                if progress is not None:
                    progress(len(timings), len(rates) * len(_WAYS))
    return timings


def watch(tracker: Tracker, clip: Path, way: str, rate: float, seconds: float, refresh_seconds: float) -> LiveTiming:
    """Watch a camera in one way.

    Args:
        tracker: with its models.
        clip: what the camera shows.
        way: "no words", "words apart" or "words in line".
        rate: frames a second of the camera.
        seconds: that are measured, after a warm-up.
        refresh_seconds: between two descriptions.

    Returns:
        What was measured.
    """
    times, seen = PartTimes(), _Seen()
    with camera_of(clip, rate) as address:
        updates = tracker.stream(
            address,
            refresh_seconds=None if way == NO_WORDS else refresh_seconds,
            recent_seconds=RECENT_SECONDS,
            words_apart=_WAYS[way],
            live=LiveSettings(),
            times=times,
        )
        try:
            began = before = None
            first = health = Health()
            for update in updates:
                assert update.health is not None, "a camera has it"
                now, health = time.monotonic(), update.health
                began = now if began is None else began
                if now - began < WARM_UP_SECONDS:
                    continue
                if before is None:
                    before, first, spent = now, health, dict(times.seconds)
                    continue
                seen.add(update)
                if now - before >= seconds:
                    break
        finally:
            updates.close()
    assert before is not None, "the camera shows more than the warm-up"
    passed = now - before
    parts = {part: (value - spent.get(part, 0.0)) / passed for part, value in times.seconds.items() if part != "decode"}
    busiest = max(parts, key=lambda part: parts[part])
    return LiveTiming(
        way,
        rate,
        health.frames - first.frames,
        seen.frames,
        health.dropped - first.dropped,
        seen.frames / passed,
        statistics.median(seen.lags),
        max(seen.lags),
        seen.people / seen.frames,
        seen.described,
        seen.captions,
        statistics.median(seen.behind) if seen.behind else None,
        f"{busiest} {parts[busiest]:.2f}",
        parts,
    )


class _Seen:
    """What the updates of a measurement told."""

    def __init__(self) -> None:
        self.frames = self.people = self.described = self.captions = 0
        self.lags: list[float] = []
        self.behind: list[float] = []

    def add(self, update: Update) -> None:
        """Take in an update.

        Args:
            update: with health.
        """
        assert update.health is not None, "a camera has it"
        self.frames += 1
        self.people += len(update.people)
        self.lags.append(update.health.lag_seconds)
        if update.refreshed and update.description is not None and update.described_seconds is not None:
            self.described += 1
            self.captions = sum(bool(track.caption) for track in update.description.tracks)
            self.behind.append(update.frame.time_seconds - update.described_seconds)


@contextmanager
def _clip(video: Path | str | None) -> Iterator[Path]:
    """The clip as the camera can play it: H.264 whose frames are in order."""
    source = demo_clip(None, None)[0] if video is None else Path(video)
    with TemporaryDirectory() as folder, open_video(source) as frames:
        clip = Path(folder) / "clip.mp4"
        scale = 2 if video is None else 1
        with VideoWriter(clip, frames.fps, scale * frames.width, scale * frames.height) as writer:
            for frame in frames:
                writer.write(frame.image if video is not None else crowded(frame.image))
        yield clip


def crowded(image: np.ndarray) -> np.ndarray:
    """Three times a picture; the fourth quarter is black.

    Args:
        image: RGB uint8 (height, width, 3), of even height.

    Returns:
        Of twice its width and height.
    """
    height, width = image.shape[:2]
    whole = np.zeros((2 * height, 2 * width, 3), np.uint8)
    for row, column in _TILES:
        whole[row * height : (row + 1) * height, column * width : (column + 1) * width] = image
    return whole
