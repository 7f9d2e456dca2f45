"""The layouts of detectors' outputs, and which of them a file's output can have by its shape and what the file states."""

from dataclasses import dataclass, replace

import numpy as np

from smot_vlm.detection.onnx_statement import Statement

# COCO's people have 17 keypoints of x, y and visibility.
COCO_KEYPOINTS = 51
YOLOX_STRIDES = (8, 16, 32)
_GRIDS = (YOLOX_STRIDES, (8, 16, 32, 64), (4, 8, 16, 32), (16, 32), (8, 16), (4, 8, 16))
_ANCHORS = 3


@dataclass(frozen=True)
class Kind:
    """What the numbers of one family of exports mean.

    Attributes:
        name: Of the family.
        objectness: A score before those of the classes, times which they are taken.
        class_column: A score and the number of its class, in place of a score for each class.
        corners: Boxes are x1, y1, x2, y2; otherwise center x, center y, width and height.
        unit: Of boxes: "pixels" of the canvas, "fractions" of it, or "cells" (YOLOX' raw offsets and logarithms).
        placement: Of the frame in the canvas: in a "corner", its "center", or "stretch"ed over it.
        bgr: Reads blue first, 0 to 255; otherwise red first, 0 to 1.
        likeliest: A box is a person's only where no other class is likelier.
        suppress: Non-maximum suppression is left to us.
    """

    name: str
    objectness: bool = False
    class_column: bool = False
    corners: bool = False
    unit: str = "pixels"
    placement: str = "center"
    bgr: bool = False
    likeliest: bool = True
    suppress: bool = True

    @property
    def head(self) -> int:
        """Columns before the scores of the classes, or before what follows the class column."""
        return 6 if self.class_column else 5 if self.objectness else 4


YOLOX = Kind("yolox", objectness=True, unit="cells", placement="corner", bgr=True, likeliest=False)
YOLOX_DECODED = replace(YOLOX, name="yolox-decoded", unit="pixels")
YOLOV6 = Kind("yolov6", objectness=True)
YOLOV5 = Kind("yolov5", objectness=True)
ULTRALYTICS = Kind("ultralytics")
END_TO_END = Kind("ultralytics-end2end", class_column=True, corners=True, suppress=False)
RTDETR = Kind("rtdetr", unit="fractions", placement="stretch")
RTDETR_TOP = Kind("rtdetr-end2end", class_column=True, unit="fractions", placement="stretch")
# Three outputs: labels, boxes, scores.
RTDETR_SIZED = Kind("rtdetr-sized", class_column=True, corners=True, placement="stretch")
KINDS = (YOLOX, YOLOX_DECODED, YOLOV6, YOLOV5, ULTRALYTICS, END_TO_END, RTDETR, RTDETR_TOP)


@dataclass(frozen=True)
class Layout:
    """How one output is to be read.

    Attributes:
        kind: Its family.
        by_row: A box is a row; otherwise it is a column.
        boxes: How many there are, where the family has a grid that was recognised; None: any number.
        columns: Numbers of a box.
        classes: Scores of a box, or None where it has a class column.
    """

    kind: Kind
    by_row: bool
    boxes: int | None
    columns: int
    classes: int | None

    @property
    def extra(self) -> int:
        """Numbers of a box behind the scores: keypoints or coefficients of a mask."""
        return self.columns - self.kind.head - (self.classes or 0)

    def holds(self, shape: tuple[int, ...]) -> bool:
        """Whether an output of this shape can be read so.

        Args:
            shape: Without the batch.
        """
        boxes, columns = shape if self.by_row else shape[::-1]
        return columns == self.columns and self.boxes in (None, boxes)

    def __str__(self) -> str:
        """For messages."""
        return f"{self.kind.name} with {self.classes} classes" if self.classes else self.kind.name


def grid_cells(height: int, width: int, strides: tuple[int, ...] = YOLOX_STRIDES) -> int:
    """Cells of all levels of a grid.

    Args:
        height: Of the canvas.
        width: Of the canvas.
        strides: Of the levels.
    """
    return sum((height // stride) * (width // stride) for stride in strides)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """YOLOX' cells, finest level first, row by row.

    Args:
        height: Of the canvas.
        width: Of the canvas.

    Returns:
        Origins in cells (n, 2) and strides (n, 1), float32.
    """
    origins, strides = [], []
    for stride in YOLOX_STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride]
        origins.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(origins).astype(np.float32), np.concatenate(strides).astype(np.float32)


def possible_layouts(
    shape: tuple[int, int], canvas: tuple[int, int], statement: Statement, masks: int | None
) -> list[Layout]:
    """Every layout that an output's shape and the file's statement allow.

    Args:
        shape: Of the output, without the batch.
        canvas: Height and width.
        statement: Of the file.
        masks: Coefficients of a mask, where there is an output of prototypes.

    Returns:
        None, one or several.
    """
    found = []
    for by_row in (True, False):
        boxes, columns = shape if by_row else shape[::-1]
        for kind in KINDS:
            if not by_row and kind is not ULTRALYTICS:
                continue
            if kind is RTDETR and columns > boxes and not statement.names:
                continue  # a few boxes of thousands of classes: the axes are the other way round
            known = boxes if boxes in _box_counts(kind, canvas, statement.stride) else None
            for extra in _extras(kind, statement, masks):
                layout = _layout(Layout(kind, by_row, known, columns, None), extra, statement)
                if layout is not None:
                    found.append(layout)
    if not statement.head:
        return found
    return [layout for layout in found if layout.kind.name.startswith("rtdetr") == statement.is_detr]


def _layout(layout: Layout, extra: int, statement: Statement) -> Layout | None:
    """The layout with its number of classes, where it can be one."""
    kind, rest = layout.kind, layout.columns - layout.kind.head - extra
    if kind.class_column:
        return layout if rest == 0 else None
    if rest < 1 or (statement.names and rest != statement.count):
        return None
    # Other grids than the known ones are believed of ultralytics' alone, and only where the classes agree.
    needs_grid = kind in (YOLOX, YOLOX_DECODED, YOLOV6, YOLOV5) or (kind is ULTRALYTICS and not statement.names)
    return replace(layout, classes=rest) if layout.boxes is not None or not needs_grid else None


def _box_counts(kind: Kind, canvas: tuple[int, int], stride: int | None) -> set[int]:
    if kind in (YOLOX, YOLOX_DECODED):
        return {grid_cells(*canvas)}
    cells = {grid_cells(*canvas, strides) for strides in _GRIDS if stride in (None, strides[-1])}
    if kind is YOLOV5:
        return {count * _ANCHORS for count in cells}
    return cells if kind in (YOLOV6, ULTRALYTICS) else set()


def _extras(kind: Kind, statement: Statement, masks: int | None) -> list[int]:
    if masks is not None:
        return [masks]
    if statement.task == "pose":
        return [statement.keypoints or COCO_KEYPOINTS]
    if statement.task or statement.head or kind not in (ULTRALYTICS, END_TO_END):
        return [0]
    return [0, statement.keypoints or COCO_KEYPOINTS]
