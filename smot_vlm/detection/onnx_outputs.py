"""Which of an ONNX detector's outputs hold its boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KNOWN = (
    "YOLOX or YOLOv5 (1, boxes, 5 + classes), ultralytics (1, 4 + classes, boxes), end to end (1, boxes, 6) "
    "or RT-DETR (labels, boxes, scores)"
)
_TRIPLE = ("box", "score", "label")


@dataclass(frozen=True)
class BoxOutput:
    """Where the boxes are among the outputs.

    Attributes:
        places: Of the one output, or of RT-DETR's boxes, scores and labels.
        masks: Coefficients of a mask, where there is an output of prototypes.
    """

    places: tuple[int, ...]
    masks: int | None = None

    @property
    def is_triple(self) -> bool:
        """Boxes, scores and labels are three outputs."""
        return len(self.places) == 3

    def table(self, outputs: Sequence[np.ndarray], place: int = 0) -> np.ndarray:
        """The boxes of one picture.

        Args:
            outputs: Of a run.
            place: Of the picture in the batch.

        Returns:
            float32, as the output has it without the batch; three outputs become columns: box, score, label.
        """
        # What float32 cannot hold becomes infinite, and is said where results are looked at.
        with np.errstate(over="ignore"):
            parts = [np.asarray(outputs[part][place], dtype=np.float32) for part in self.places]
        if self.is_triple:
            boxes, scores, labels = parts
            return np.concatenate([boxes, scores[:, None], labels[:, None]], axis=1)
        return parts[0]


def find_output(
    path: Path, described: Sequence[Any], outputs: Sequence[np.ndarray], *, batch: int, sized: bool
) -> BoxOutput:
    """Find the boxes among the outputs.

    Args:
        path: Of the file, for errors.
        described: The session's outputs.
        outputs: Of a run.
        batch: Pictures a run.
        sized: The network reads the size that boxes are given in, and so gives three outputs.

    Raises:
        ValueError: None of them, or several.
    """
    shapes = [output.shape for output in outputs]
    if sized:
        triple = _triple(described, outputs)
        if triple is not None and all(shapes[place][0] == batch for place in triple):
            return BoxOutput(triple)
    else:
        tables = [place for place, shape in enumerate(shapes) if len(shape) == 3 and shape[0] == batch]
        maps = [shape for shape in shapes if len(shape) == 4]
        if len(tables) == 1:
            # Prototypes of masks: (batch, coefficients, height, width). YOLOv5 may add its raw maps, of five axes.
            return BoxOutput((tables[0],), maps[0][1] if len(maps) == 1 else None)
    listed = ", ".join(f"{entry.name[:40]!r} {shape}" for entry, shape in zip(described, shapes, strict=True))
    raise ValueError(f"{path}: not a known detector, its output has shape {listed}; give {KNOWN}")


def _triple(described: Sequence[Any], outputs: Sequence[np.ndarray]) -> tuple[int, ...] | None:
    """Places of boxes, scores and labels by their names, or else by their shapes and types."""
    if len(outputs) != 3:
        return None
    named = [[place for place, entry in enumerate(described) if word in entry.name.lower()] for word in _TRIPLE]
    shaped = [
        [place for place, output in enumerate(outputs) if output.ndim == 3],
        [place for place, output in enumerate(outputs) if output.ndim == 2 and output.dtype.kind == "f"],
        [place for place, output in enumerate(outputs) if output.ndim == 2 and output.dtype.kind in "iu"],
    ]
    for found in (named, shaped):
        places = tuple(place for part in found for place in part)
        if all(len(part) == 1 for part in found) and sorted(places) == [0, 1, 2]:
            boxes, scores, labels = (outputs[place].shape for place in places)
            if len(boxes) == 3 and boxes[2] == 4 and boxes[:2] == scores == labels:
                return places
    return None
