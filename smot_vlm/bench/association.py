"""Association: time a frame, against the same algorithm in `trackers` and in `ultralytics`.

What limits the speed: with ten people a frame is about 150 calls into numpy on arrays of a few numbers; each call costs
half a microsecond to two, whatever the arrays hold, so the number of calls is the time. With two hundred, the
comparison of every track with every detection dominates, since it grows with their product, then the solver for people
who compete for the same boxes; the filter of all tracks is still a few calls.

All implementations take turns within each round, so that a busy machine slows all of them alike, and every round
starts each of them anew on the same video. Converting detections into an implementation's own form is not timed.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.bench.association_peers import OURS, Contender, contenders
from smot_vlm.structures import Detections

SIZES = (10, 50, 200)
WIDTH, HEIGHT = 1920, 1080


@dataclass(frozen=True)
class AssociationTiming:
    """The median time a frame of one implementation on one video.

    Attributes:
        associator: A key of `OURS`.
        implementation: Its package.
        video: Its name.
        people: The mean number of boxes a frame.
        frames: Of the video.
        repeats: Rounds.
        median_milliseconds: A frame.
        ratio: This time over ours on the same video: 3 means that ours is three times as fast.
    """

    associator: str
    implementation: str
    video: str
    people: float
    frames: int
    repeats: int
    median_milliseconds: float
    ratio: float


def run(
    folder: Path | None = None,
    *,
    associators: Sequence[str] = tuple(OURS),
    sizes: Sequence[int] = SIZES,
    repeats: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> list[AssociationTiming]:
    """Time every implementation of some associators.

    Args:
        folder: Recorded detections, one folder a video with a det.npz (see `recorded_detections`); without it, videos
            are generated.
        associators: Keys of `OURS`.
        sizes: People in each generated video.
        repeats: Rounds.
        progress: Called with the rounds done and the rounds in all.

    Raises:
        FileNotFoundError: No recorded detections in `folder`.
        ValueError: An associator without a benchmark, or repeats below one.
    """
    if folder is not None:
        videos = recorded_detections(folder)
    else:
        videos = {f"{size} people": synthetic_detections(size) for size in sizes}
    return benchmark_association(videos, repeats, associators=associators, progress=progress)


def benchmark_association(
    detections_by_video: Mapping[str, Sequence[Detections]],
    repeats: int,
    *,
    associators: Sequence[str] = ("byte",),
    progress: Callable[[int, int], None] | None = None,
) -> list[AssociationTiming]:
    """Time every implementation on every video, in interleaved rounds.

    Args:
        detections_by_video: Name of each video and the detections of each of its frames.
        repeats: Rounds.
        associators: Keys of `OURS`.
        progress: Called with the rounds done and the rounds in all.

    Raises:
        ValueError: An associator without a benchmark, a video without frames, or repeats below one.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; give at least 1")
    for name, video in detections_by_video.items():
        if not video:
            raise ValueError(f"video {name!r} has no frames; give the detections of at least one")
    groups = [contenders(associator) for associator in associators]
    rounds_done, rounds = 0, len(groups) * len(detections_by_video) * repeats
    timings = []
    for group in groups:
        for name, video in detections_by_video.items():
            prepared = [[contender.prepare(detections) for detections in video] for contender in group]
            seconds = np.empty((len(group), repeats, len(video)))
            for turn in range(repeats):
                for index in np.roll(range(len(group)), turn):
                    seconds[index, turn] = _time_video(group[index], prepared[index])
                rounds_done += 1
                if progress is not None:
                    progress(rounds_done, rounds)
            timings += _timings(group, name, video, seconds)
    return timings


def _time_video(contender: Contender, frames: Sequence[object]) -> np.ndarray:
    """Seconds (frames) that a new instance takes for each frame."""
    link = contender.start()
    seconds = np.empty(len(frames))
    collecting = gc.isenabled()
    gc.disable()
    try:
        for index, frame in enumerate(frames):
            start = time.perf_counter()
            link(frame)
            seconds[index] = time.perf_counter() - start
    finally:
        if collecting:
            gc.enable()
    return seconds


