"""Boxes as the filters and the assignment see them: coordinates first, so that one operation serves all tracks.

Corners are (4, n) rows x1, y1, x2, y2 in pixels. The filters have three forms of state: xyah (center x, center
y, width / height, height; BYTE, DeepSORT), xysr (center x, center y, area, width / height; SORT, OC-SORT) and xywh
(center x, center y, width, height; BoT-SORT).
"""

import math

import numpy as np

from smot_vlm.structures import Detections

# Corners from center x, center y, width, height, and back.
_TO_CORNERS = np.array([[1, 0, -0.5, 0], [0, 1, 0, -0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]])
_TO_CENTERS = np.array([[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [-1, 0, 1, 0], [0, -1, 0, 1]])


def checked_boxes(detections: Detections) -> tuple[np.ndarray, np.ndarray]:
    """Check detections and bring them into the form that associators use.

    A box of no width or height cannot be tracked: it is returned as a small box with a score of -1, below every limit.

    Args:
        detections: Boxes and scores of a frame.

    Returns:
        Corners (4, n) and float32 scores (n).

    Raises:
        ValueError: A coordinate or a score is not finite, or a box ends before it begins.
    """
    corners = detections.boxes.T.copy()
    scores = detections.scores.astype(np.float32)
    extents = corners[2:] - corners[:2]
    solid = extents > 0
    # NaN or infinity anywhere in a box or a score spoils this product.
    across, down = extents.dot(detections.scores).tolist()
    if np.count_nonzero(solid) < solid.size or not math.isfinite(across + down):
        _refuse_broken(detections, extents)
        void = ~solid.all(axis=0)
        corners[:2, void], corners[2:, void], scores[void] = 0, 1, -1
    return corners, scores


def _refuse_broken(detections: Detections, extents: np.ndarray) -> None:
    finite = np.isfinite(detections.boxes).all(axis=1) & np.isfinite(detections.scores)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise ValueError(
            f"detection {row} has box {detections.boxes[row].tolist()} and score {detections.scores[row]}; "
            "give finite numbers"
        )
    inverted = (extents < 0).any(axis=0)
    if inverted.any():
        row = int(np.flatnonzero(inverted)[0])
        raise ValueError(
            f"detection {row} has box {detections.boxes[row].tolist()}; give xyxy corners with x1 <= x2 and y1 <= y2"
        )


def corners_to_xyah(corners: np.ndarray) -> np.ndarray:
    """Convert corners (4, n) to center, width / height and height (4, n).

    Args:
        corners: Of boxes with a height above zero.
    """
    xyah = _TO_CENTERS.dot(corners)
    xyah[2] /= xyah[3]
    result: np.ndarray = xyah
    return result


def xyah_to_corners(xyah: np.ndarray) -> np.ndarray:
    """Invert `corners_to_xyah`.

    Args:
        xyah: (4, n).
    """
    centers = xyah.copy()
    centers[2] *= centers[3]
    result: np.ndarray = _TO_CORNERS.dot(centers)
    return result


def corners_to_xysr(corners: np.ndarray) -> np.ndarray:
    """Convert corners (4, n) to center, area and width / height (4, n).

    Args:
        corners: Of boxes with a height above zero.
    """
    xysr = _TO_CENTERS.dot(corners)
    width, height = xysr[2].copy(), xysr[3].copy()
    np.multiply(width, height, out=xysr[2])
    np.divide(width, height, out=xysr[3])
    result: np.ndarray = xysr
    return result


def xysr_to_corners(xysr: np.ndarray) -> np.ndarray:
    """Invert `corners_to_xysr`.

    Args:
        xysr: (4, n), areas and ratios above zero.
    """
    centers = xysr.copy()
    np.sqrt(xysr[2] * xysr[3], out=centers[2])
    np.divide(xysr[2], centers[2], out=centers[3])
    result: np.ndarray = _TO_CORNERS.dot(centers)
    return result


def corners_to_xywh(corners: np.ndarray) -> np.ndarray:
    """Convert corners (4, n) to center, width and height (4, n).

    Args:
        corners: Of boxes.
    """
    result: np.ndarray = _TO_CENTERS.dot(corners)
    return result


def xywh_to_corners(xywh: np.ndarray) -> np.ndarray:
    """Invert `corners_to_xywh`.

    Args:
        xywh: (4, n).
    """
    result: np.ndarray = _TO_CORNERS.dot(xywh)
    return result


def to_inclusive(corners: np.ndarray) -> np.ndarray:
    """Count pixels inclusively, as BYTE's code does: move the far sides one pixel out.

    Args:
        corners: (4, n).
    """
    corners = corners.copy()
    corners[2:] += 1.0
    return corners


def overlapping_pairs(
    first: np.ndarray, second: np.ndarray, least_iou: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs of boxes that may overlap, and their IoU.

    Every pair whose IoU is above `least_iou` is found. Others may be too: only the x ranges are tested, and the value
    is zero or less where the y ranges do not overlap. In a crowd few pairs pass, so the rest is computed for those alone.

    Args:
        first: Corners (4, n).
        second: Corners (4, m).
        least_iou: Pairs that overlap less may be left out.

    Returns:
        Positions in `first`, positions in `second`, and IoU of each pair, ordered by `first`, then `second`.
    """
    left, right = first[0], first[2]
    if least_iou:
        shared = least_iou * (right - left)
        left, right = left + shared, right - shared
    meet = left[:, None] < second[2]
    meet &= right[:, None] > second[0]
    rows, columns = meet.nonzero()
    if len(rows) == 0:
        return rows, columns, np.zeros(0)
    first = first.take(rows, axis=1)
    second = second.take(columns, axis=1)
    overlap = np.minimum(first[2:], second[2:])
    overlap -= np.maximum(first[:2], second[:2])
    intersection = overlap[0] * overlap[1]
    first_extents = first[2:] - first[:2]
    second_extents = second[2:] - second[:2]
    union = first_extents[0] * first_extents[1]
    union += second_extents[0] * second_extents[1]
    union -= intersection
    intersection /= union
    return rows, columns, intersection
