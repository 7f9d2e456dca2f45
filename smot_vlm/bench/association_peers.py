"""The peers of our associators, each behind the same two calls: convert detections, and link a frame."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np

from smot_vlm.association.associators import Associator
from smot_vlm.association.byte import Byte
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.sort import Sort
from smot_vlm.structures import Detections

# Settings of every implementation: those of BYTE's released code.
HIGH_SCORE, LOW_SCORE, NEW_TRACK_SCORE, BUFFER_FRAMES, FPS = 0.5, 0.1, 0.6, 30, 30.0

# Ours, each with the defaults, which are its paper's.
OURS: dict[str, Callable[[], Associator]] = {"byte": Byte, "sort": Sort, "ocsort": OCSort}


@dataclass(frozen=True)
class Contender:
    """One implementation of one associator.

    Attributes:
        associator: A key of `OURS`.
        implementation: Its package.
        start: Makes a new instance and returns the function that links a frame.
        prepare: Converts detections into its own form, which is not timed.
    """

    associator: str
    implementation: str
    start: Callable[[], Callable[[Any], object]]
    prepare: Callable[[Detections], Any]


def contenders(associator: str) -> list[Contender]:
    """Our implementation and that of every peer that is installed.

    Args:
        associator: A key of `OURS`.

    Raises:
        ValueError: An associator that has no benchmark.
    """
    if associator not in OURS:
        raise ValueError(f"associator is {associator!r}; there are benchmarks of {', '.join(OURS)}")
    ours = Contender(associator, "smot-vlm", lambda: OURS[associator]().update, lambda detections: detections)
    peers = [
        Contender(associator, package, start, prepare)
        for package, start, prepare in _PEERS[associator]
        if find_spec(package) is not None
    ]
    return [ours, *peers]


def _trackers_byte() -> Callable[[Any], object]:
    from trackers import ByteTrackTracker

    return ByteTrackTracker(
        lost_track_buffer=BUFFER_FRAMES,
        frame_rate=FPS,
        track_activation_threshold=NEW_TRACK_SCORE,
        high_conf_det_threshold=HIGH_SCORE,
    ).update


def _trackers_sort() -> Callable[[Any], object]:
    from trackers import SORTTracker

    return SORTTracker(lost_track_buffer=1, frame_rate=FPS, track_activation_threshold=HIGH_SCORE).update


def _trackers_ocsort() -> Callable[[Any], object]:
    from trackers import OCSORTTracker

    return OCSORTTracker(lost_track_buffer=BUFFER_FRAMES, frame_rate=FPS, high_conf_det_threshold=HIGH_SCORE).update


def _ultralytics(kind: str) -> Callable[[Any], object]:
    from ultralytics.trackers.byte_tracker import BYTETracker
    from ultralytics.trackers.oc_sort import OCSORT

    settings = SimpleNamespace(
        track_high_thresh=HIGH_SCORE,
        track_low_thresh=LOW_SCORE,
        new_track_thresh=NEW_TRACK_SCORE,
        track_buffer=BUFFER_FRAMES,
        match_thresh=0.9,
        fuse_score=kind == "byte",
        delta_t=3,
        inertia=0.2,
        use_byte=False,
    )
    return {"byte": BYTETracker, "ocsort": OCSORT}[kind](settings).update


def _for_trackers(detections: Detections) -> Any:
    from supervision import Detections as SupervisionDetections

    return SupervisionDetections(
        xyxy=detections.boxes.astype(np.float32),
        confidence=detections.scores.astype(np.float32),
        class_id=np.zeros(len(detections), dtype=int),
    )


def _for_ultralytics(detections: Detections) -> Any:
    from ultralytics.engine.results import Boxes

    columns = (detections.boxes, detections.scores[:, None], np.zeros((len(detections), 1)))
    return Boxes(np.concatenate(columns, axis=1).astype(np.float32), (1080, 1920))


# For each associator: package, how it starts, its form of detections.
_PEERS: dict[str, list[tuple[str, Callable[[], Callable[[Any], object]], Callable[[Detections], Any]]]] = {
    "byte": [
        ("trackers", _trackers_byte, _for_trackers),
        ("ultralytics", partial(_ultralytics, "byte"), _for_ultralytics),
    ],
    "sort": [("trackers", _trackers_sort, _for_trackers)],
    "ocsort": [
        ("trackers", _trackers_ocsort, _for_trackers),
        ("ultralytics", partial(_ultralytics, "ocsort"), _for_ultralytics),
    ],
}
