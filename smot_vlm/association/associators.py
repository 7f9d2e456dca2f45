"""The associators by name. A new one is one file, one line here, and the contract tests hold it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from smot_vlm.association.byte import Byte
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.sort import Sort
from smot_vlm.association.sparse import Sparse
from smot_vlm.structures import Detections


@runtime_checkable
class Associator(Protocol):
    """Links the boxes of each frame into tracks; one instance a video, ids owned by the instance."""

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """The tracks seen in the next frame: boxes, scores, ids, and the rows of `detections` behind them."""
        ...

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        ...


def _sort(
    *, high_score: float, low_score: float, new_track_score: float, buffer_seconds: float, fps: float
) -> Associator:
    """SORT keeps a lost track for a single frame, whatever the rate: that is what makes it SORT."""
    return Sort(high_score=high_score, buffer_seconds=0.0, fps=fps)


def _ocsort(
    *, high_score: float, low_score: float, new_track_score: float, buffer_seconds: float, fps: float
) -> Associator:
    return OCSort(high_score=high_score, low_score=low_score, buffer_seconds=buffer_seconds, fps=fps)


def _ocsort_byte(
    *, high_score: float, low_score: float, new_track_score: float, buffer_seconds: float, fps: float
) -> Associator:
    return OCSort(
        high_score=high_score, low_score=low_score, low_score_round=True, buffer_seconds=buffer_seconds, fps=fps
    )


def _deepsort(
    *,
    high_score: float,
    low_score: float,
    new_track_score: float,
    buffer_seconds: float,
    fps: float,
    appearance: Path | str | None = None,
) -> Associator:
    """appearance: an ONNX re-identification model; without one, the first in this program's cache."""
    from smot_vlm.association.deepsort import DeepSort
    from smot_vlm.association.reid import OnnxAppearance, find_appearance

    looks = find_appearance() if appearance is None else OnnxAppearance(appearance)
    return DeepSort(looks, high_score=high_score, buffer_seconds=buffer_seconds, fps=fps)


# Frames a second below which people leave their boxes from one frame to the next. TUD-Campus and TUD-Stadtmitte, HOTA
# of byte and of sparse: at 25 frames a second 51 and 52, 60 and 51; at 5: 32 and 52, 59 and 51; at 2: 27 and 56, 51 and 54.
SPARSE_BELOW_FPS = 4.0


def _auto(
    *, high_score: float, low_score: float, new_track_score: float, buffer_seconds: float, fps: float
) -> Associator:
    """Byte, or Sparse for video of a few frames a second."""
    kind = Sparse if fps < SPARSE_BELOW_FPS else Byte
    return kind(
        high_score=high_score,
        low_score=low_score,
        new_track_score=new_track_score,
        buffer_seconds=buffer_seconds,
        fps=fps,
    )


# Each is told the five things that a configuration knows, and leaves aside what its paper has no use for.
ASSOCIATORS: dict[str, Callable[..., Associator]] = {
    "byte": Byte,
    "sort": _sort,
    "ocsort": _ocsort,
    "ocsort-byte": _ocsort_byte,
    "deepsort": _deepsort,
    "sparse": Sparse,
    "auto": _auto,
}
# Those that also take `appearance`, the file of a re-identification model.
WITH_APPEARANCE = ("deepsort",)
