"""From an ONNX detector's output to the people of a frame, by its layout."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.detection.onnx_layout import Layout, grid
from smot_vlm.detection.result_check import ResultCheck
from smot_vlm.detection.suppression import cxcywh_to_xyxy, person_scores, suppress
from smot_vlm.structures import Detections

# In-network suppression is not repeated: no overlap is greater.
KEEP_ALL = 1.0


class BoxReader:
    """Reads boxes out of outputs of one layout.

    Args:
        layout: Of the output.
        height: Of the canvas.
        width: Of the canvas.
        people: The classes that are people.
        min_score: Boxes below are dropped.
        overlap: IoU of non-maximum suppression.
        check: Says what cannot be right.
    """

    def __init__(
        self,
        layout: Layout,
        height: int,
        width: int,
        people: Sequence[int],
        *,
        min_score: float,
        overlap: float,
        check: ResultCheck,
    ) -> None:
        self._layout = layout
        self._sides = np.array([width, height, width, height], dtype=np.float32)
        self._people = list(people)
        self._min_score = min_score
        self._overlap = overlap if layout.kind.suppress else KEEP_ALL
        self._check = check
        self._grid = grid(height, width) if layout.kind.unit == "cells" else None

    def people(self, output: np.ndarray, placement: Letterbox) -> Detections:
        """The people of one picture, best first.

        Args:
            output: (boxes, columns) or the other way round, as the layout says.
            placement: Where the frame lies in the canvas.
        """
        layout = self._layout
        columns = output.T if layout.by_row else output
        # What is not finite is said by the check.
        with np.errstate(over="ignore", invalid="ignore"):
            scores = self._class_column(columns) if layout.kind.class_column else self._class_scores(columns)
            keep = np.flatnonzero(scores > self._min_score)
            boxes = self._boxes(columns[:4, keep].T, keep)
        return suppress(placement.to_frame(boxes), scores[keep], placement, self._overlap, self._check)

    def _class_column(self, columns: np.ndarray) -> np.ndarray:
        result: np.ndarray = np.where(np.isin(columns[5], self._people), self._check.scores(columns[4]), 0)
        return result

    def _class_scores(self, columns: np.ndarray) -> np.ndarray:
        kind, classes = self._layout.kind, self._layout.classes
        assert classes is not None, "without a class column every class has a score"
        return person_scores(
            columns[kind.head : kind.head + classes],
            self._people,
            likeliest=kind.likeliest,
            check=self._check,
            objectness=columns[4] if kind.objectness else None,
        )

    def _boxes(self, boxes: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """Corners in pixels of the canvas."""
        kind = self._layout.kind
        if self._grid is not None:
            origins, strides = (part[kept] for part in self._grid)
            sizes = np.exp(boxes[:, 2:])
            boxes = np.concatenate([boxes[:, :2] + origins, sizes], axis=1) * strides
        elif kind.unit == "fractions":
            boxes = boxes * self._sides
        return boxes if kind.corners else cxcywh_to_xyxy(boxes)
