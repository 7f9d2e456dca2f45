"""Association: what every implementation of an algorithm finds, and how long it takes for a frame.

Outputs come first: each implementation links every video once, untimed, and the tracks are judged by HOTA against the
true ones and against ours. One that tracks worse is no peer, however fast. Our compiled road has to give the bits of our
numpy road, or nothing is timed.

What limits the speed: with ten people our numpy road makes about 150 calls into numpy on arrays of a few numbers; each
costs half a microsecond to two, whatever the arrays hold. The compiled road is one call of about three microseconds, most
of which is handing over arrays. With a thousand people the time goes into boxes that overlap: every track has dozens.

All implementations take turns within each round, so that a busy machine slows all of them alike, and every round
starts each of them anew on the same video. Converting detections into an implementation's own form is not timed.
"""

import gc
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.bench.association_peers import OURS, Contender, Tracks, contenders
from smot_vlm.bench.association_videos import (
    DetectedVideo,
    boxes_a_frame,
    recorded_detections,
    synthetic_video,
    tracks_as_rows,
)
from smot_vlm.evaluation.frame_boxes import frame_boxes
from smot_vlm.evaluation.tracking import tracking_part
from smot_vlm.formats.mot import MotRows

logger = logging.getLogger(__name__)

SIZES = (10, 50, 200, 1000)
# Ours: what the names of both roads begin with.
NAME = "smot-vlm"
# A peer may lie so far below our HOTA.
PEER_MARGIN = 0.01


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
        hota: Of its tracks against the true ones, 0 to 1; None where the truth is not known.
        switches: How often a person's id changes; None where the truth is not known.
        agreement: HOTA of its tracks against ours.
        is_peer: Whether it tracks no worse than ours, by HOTA; where the truth is not known, whether it agrees with ours.
    """

    associator: str
    implementation: str
    video: str
    people: float
    frames: int
    repeats: int
    median_milliseconds: float
    ratio: float
    hota: float | None
    switches: int | None
    agreement: float
    is_peer: bool


def run(
    folder: Path | None = None,
    *,
    associators: Sequence[str] = tuple(OURS),
    sizes: Sequence[int] = SIZES,
    peers: Sequence[str] = (),
    repeats: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> list[AssociationTiming]:
    """Time every implementation of some associators.

    Args:
        folder: Recorded detections, one folder a video with a det.npz (see `recorded_detections`); without it, videos
            are generated.
        associators: Keys of `OURS`.
        sizes: People in each generated video.
        peers: Packages to run beside ours, such as pyxtrackers; none for all.
        repeats: Rounds.
        progress: Called with the rounds done and the rounds in all.

    Raises:
        FileNotFoundError: No recorded detections in `folder`.
        ValueError: An associator without a benchmark, or repeats below one.
    """
    if folder is not None:
        videos = recorded_detections(folder)
    else:
        videos = {f"{size} people": synthetic_video(size) for size in sizes}
    return benchmark_association(videos, repeats, associators=associators, peers=peers, progress=progress)


def benchmark_association(
    videos: Mapping[str, DetectedVideo],
    repeats: int,
    *,
    associators: Sequence[str] = ("byte",),
    peers: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> list[AssociationTiming]:
    """Time every implementation on every video, in interleaved rounds.

    Args:
        videos: By name.
        repeats: Rounds.
        associators: Keys of `OURS`.
        peers: Packages to run beside ours; none for all.
        progress: Called with the rounds done and the rounds in all.

    Raises:
        ValueError: An associator without a benchmark, a peer that is not installed, a video without frames, or repeats below one.
    """
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}; give at least 1")
    for name, video in videos.items():
        if not video.detections:
            raise ValueError(f"video {name!r} has no frames; give the detections of at least one")
    groups = [_starting(group) for group in _chosen([contenders(name) for name in associators], peers)]
    rounds_done, rounds = 0, len(groups) * len(videos) * repeats
    timings = []
    for group in groups:
        for name, video in videos.items():
            prepared = [[contender.prepare(detections) for detections in video.detections] for contender in group]
            judged = _judge(group, prepared, video)
            seconds = np.empty((len(group), repeats, len(video.detections)))
            for turn in range(repeats):
                for index in np.roll(range(len(group)), turn):
                    seconds[index, turn] = _time_video(group[index], prepared[index])
                rounds_done += 1
                if progress is not None:
                    progress(rounds_done, rounds)
            timings += _timings(group, name, video, seconds, judged)
    return timings


def _chosen(groups: Sequence[Sequence[Contender]], peers: Sequence[str]) -> list[list[Contender]]:
    """Ours and, where peers are named, those alone."""
    known = {entry.implementation for group in groups for entry in group if not entry.implementation.startswith(NAME)}
    unknown = [peer for peer in peers if peer not in known]
    if unknown:
        raise ValueError(f"peer {unknown[0]!r} is not installed or has no such associator; it takes {sorted(known)}")
    return [
        [
            entry
            for entry in group
            if not peers or entry.implementation in peers or entry.implementation.startswith(NAME)
        ]
        for group in groups
    ]


def _starting(group: Sequence[Contender]) -> list[Contender]:
    """Those that can be started here: a compiled library may miss another one."""
    starting = []
    for contender in group:
        try:
            contender.start()
        except (ImportError, OSError) as error:
            logger.warning("%s (%s) is left out: %s", contender.implementation, contender.associator, error)
        else:
            starting.append(contender)
    return starting


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


@dataclass(frozen=True)
class _Judged:
    """The part of an `AssociationTiming` that is about tracks."""

    hota: float | None
    switches: int | None
    agreement: float
    is_peer: bool


def _judge(group: Sequence[Contender], prepared: Sequence[Sequence[object]], video: DetectedVideo) -> list[_Judged]:
    """Compare the tracks of all contenders with the truth and with those of the first, which is ours."""
    outputs = [_linked(contender, frames) for contender, frames in zip(group, prepared, strict=True)]
    _check_roads(group, outputs)
    ours = outputs[0]
    frames = len(video.detections)
    measures = [_hota(video.truth, tracks, frames) if video.truth is not None else None for tracks in outputs]
    judged = []
    for index, (tracks, measured) in enumerate(zip(outputs, measures, strict=True)):
        agreement = 1.0 if index == 0 else _hota(ours, tracks, frames)[0]
        first = measures[0]
        near = measured[0] >= first[0] - PEER_MARGIN if measured and first else agreement >= 1 - PEER_MARGIN
        hota, switches = measured or (None, None)
        judged.append(_Judged(hota, switches, agreement, near))
    return judged


def _linked(contender: Contender, frames: Sequence[object]) -> MotRows:
    link = contender.start()
    tracks: list[Tracks] = []
    for frame in frames:
        boxes, ids = contender.read(link(frame))
        tracks.append((np.array(boxes, dtype=np.float64), np.array(ids)))
    return tracks_as_rows([boxes for boxes, _ in tracks], [ids for _, ids in tracks])


def _check_roads(group: Sequence[Contender], outputs: Sequence[MotRows]) -> None:
    """Make sure that our two roads give the same ids and boxes."""
    ours = [rows for contender, rows in zip(group, outputs, strict=True) if contender.implementation.startswith(NAME)]
    for rows in ours[1:]:
        if not (np.array_equal(rows.ids, ours[0].ids) and np.array_equal(rows.boxes, ours[0].boxes)):
            raise ValueError(
                f"{group[0].associator}: the compiled road and numpy give different tracks, so no time is worth taking; "
                "report this with the versions of numba and numpy"
            )


def _hota(truth: MotRows, tracks: MotRows, frames: int) -> tuple[float, int]:
    """HOTA and id switches."""
    part = tracking_part([frame_boxes(truth, tracks, frames)])
    values = dict(zip((column.name for column in part.columns), part.score(np.ones(1)).tolist(), strict=True))
    return float(values["HOTA"]), int(values["IDs"])


def _timings(
    group: Sequence[Contender], name: str, video: DetectedVideo, seconds: np.ndarray, judged: Sequence[_Judged]
) -> list[AssociationTiming]:
    medians = np.median(seconds.reshape(len(group), -1), axis=1)
    return [
        AssociationTiming(
            associator=contender.associator,
            implementation=contender.implementation,
            video=name,
            people=boxes_a_frame(video.detections),
            frames=len(video.detections),
            repeats=seconds.shape[1],
            median_milliseconds=float(median * 1e3),
            ratio=float(median / medians[0]),
            hota=found.hota,
            switches=found.switches,
            agreement=found.agreement,
            is_peer=found.is_peer,
        )
        for contender, median, found in zip(group, medians, judged, strict=True)
    ]
