"""The associators by name. A new one is one file, one line here, and the contract tests hold it."""

from typing import Protocol, runtime_checkable

import numpy as np

from smot_vlm.structures import Detections
from smot_vlm.tracking.byte import Byte


@runtime_checkable
class Associator(Protocol):
    """Links the boxes of each frame into tracks; one instance a video, ids owned by the instance."""

    def update(self, detections: Detections, image: np.ndarray | None = None) -> Detections:
        """The tracks seen in the next frame: boxes, scores, ids, and the rows of `detections` behind them."""
        ...

    def reset(self) -> None:
        """Forget every track; ids start at 1 again."""
        ...


ASSOCIATORS = {"byte": Byte}
