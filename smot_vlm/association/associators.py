"""The associators by name. A new one is a class and a line in `ASSOCIATORS`, and the contract tests cover it."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from smot_vlm.association.botsort import BotSort
from smot_vlm.association.byte import Byte
from smot_vlm.association.deepsort import DeepSort
from smot_vlm.association.ocsort import OCSort
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.association.sort import Sort
from smot_vlm.association.sparse import Sparse
from smot_vlm.structures import Detections

# Frames a second below which people leave their boxes from one frame to the next. HOTA of byte and of sparse on
# TUD-Campus and TUD-Stadtmitte: at 25 frames a second 51 and 52, 60 and 51; at 5: 32 and 52, 59 and 51; at 2: 27 and
# 56, 51 and 54.
SPARSE_BELOW_FPS = 4.0


@runtime_checkable
class Associator(Protocol):
    """Links the boxes of each frame into tracks; one instance a video, ids owned by the instance."""

    def update(self, detections: Detections, image: np.ndarray | None = None, elapsed: float = 1.0) -> Detections:
        """Link the detections of the next frame.

        Args:
            detections: The frame's boxes, xyxy in pixels, and their scores; may be empty.
            image: The frame, RGB uint8 (height, width, 3), for associators that compare appearance.
            elapsed: How many frames at the settings' rate have passed since the last one: other than 1 where the times
                of a video are uneven.

        Returns:
            The tracks seen in this frame: boxes, scores, ids, and the rows of `detections` behind them.
        """
        ...

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        ...


def name_at_rate(name: str, fps: float) -> str:
    """The associator that a name stands for at a frame rate.

    Args:
        name: A key of ASSOCIATORS.
        fps: Frames a second that the associator is given.

    Returns:
        For "auto" Sparse below `SPARSE_BELOW_FPS` frames a second and Byte above, else `name` itself.
    """
    if name != "auto":
        return name
    return "sparse" if fps < SPARSE_BELOW_FPS else "byte"


def by_frame_rate(settings: AssociationSettings) -> Associator:
    """What `name_at_rate` says for "auto".

    Args:
        settings: Given to the one that is chosen.
    """
    return ASSOCIATORS[name_at_rate("auto", settings.fps)](settings)


# Name in the config -> the associator for its settings.
ASSOCIATORS: dict[str, Callable[..., Associator]] = {
    "byte": Byte,
    "sort": Sort,
    "ocsort": OCSort,
    "ocsort-byte": partial(OCSort, low_score_round=True),
    "deepsort": DeepSort,
    "botsort": BotSort,
    "sparse": Sparse,
    "auto": by_frame_rate,
}
# Those whose name may be followed by the file of a re-identification model, which they take as `encoder`.
WITH_REID_FILE = ("deepsort", "botsort")
# Those that look at boxes alone, so that no frame need be decoded for them.
WITHOUT_IMAGES = ("byte", "sort", "ocsort", "ocsort-byte")
