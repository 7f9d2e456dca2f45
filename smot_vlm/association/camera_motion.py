"""How the camera moved from one frame to the next, from points of the background that are found in both."""

import cv2
import numpy as np

# Frames are halved: the motion of a camera needs no detail.
SCALE = 0.5
MOST_CORNERS, CORNER_QUALITY, CORNER_DISTANCE = 600, 0.01, 6
# Half the window, in pixels of the halved frame, in which a point is looked for: nearer to people it sees them move.
MARGIN = 10
# With fewer points found again nothing is said about the camera.
LEAST_POINTS = 12
# A point that the fitted motion misses by more pixels of the halved frame is no background.
TOLERANCE = 1.0
STILL = np.array([[1.0, 0, 0], [0, 1, 0]])


class CameraMotion:
    """Compares each frame with the one before it, by sparse optical flow (Lucas and Kanade)."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._points = np.zeros((0, 1, 2), dtype=np.float32)

    def follow(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Fit a shift, a turn and a zoom that take places in the frame before to places in this one.

        Args:
            image: RGB uint8 (height, width, 3).
            boxes: (n, 4) xyxy of people; points on or beside them are not used.

        Returns:
            (2, 3) affine matrix in pixels; STILL where too little of the background is found again, as behind a cut.
        """
        grey = cv2.cvtColor(
            cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
        )
        motion = STILL
        if self._before is not None and self._before.shape == grey.shape and len(self._points) >= LEAST_POINTS:
            motion = self._fit(self._before, grey)
        self._before = grey
        mask = _background(grey, boxes)
        found = cv2.goodFeaturesToTrack(grey, MOST_CORNERS, CORNER_QUALITY, CORNER_DISTANCE, mask=mask)
        self._points = np.zeros((0, 1, 2), dtype=np.float32) if found is None else np.asarray(found, dtype=np.float32)
        return motion

    def _fit(self, before: np.ndarray, grey: np.ndarray) -> np.ndarray:
        window = (2 * MARGIN + 1, 2 * MARGIN + 1)
        places, status, _ = cv2.calcOpticalFlowPyrLK(before, grey, self._points, None, winSize=window)  # type: ignore[call-overload]
        good = status.ravel() == 1
        if np.count_nonzero(good) < LEAST_POINTS:
            return STILL
        motion, inliers = cv2.estimateAffinePartial2D(
            self._points[good], places[good], method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE
        )
        if motion is None or np.count_nonzero(inliers) < max(LEAST_POINTS, 0.3 * np.count_nonzero(good)):
            return STILL
        result: np.ndarray = np.array(motion, dtype=np.float64)
        result[:, 2] /= SCALE
        return result


def _background(grey: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """A mask (height, width), 0 where people are."""
    mask = np.full(grey.shape, 255, dtype=np.uint8)
    height, width = grey.shape
    limits = np.array([width, height, width, height])
    around = np.round(boxes * SCALE) + np.array([-MARGIN, -MARGIN, MARGIN, MARGIN])
    for left, top, right, bottom in np.clip(around, 0, limits).astype(int).tolist():
        mask[top:bottom, left:right] = 0
    return mask