def _timings(
    group: Sequence[Contender], name: str, video: Sequence[Detections], seconds: np.ndarray
) -> list[AssociationTiming]:
    medians = np.median(seconds.reshape(len(group), -1), axis=1)
    return [
        AssociationTiming(
            associator=contender.associator,
            implementation=contender.implementation,
            video=name,
            people=float(np.mean([len(detections) for detections in video])),
            frames=len(video),
            repeats=seconds.shape[1],
            median_milliseconds=float(median * 1e3),
            ratio=float(median / medians[0]),
        )
        for contender, median in zip(group, medians, strict=True)
    ]


def recorded_detections(folder: Path) -> dict[str, list[Detections]]:
    """Read the detections of every video in a folder.

    The arrays are `frame` (n), counted from 1, `xyxy` (n, 4), `score` (n) and `num_frames`; files of several scenes are
    skipped.

    Args:
        folder: Holds a NAME/det.npz for each video.

    Returns:
        Detections of each frame by the video's name, fewest boxes first.

    Raises:
        FileNotFoundError: No such file in `folder`.
    """
    videos = {}
    for path in sorted(Path(folder).glob("*/det.npz")):
        with np.load(path) as table:
            if "num_frames" not in table:
                continue
            frame, boxes, scores = table["frame"], table["xyxy"], table["score"]
            rows = [np.flatnonzero(frame == number) for number in range(1, int(table["num_frames"]) + 1)]
        videos[path.parent.name] = [Detections(boxes[index], scores[index]) for index in rows]
    if not videos:
        raise FileNotFoundError(
            f"{folder}: no NAME/det.npz with recorded detections; leave the folder out to make some"
        )
    return dict(sorted(videos.items(), key=lambda item: sum(map(len, item[1])) / len(item[1])))


def synthetic_detections(people: int, *, frames: int = 150, seed: int = 0) -> list[Detections]:
    """Generate the detections of a crowd in 1920 x 1080 pixels: people enter, walk and leave.

    One detection in ten is missed, one in four has a score under 0.5, one in twenty is false. Rows are shuffled.

    Args:
        people: Their number in each frame.
        frames: Of the video.
        seed: The same seed gives the same video.
    """
    random = np.random.default_rng(seed)
    centers = random.uniform((0, 0), (WIDTH, HEIGHT), (people, 2))
    speeds = random.normal(0, 3, (people, 2))
    sizes = random.uniform((25, 60), (70, 200), (people, 2))
    video = []
    for _ in range(frames):
        replaced = (random.random(people) < 0.01) | (np.abs(centers / (WIDTH, HEIGHT) - 0.5) > 0.55).any(axis=1)
        centers[replaced] = random.uniform((0, 0), (WIDTH, HEIGHT), (int(replaced.sum()), 2))
        centers += speeds
        speeds += random.normal(0, 0.3, speeds.shape)
        seen = random.random(people) > 0.1
        false_boxes = random.uniform((0, 0), (WIDTH, HEIGHT), (random.binomial(people, 0.05), 2))
        middle = np.concatenate([centers[seen] + random.normal(0, 1, (int(seen.sum()), 2)), false_boxes])
        extent = np.concatenate([sizes[seen], random.uniform((25, 60), (70, 200), (len(false_boxes), 2))])
        is_low = random.random(len(middle)) < 0.25
        scores = np.where(is_low, random.uniform(0.1, 0.5, len(middle)), random.uniform(0.6, 0.98, len(middle)))
        order = random.permutation(len(middle))
        boxes = np.concatenate([middle - extent / 2, middle + extent / 2], axis=1)
        video.append(Detections(boxes[order], scores[order]))
    return video
