"""Scaling a frame into a detector's canvas, and boxes between the two, exactly."""

from dataclasses import dataclass

import cv2
import numpy as np

PADDING_GREY = 114


@dataclass(frozen=True)
class Letterbox:
    """Where a frame lies in its canvas: canvas = frame * scale + offset, per axis, in pixels.

    Attributes:
        scale: Canvas pixels a frame pixel, (x, y).
        offset: Of the frame in the canvas, (x, y).
        width: Of the original frame.
        height: Of the original frame.
    """

    scale: tuple[float, float]
    offset: tuple[float, float]
    width: int
    height: int

    def to_frame(self, boxes: np.ndarray) -> np.ndarray:
        """Convert boxes from canvas to original pixels.

        Args:
            boxes: (n, 4), xyxy.
        """
        result: np.ndarray = (boxes - np.tile(self.offset, 2)) / np.tile(self.scale, 2)
        return result

    def to_canvas(self, boxes: np.ndarray) -> np.ndarray:
        """Convert boxes from original to canvas pixels.

        Args:
            boxes: (n, 4), xyxy.
        """
        result: np.ndarray = boxes * np.tile(self.scale, 2) + np.tile(self.offset, 2)
        return result

    def to_normalized_cxcywh(self, boxes: np.ndarray) -> np.ndarray:
        """Convert boxes to center x, center y, width and height as fractions of the frame.

        Args:
            boxes: (n, 4), xyxy in original pixels.
        """
        return to_normalized_cxcywh(boxes, self.width, self.height)


def to_normalized_cxcywh(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Convert boxes to center x, center y, width and height as fractions of an image.

    Args:
        boxes: (n, 4), xyxy in pixels of the image.
        width: Of the image.
        height: Of the image.
    """
    corners = boxes / np.tile([width, height], 2)
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)


def letterbox(image: np.ndarray, width: int, height: int, centered: bool = False) -> tuple[np.ndarray, Letterbox]:
    """Scale an image to fit a canvas without changing its shape; the rest is grey.

    The scale is kept per axis since the scaled size is a whole number of pixels.

    Args:
        image: (height, width, 3).
        width: Of the canvas.
        height: Of the canvas.
        centered: Place the image in the middle, not at the top left.

    Returns:
        The canvas, and where the image lies in it.
    """
    scale = min(width / image.shape[1], height / image.shape[0])
    new_width = max(1, min(width, round(image.shape[1] * scale)))
    new_height = max(1, min(height, round(image.shape[0] * scale)))
    left = (width - new_width) // 2 if centered else 0
    top = (height - new_height) // 2 if centered else 0
    canvas = np.full((height, width, 3), PADDING_GREY, dtype=np.uint8)
    resized = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    canvas[top : top + new_height, left : left + new_width] = resized
    ratio = (new_width / image.shape[1], new_height / image.shape[0])
    return canvas, Letterbox(ratio, (float(left), float(top)), image.shape[1], image.shape[0])


def stretch(image: np.ndarray, width: int, height: int) -> tuple[np.ndarray, Letterbox]:
    """Scale an image to fill a canvas, whatever becomes of its shape, as DETRs are trained.

    Args:
        image: (height, width, 3).
        width: Of the canvas.
        height: Of the canvas.

    Returns:
        The canvas, and where the image lies in it.
    """
    canvas = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    ratio = (width / image.shape[1], height / image.shape[0])
    return canvas, Letterbox(ratio, (0.0, 0.0), image.shape[1], image.shape[0])


def canvas_size(width: int, height: int, long_side: int, stride: int = 32) -> tuple[int, int]:
    """Width and height of the smallest canvas for a frame scaled to `long_side` pixels.

    Args:
        width: Of the frame.
        height: Of the frame.
        long_side: Of the scaled frame.
        stride: Width and height of the canvas are multiples of it.
    """
    scale = long_side / max(width, height)
    across, down = (max(stride, -(-round(side * scale) // stride) * stride) for side in (width, height))
    return across, down
