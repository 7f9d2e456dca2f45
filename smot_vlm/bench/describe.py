"""Benchmark of describing one video: seconds of each part, while watching it and while writing the four output files.

Video decoding, the detector's forward pass and text generation are necessary; everything else is overhead.
"""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from smot_vlm.bench.clip import demo_clip
from smot_vlm.bench.machine import find_clock, spread
from smot_vlm.output.description_files import write_outputs
from smot_vlm.structures import Description
from smot_vlm.system.timing import PartTimes
from smot_vlm.tracker import Tracker
from smot_vlm.video.reader import open_video

WATCHING, WRITING = "watching", "writing"
# Parts that are no overhead; of the others, the feature network's forward pass is shown separately.
NEEDED = ("decode", "detector", "language")
FEATURE_NETWORK = "backbone"
FINDING = ("decode", "detector", "association", FEATURE_NETWORK)
REST = "rest"
# In processing order.
PARTS = {
    WATCHING: ("decode", "detector", "association", "backbone", "features", "fusion", "verbs", "language"),
    WRITING: ("decode", "drawing", "encoding", "report"),
}
WARM_UP_FRAMES = 5


@dataclass(frozen=True)
class PartTiming:
    """Time of one part.

    Attributes:
        phase: "watching" or "writing".
        part: An entry of PARTS, or "rest".
        seconds: Median over the repeats.
        share: Of the phase.
        spread: (largest - smallest) / median over the repeats.
    """

    phase: str
    part: str
    seconds: float
    share: float
    spread: float


@dataclass(frozen=True)
class DescribeTiming:
    """Time of describing one video.

    Attributes:
        video: File that was described.
        detector: Name of the detector, or "trajectories".
        frames: In the video.
        tracks: In the description.
        repeats: Of the measurement.
        seconds: Of watching, text generation included.
        writing_seconds: Of writing the files.
        overhead: Share of watching that is neither decoding, detector nor language model.
        overhead_without_features: The same without the feature network's forward pass.
        overhead_with_writing: Share of both phases, where drawing, encoding and the report count as overhead.
        parts: Times of all parts.
        dtype: Of the networks.
        batch: Frames through the detector at once.
        batch_speed: Frames a second in finding people (FINDING), with that batch over one by one, measured in turn;
            None with a batch of 1.
    """

    video: str
    detector: str
    frames: int
    tracks: int
    repeats: int
    seconds: float
    writing_seconds: float
    overhead: float
    overhead_without_features: float
    overhead_with_writing: float
    parts: tuple[PartTiming, ...]
    dtype: str = "float32"
    batch: int = 1
    batch_speed: float | None = None


