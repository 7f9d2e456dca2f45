"""The camera's own motion, so that a pan or a zoom is not taken for people who walk.

Corners of the background are followed from look to look (Lucas and Kanade 1981), and a similarity (shift, turn, zoom) is
fitted to them by RANSAC. Boxes are put into the picture of the first look.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

# Looks are compared at this width in pixels.
WIDTH = 320
MOST_CORNERS = 200
# Fewer followed corners than that tell nothing: the camera is taken to stand.
FEWEST_CORNERS = 12
# Of the fit, in pixels at WIDTH.
TOLERANCE = 2.0


class CameraMotion:
    """Follows the camera over the looks at one video."""

    def __init__(self) -> None:
        self._before: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
        # From the newest look, at WIDTH, to the first one.
        self._to_first = np.eye(3)

    def add(self, image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> None:
        """Take in the next look.

        Args:
            image: RGB uint8 (height, width, 3), of the same size each time; another size starts anew.
            boxes: (n, 4) xyxy of the people in it, whose motion is not the camera's.
        """
        scale = WIDTH / image.shape[1]
        small = cv2.resize(image, (WIDTH, max(1, round(image.shape[0] * scale))), interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        if self._before is not None and self._before[0].shape == grey.shape:
            self._to_first = self._to_first @ np.linalg.inv(_similarity(*self._before, grey))
        self._before = grey, _background(grey.shape, boxes * scale)

    def in_first_look(self, boxes: NDArray[np.float64], width: int) -> NDArray[np.float64]:
        """Where boxes of the newest look would lie in the first one.

        Args:
            boxes: (n, 4) xyxy in pixels of the frame.
            width: of the frame in pixels.

        Returns:
            (n, 4) upright boxes of the same centres and, but for a zoom, sizes.
        """
        scale = WIDTH / width
        zoom = float(np.sqrt(abs(np.linalg.det(self._to_first[:2, :2]))))
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2 * scale
        moved = (centers @ self._to_first[:2, :2].T + self._to_first[:2, 2]) / scale
        half = (boxes[:, 2:] - boxes[:, :2]) / 2 * zoom
        return np.concatenate([moved - half, moved + half], axis=1)


def _background(shape: tuple[int, ...], boxes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """255 where nobody is."""
    mask = np.full(shape, 255, np.uint8)
    for left, top, right, bottom in np.clip(np.rint(boxes), 0, max(shape)).astype(int):
        mask[top:bottom, left:right] = 0
    return mask


def _similarity(
    before: NDArray[np.uint8], background: NDArray[np.uint8], now: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """From the look before to this one, as a 3 x 3 matrix; the identity where too little can be followed."""
    corners = cv2.goodFeaturesToTrack(before, MOST_CORNERS, 0.01, 6, mask=background)
    if corners is None or len(corners) < FEWEST_CORNERS:
        return np.eye(3)
    followed, status, _ = cv2.calcOpticalFlowPyrLK(before, now, corners, None)
    kept = status.ravel() == 1
    if kept.sum() < FEWEST_CORNERS:
        return np.eye(3)
    fitted, inliers = cv2.estimateAffinePartial2D(corners[kept], followed[kept], ransacReprojThreshold=TOLERANCE)
    if fitted is None or inliers.sum() < FEWEST_CORNERS:
        return np.eye(3)
    return np.concatenate([fitted, [[0.0, 0.0, 1.0]]])
