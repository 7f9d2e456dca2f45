"""The peers of our associators, each behind the same three calls: convert detections, link a frame, read its tracks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np

from smot_vlm.association.associators import Associator
from smot_vlm.association.byte import Byte
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.roads import load_compiled
from smot_vlm.association.sort import Sort
from smot_vlm.structures import Detections

# Settings of every implementation: those of BYTE's released code.
HIGH_SCORE, LOW_SCORE, NEW_TRACK_SCORE, BUFFER_FRAMES, FPS = 0.5, 0.1, 0.6, 30, 30.0

# Ours, each with the defaults, which are its paper's.
OURS: dict[str, Callable[..., Associator]] = {"byte": Byte, "sort": Sort, "ocsort": OCSort}
# Boxes (n, 4) and ids (n) of a frame.
Tracks = tuple[np.ndarray, np.ndarray]
Start = Callable[[], Callable[[Any], object]]


@dataclass(frozen=True)
class Contender:
    """One implementation of one associator.

    Attributes:
        associator: A key of `OURS`.
        implementation: Its package.
        start: Makes a new instance and returns the function that links a frame.
        prepare: Converts detections into its own form, which is not timed.
        read: Takes boxes and ids from what the function returns, which is not timed either.
    """

    associator: str
    implementation: str
    start: Start
    prepare: Callable[[Detections], Any]
    read: Callable[[Any], Tracks]


def contenders(associator: str) -> list[Contender]:
    """Our implementation, its two roads (the compiled one first, where numba is installed), and every installed peer.

    Args:
        associator: A key of `OURS`.

    Raises:
        ValueError: An associator that has no benchmark.
    """
    if associator not in OURS:
        raise ValueError(f"associator is {associator!r}; there are benchmarks of {', '.join(OURS)}")
    roads = {"smot-vlm": True, "smot-vlm (numpy)": False} if load_compiled() else {"smot-vlm (numpy)": False}
    ours = [
        Contender(associator, name, partial(_ours, associator, compiled), lambda detections: detections, _read_ours)
        for name, compiled in roads.items()
    ]
    peers = [
        Contender(associator, package.replace("_", "-"), start, prepare, read)
        for package, start, prepare, read in _PEERS[associator]
        if find_spec(package) is not None and (package != "boxmot" or _boxmot_is_built(associator))
    ]
    return [*ours, *peers]


def _ours(associator: str, compiled: bool) -> Callable[[Any], object]:
    return OURS[associator](compiled=compiled).update


def _read_ours(linked: Detections) -> Tracks:
    assert linked.ids is not None
    return linked.boxes, linked.ids


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


def _read_trackers(linked: Any) -> Tracks:
    ids = np.asarray(linked.tracker_id)
    return linked.xyxy[ids >= 0], ids[ids >= 0]


def _read_rows(linked: Any) -> Tracks:
    """Of libraries that return rows x1, y1, x2, y2, id and more."""
    rows = np.asarray(linked, dtype=np.float64)
    rows = rows.reshape(len(rows), -1) if len(rows) else np.zeros((0, 5))
    return rows[:, :4], rows[:, 4].astype(np.int64)


def _pyxtrackers_byte() -> Callable[[Any], object]:
    from pyxtrackers import BYTETracker

    link: Callable[[Any], object] = BYTETracker(
        track_thresh=HIGH_SCORE, match_thresh=0.9, track_buffer=BUFFER_FRAMES, frame_rate=int(FPS)
    ).update
    return link


def _pyxtrackers_sort() -> Callable[[Any], object]:
    from pyxtrackers import Sort as PyxSort

    link: Callable[[Any], object] = PyxSort(max_age=1, min_hits=3, iou_threshold=0.3).update
    return link


def _pyxtrackers_ocsort() -> Callable[[Any], object]:
    from pyxtrackers import OCSort as PyxOCSort

    link: Callable[[Any], object] = PyxOCSort(det_thresh=HIGH_SCORE, max_age=BUFFER_FRAMES).update
    return link


def _visiontrack() -> Callable[[Any], object]:
    from visiontrack_cpp import ByteTracker, TrackerConfig

    tracker = ByteTracker(
        TrackerConfig(high_score_thresh=HIGH_SCORE, low_score_thresh=LOW_SCORE, max_age=BUFFER_FRAMES)
    )
    return lambda boxes_and_scores: tracker.update(*boxes_and_scores)


# Our names -> those of BoxMOT's compiled trackers.
_BOXMOT = {"byte": "bytetrack", "ocsort": "ocsort"}
_BOXMOT_SETTINGS: dict[str, dict[str, Any]] = {
    "byte": {
        "min_conf": LOW_SCORE, "track_thresh": HIGH_SCORE, "match_thresh": 0.9, "track_buffer": BUFFER_FRAMES,
        "frame_rate": int(FPS), "asso_func": "iou",
    },
    "ocsort": {
        "min_conf": LOW_SCORE, "det_thresh": HIGH_SCORE, "iou_threshold": 0.3, "max_age": BUFFER_FRAMES, "min_hits": 3,
        "delta_t": 3, "use_byte": False, "inertia": 0.2, "max_obs": 50, "asso_func": "iou",
    },
}  # fmt: skip


def _boxmot_is_built(associator: str) -> bool:
    """Whether its compiled tracker is at hand; it would otherwise start a compiler."""
    from boxmot.native._common import candidate_libraries

    return any(path.is_file() for path in candidate_libraries(_BOXMOT[associator]))


def _boxmot(associator: str) -> Callable[[Any], object]:
    """Its compiled tracker by its C interface, without the conversions around it."""
    name = _BOXMOT[associator]
    library = getattr(import_module(f"boxmot.native.trackers.{name}"), f"get_{name}_library")()
    handle = library.create(_BOXMOT_SETTINGS[associator])
    return lambda arrays: library.update(handle, **arrays, embeddings=None, image=None)


def _for_boxmot(detections: Detections) -> dict[str, np.ndarray]:
    return {
        "geometry": np.ascontiguousarray(detections.boxes, dtype=np.float32),
        "scores": np.ascontiguousarray(detections.scores, dtype=np.float32),
        "class_ids": np.zeros(len(detections), dtype=np.int64),
        "detection_indices": np.arange(len(detections), dtype=np.int64),
    }


def _read_boxmot(linked: Any) -> Tracks:
    return linked.geometry.astype(np.float64), linked.track_ids


def _for_pyxtrackers(detections: Detections) -> np.ndarray:
    return np.concatenate([detections.boxes, detections.scores[:, None]], axis=1)


def _for_pyxtrackers_sort(detections: Detections) -> np.ndarray:
    """Its SORT has no limit of scores: high ones alone are given."""
    return _for_pyxtrackers(detections.select(detections.scores.astype(np.float32) > HIGH_SCORE))


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


# For each associator: package, how it starts, its form of detections, how its tracks are read.
_PEERS: dict[str, list[tuple[str, Start, Callable[[Detections], Any], Callable[[Any], Tracks]]]] = {
    "byte": [
        ("pyxtrackers", _pyxtrackers_byte, _for_pyxtrackers, _read_rows),
        ("visiontrack_cpp", _visiontrack, lambda found: (found.boxes, found.scores), lambda out: (out[1], out[0])),
        ("boxmot", partial(_boxmot, "byte"), _for_boxmot, _read_boxmot),
        ("trackers", _trackers_byte, _for_trackers, _read_trackers),
        ("ultralytics", partial(_ultralytics, "byte"), _for_ultralytics, _read_rows),
    ],
    "sort": [
        ("pyxtrackers", _pyxtrackers_sort, _for_pyxtrackers_sort, _read_rows),
        ("trackers", _trackers_sort, _for_trackers, _read_trackers),
    ],
    "ocsort": [
        ("pyxtrackers", _pyxtrackers_ocsort, _for_pyxtrackers, _read_rows),
        ("boxmot", partial(_boxmot, "ocsort"), _for_boxmot, _read_boxmot),
        ("trackers", _trackers_ocsort, _for_trackers, _read_trackers),
        ("ultralytics", partial(_ultralytics, "ocsort"), _for_ultralytics, _read_rows),
    ],
}
