"""Every associator at several frame rates over annotated videos, with one detector's boxes: one table.

A rate is reached by leaving out frames; the settings are those of the configuration, with times in seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from smot_vlm.association.associators import ASSOCIATORS, WITH_REID_FILE
from smot_vlm.bench.annotated_videos import find_sources, link_video, look, watch
from smot_vlm.config.schema import AssociationConfig
from smot_vlm.detection.detector import Detector
from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.detection.people_detector import open_people_detector
from smot_vlm.evaluation.frame_boxes import FrameBoxes
from smot_vlm.evaluation.tracking import tracking_part

RATES = (2.0, 5.0, 25.0)


@dataclass(frozen=True)
class LinkingScore:
    """How one associator did at one rate, over all videos.

    Attributes:
        associator: A key of ASSOCIATORS, with the file of its re-identification model where it has one.
        fps: The rate asked for; each video is taken at the nearest one that leaving out frames gives.
        videos: How many have so many frames a second.
        boxes: True ones.
        hota: 0 to 1, like the next two; boxes are counted over all videos.
        association: AssA, the part of HOTA that is about identity.
        idf1: Share of boxes whose identity is right.
        switches: How often a person's id changes.
    """

    associator: str
    fps: float
    videos: int
    boxes: int
    hota: float
    association: float
    idf1: float
    switches: int


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
        folders: Sequences, as for `find_sources`.
        associators: Names; none for all that need no file, and with `reid` those that take one.
        detector: onnx:FILE; None for the one that ships.
        reid: File of a re-identification model.
        rates: Frames a second.
        progress: Called with the videos done and in all.

    Raises:
        FileNotFoundError: No sequence, or no such file.
        ValueError: An unknown associator, or a file that cannot be read.
    """
    names = list(associators) or default_names(reid)
    config = AssociationConfig()
    total = len(find_sources(folders))
    layouts: dict[tuple[str, float], list[FrameBoxes]] = {(name, rate): [] for rate in rates for name in names}
    look_at = partial(look, detector=open_detector(detector, config))
    for done, video in enumerate(watch(folders, look_at), start=1):
        for (name, rate), found in layouts.items():
            stride = video.stride_for(rate)
            if stride is not None:
                found.append(link_video(video, name, config, stride))
        if progress is not None:
            progress(done, total)
    return [score(_short(name), rate, found) for (name, rate), found in layouts.items() if found]


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
        name: onnx:FILE; None for the one that ships.
        config: Says below which score boxes are dropped.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Another name.
    """
    if name is None:
        return open_people_detector(min_score=config.proposal_score, overlap=0.65)
    kind, _, path = name.partition(":")
    if kind != "onnx" or not path:
        raise ValueError(f"detector is {name!r}; give onnx:FILE, or leave it out for the one that ships")
    return OnnxDetector(path, min_score=config.proposal_score, overlap=0.65)


def score(name: str, rate: float, layouts: Sequence[FrameBoxes]) -> LinkingScore:
    """Judge the tracks of all videos together.

    Args:
        name: Of the associator.
        rate: Frames a second.
        layouts: Of each video, at least one.
    """
    values = pooled_measures(layouts)
    boxes = sum(len(frame) for layout in layouts for frame in layout.truth)
    return LinkingScore(
        name, rate, len(layouts), boxes, values["HOTA"], values["AssA"], values["IDF1"], int(values["IDs"])
    )


def pooled_measures(layouts: Sequence[FrameBoxes]) -> dict[str, float]:
    """Every tracking measure by name, with boxes counted over all videos.

    Args:
        layouts: Of each video, at least one.
    """
    part = tracking_part(layouts)
    return dict(zip((column.name for column in part.columns), part.score(np.ones(len(layouts))).tolist(), strict=True))
