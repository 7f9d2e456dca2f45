"""Which of the possible layouts an output has, by the numbers in it, where shape and statement leave more than one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from smot_vlm.detection.onnx_layout import (
    COCO_KEYPOINTS,
    YOLOV5,
    YOLOV6,
    YOLOX_DECODED,
    YOLOX_STRIDES,
    Layout,
    grid,
    grid_cells,
)
from smot_vlm.detection.person_class import COCO_CLASSES, HOW_TO_NAME

# Sides of boxes as fractions of the canvas reach a little over 1; in pixels they are greater almost everywhere.
LARGEST_FRACTION = 1.5
ROUNDING = 1e-2


def choose_layout(
    path: Path, layouts: list[Layout], output: np.ndarray, canvas: tuple[int, int], suppresses: bool | None
) -> Layout:
    """The one layout that the output has.

    Args:
        path: Of the file, for errors.
        layouts: The possible ones, at least one.
        output: Of a test picture, without the batch.
        canvas: Height and width.
        suppresses: Whether the network does it itself, as the file states.

    Returns:
        The layout.

    Raises:
        ValueError: Several are left.
    """
    preferences: tuple[Callable[[Layout], bool], ...] = (
        lambda layout: _fits(layout, output, canvas),
        lambda layout: suppresses in (None, layout.kind.class_column),
        lambda layout: layout.classes in (COCO_CLASSES, None),
        lambda layout: layout.classes == 1 and layout.extra == COCO_KEYPOINTS,
        lambda layout: layout.boxes is not None,
    )
    left = layouts
    for is_better in preferences:
        if len(left) > 1:
            left = [layout for layout in left if is_better(layout)] or left
    if len(left) > 1:
        raise ValueError(
            f"{path}: its output {(1, *output.shape)} can be read as {' or '.join(map(str, left))}; {HOW_TO_NAME}"
        )
    return left[0]


def _fits(layout: Layout, output: np.ndarray, canvas: tuple[int, int]) -> bool:
    """Whether the numbers can be boxes and scores of this layout. Rows of zeros and NaN are no evidence."""
    table = output if layout.by_row else output.T
    telling = np.isfinite(table).all(axis=1) & (table != 0).any(axis=1)
    rows = table[telling]
    if len(rows) == 0:
        # Sigmoids leave no zeros: only a network that drops boxes itself gives nothing.
        return not layout.kind.suppress
    boxes = rows[:, :4]
    if layout.kind.unit == "fractions":
        fits = np.quantile(np.abs(boxes), 0.9) <= LARGEST_FRACTION and (boxes < -ROUNDING).mean() < 0.1
    else:
        is_raw = _is_raw(boxes, telling, canvas)
        fits = is_raw if layout.kind.unit == "cells" else not is_raw and np.abs(boxes).max() > LARGEST_FRACTION
    if layout.kind.corners:
        fits = fits and (boxes[:, 2:] < boxes[:, :2]).any(axis=1).mean() <= 0.5
    return bool(fits) and _scores_fit(layout, rows)


def _is_raw(boxes: np.ndarray, telling: np.ndarray, canvas: tuple[int, int]) -> bool:
    """Whether centers are offsets within YOLOX' cells, rather than pixels near the cells."""
    if len(telling) != grid_cells(*canvas, YOLOX_STRIDES):
        return False
    origins, strides = (part[telling] for part in grid(*canvas))
    raw = np.abs(boxes[:, :2] - 0.5) * strides
    pixels = np.abs(boxes[:, :2] - (origins + 0.5) * strides)
    return bool(np.median(raw) < np.median(pixels))


def _scores_fit(layout: Layout, rows: np.ndarray) -> bool:
    kind = layout.kind
    last = 5 if kind.class_column else rows.shape[1] - layout.extra
    scores = rows[:, 4:last]
    if scores.min() < -ROUNDING or scores.max() > 1 + ROUNDING:
        return False
    if kind.class_column:
        return bool((rows[:, 5] == np.round(rows[:, 5])).all() and (rows[:, 5] >= 0).all())
    # YOLOv6 keeps the column of YOLOX, filled with ones.
    if kind in (YOLOX_DECODED, YOLOV5, YOLOV6) and bool((rows[:, 4] == 1).all()) != (kind is YOLOV6):
        return False
    behind = rows[:, rows.shape[1] - layout.extra :] if layout.extra == COCO_KEYPOINTS else rows[:, :0]
    # Keypoints are pixels: all of them within 0 and 1 are scores.
    return not (behind.any() and behind.min() >= 0 and behind.max() <= 1)
