"""Every associator at several frame rates over sets of annotated videos, with one detector's boxes: one table.

A rate is reached by leaving out frames; the settings are those of the configuration, with times in seconds.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from smot_vlm.association.associators import ASSOCIATORS, WITH_REID_FILE
from smot_vlm.bench.annotated_videos import OwnDetector, find_sources, link_video, look, watch
from smot_vlm.config.schema import AssociationConfig
from smot_vlm.detection.detector import Detector
from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.detection.people_detector import open_people_detector
from smot_vlm.evaluation.frame_boxes import FrameBoxes
from smot_vlm.evaluation.tracking import tracking_part
from smot_vlm.tracker import Tracker

RATES = (2.0, 5.0, 25.0)


@dataclass(frozen=True)
class LinkingScore:
    """How one associator did at one rate, over all videos of a set.

    Attributes:
        set: Name of its folder.
        associator: A key of ASSOCIATORS, with the file of its re-identification model where it has one.
        fps: The rate asked for; each video is taken at the nearest one that leaving out frames gives.
        videos: How many have so many frames a second.
        boxes: True ones.
        hota: 0 to 1, like the next two; boxes are counted over all videos.
        association: AssA, the part of HOTA that is about identity.
        idf1: Share of boxes whose identity is right.
        switches: How often a person's id changes.
        milliseconds: Of the processor for a frame, the median; finding people and decoding pictures left out.
    """

    set: str
    associator: str
    fps: float
    videos: int
    boxes: int
    hota: float
    association: float
    idf1: float
    switches: int
    milliseconds: float


@dataclass(frozen=True)
class _Linked:
    """The videos of a set as one associator linked them at one rate, and the seconds of every frame."""

    layouts: list[FrameBoxes] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def run(
    folders: Sequence[Path | str],
    *,
    associators: Sequence[str] = (),
    detector: str | None = None,
    reid: Path | None = None,
    rates: Sequence[float] = RATES,
    progress: Callable[[int, int], None] | None = None,
) -> list[LinkingScore]:
    """Link every video with every associator at every rate.

    Args:
        folders: Sets of sequences, each as for `find_sources`.
        associators: Names; none for all that need no file, and with `reid` those that take one.
        detector: As for `open_detector`.
        reid: File of a re-identification model.
        rates: Frames a second.
        progress: Called with the videos done and in all.

    Raises:
        FileNotFoundError: No sequence, or no such file.
        ValueError: An unknown associator, or a file that cannot be read.
    """
    names = list(associators) or default_names(reid)
    config = AssociationConfig()
    total, done = len(find_sources(folders)), 0
    look_at = partial(look, detector=open_detector(detector, config))
    scores = []
    for folder in folders:
        every = {(name, rate): _Linked() for rate in rates for name in names}
        for video in watch([folder], look_at):
            for (name, rate), linked in every.items():
                stride = video.stride_for(rate)
                if stride is not None:
                    linked.layouts.append(link_video(video, name, config, stride, linked.seconds))
            done += 1
            if progress is not None:
                progress(done, total)
        scores += [
            score(Path(folder).name, _short(name), rate, linked)
            for (name, rate), linked in every.items()
            if linked.layouts
        ]
    return scores


def _short(name: str) -> str:
    """A name without the folder of its file."""
    kind, colon, file = name.partition(":")
    return kind + colon + Path(file).name if file else name


def default_names(reid: Path | None) -> list[str]:
    """All associators that can run: without a re-identification model those that need none.

    Args:
        reid: Its file.
    """
    names = [name for name in ASSOCIATORS if name not in ("deepsort", "auto")]
    return names + ([f"{name}:{reid}" for name in WITH_REID_FILE] if reid is not None else [])


def open_detector(name: str | None, config: AssociationConfig) -> Detector:
    """The detector that all share.

    Args:
        name: onnx:FILE, or model:NAME for the own detector of a model, such as model:drawn; None for the one that ships.
        config: Says below which score boxes are dropped.

    Raises:
        FileNotFoundError: No such file or model.
        ValueError: Another name, or a model without a detector of its own.
    """
    if name is None:
        return open_people_detector(min_score=config.proposal_score, overlap=0.65)
    kind, _, given = name.partition(":")
    if kind not in ("onnx", "model") or not given:
        raise ValueError(f"detector is {name!r}; give onnx:FILE or model:NAME, or leave it out for the one that ships")
    if kind == "onnx":
        return OnnxDetector(given, min_score=config.proposal_score, overlap=0.65)
    least = f"association.proposal_score={config.proposal_score}"
    return OwnDetector(Tracker.from_pretrained(given, detector="model", overrides=[least]).model)


def score(folder: str, name: str, rate: float, linked: _Linked) -> LinkingScore:
    """Judge the tracks of all videos together.

    Args:
        folder: Of the set.
        name: Of the associator.
        rate: Frames a second.
        linked: Of at least one video.
    """
    values = pooled_measures(linked.layouts)
    boxes = sum(len(frame) for layout in linked.layouts for frame in layout.truth)
    return LinkingScore(
        folder, name, rate, len(linked.layouts), boxes, values["HOTA"], values["AssA"], values["IDF1"],
        int(values["IDs"]), 1e3 * statistics.median(linked.seconds),
    )  # fmt: skip


def pooled_measures(layouts: Sequence[FrameBoxes]) -> dict[str, float]:
    """Every tracking measure by name, with boxes counted over all videos.

    Args:
        layouts: Of each video, at least one.
    """
    part = tracking_part(layouts)
    return dict(zip((column.name for column in part.columns), part.score(np.ones(len(layouts))).tolist(), strict=True))