def run(
    video: Path | str | None = None,
    *,
    detector: str | None = None,
    trajectories: Path | str | None = None,
    model: str = "demo",
    device: str = "auto",
    repeats: int = 3,
    clock: str = "wall",
    dtype: str = "float32",
    batch: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> DescribeTiming:
    """Describe a video repeatedly, after a warm-up.

    Args:
        video: A file; None for the demo clip with its trajectories.
        detector: As for the Tracker.
        trajectories: As for the Tracker.
        model: As for the Tracker.
        device: As for the Tracker.
        repeats: Number of timed descriptions.
        clock: A key of CLOCKS.
        dtype: As for the Tracker.
        batch: As for the Tracker.
        progress: Called with the rounds done and in total.

    Returns:
        The times.

    Raises:
        FileNotFoundError: See Tracker.from_pretrained and Tracker.describe.
        ValueError: The same, or repeats below one.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; give at least 1")
    if video is None:
        video, trajectories = demo_clip(detector, trajectories)
    name = "trajectories" if trajectories is not None else detector or "model"
    tracker = Tracker.from_pretrained(model, detector=detector or "model", device=device, dtype=dtype, batch=batch)
    return time_description(tracker, video, trajectories, name, repeats=repeats, clock=clock, progress=progress)


def time_description(
    tracker: Tracker,
    video: Path | str,
    trajectories: Path | str | None,
    detector: str,
    *,
    repeats: int,
    clock: str = "wall",
    progress: Callable[[int, int], None] | None = None,
) -> DescribeTiming:
    """Describe a video repeatedly with a given tracker, after a warm-up.

    Args:
        tracker: Describes the video.
        video: A file.
        trajectories: As for the Tracker.
        detector: Name to report.
        repeats: Number of timed descriptions.
        clock: A key of CLOCKS.
        progress: Called with the rounds done and in total.

    Returns:
        The times.
    """
    tracker.describe(video, trajectories=trajectories, max_frames=WARM_UP_FRAMES)
    rounds: dict[str, list[dict[str, float]]] = {WATCHING: [], WRITING: []}
    batch, single = tracker.batch, []
    for done in range(repeats):
        if batch > 1:
            tracker.batch = 1
            single.append(_finding(_watch(tracker, video, trajectories, clock)[1]))
            tracker.batch = batch
        description, watched = _watch(tracker, video, trajectories, clock)
        rounds[WATCHING].append(watched)
        rounds[WRITING].append(_write(description, video, clock))
        if progress is not None:
            progress(done + 1, repeats)
    parts = tuple(timing for phase, repeated in rounds.items() for timing in _part_timings(phase, repeated))
    watching = {timing.part: timing.seconds for timing in parts if timing.phase == WATCHING}
    writing = {timing.part: timing.seconds for timing in parts if timing.phase == WRITING}
    seconds, writing_seconds = sum(watching.values()), sum(writing.values())
    overhead, writing_overhead = _overhead(watching), _overhead(writing)
    return DescribeTiming(
        video=str(video),
        detector=detector,
        frames=description.video.frames,
        tracks=len(description.tracks),
        repeats=repeats,
        seconds=seconds,
        writing_seconds=writing_seconds,
        overhead=overhead / seconds,
        overhead_without_features=(overhead - watching.get(FEATURE_NETWORK, 0.0)) / seconds,
        overhead_with_writing=(overhead + writing_overhead) / (seconds + writing_seconds),
        parts=parts,
        dtype=tracker.dtype,
        batch=batch,
        batch_speed=statistics.median(single) / _finding(watching) if single else None,
    )


def _finding(seconds: dict[str, float]) -> float:
    """Of what finds the people: what a batch can change."""
    return sum(seconds.get(part, 0.0) for part in FINDING)


def _overhead(seconds: dict[str, float]) -> float:
    return sum(value for part, value in seconds.items() if part not in NEEDED)


def _watch(
    tracker: Tracker, video: Path | str, trajectories: Path | str | None, clock: str
) -> tuple[Description, dict[str, float]]:
    now = find_clock(clock)
    times, start = PartTimes(now), now()
    description = tracker.describe(video, trajectories=trajectories, times=times)
    return description, _with_rest(times, now() - start)


def _write(description: Description, video: Path | str, clock: str) -> dict[str, float]:
    now = find_clock(clock)
    times = PartTimes(now)
    with tempfile.TemporaryDirectory() as folder:
        start = now()
        fps = description.video.fps
        write_outputs(Path(folder) / "described", description, lambda: open_video(video), fps, times=times)
        return _with_rest(times, now() - start)


def _with_rest(times: PartTimes, seconds: float) -> dict[str, float]:
    return {**times.seconds, REST: seconds - sum(times.seconds.values())}


def _part_timings(phase: str, rounds: list[dict[str, float]]) -> list[PartTiming]:
    """Medians by part; shares are of the sum of the medians, so that they add up to 1."""
    measured = {part for times in rounds for part in times}
    named = [part for part in PARTS[phase] if part in measured]
    names = [*named, *sorted(measured - {*named, REST}), REST]
    seconds = {name: [times.get(name, 0.0) for times in rounds] for name in names}
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    total = sum(medians.values())
    return [
        PartTiming(phase, name, median, median / total, spread(seconds[name]) if median > 0 else 0.0)
        for name, median in medians.items()
    ]
