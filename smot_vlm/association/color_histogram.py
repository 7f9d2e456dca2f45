"""An appearance encoder without a learned model: color histograms of the upper and the lower body."""

import cv2
import numpy as np

# The middle of the box, where the body covers the background: fractions of width, and of height for each half.
SIDES = (0.25, 0.75)
HALVES = ((0.15, 0.5), (0.5, 0.9))
HUES = 12
GREYS = 4
# Below this saturation (of 255) or brightness the hue of a pixel is noise.
LEAST_SATURATION, LEAST_BRIGHTNESS = 60, 40


class ColorHistogram:
    """Histograms of hues and greys of both halves of the body, as one unit vector a box.

    The cosine of two such vectors is the mean of the halves' Bhattacharyya coefficients: 1 where all colors agree.
    """

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Embed the colors of each box."""
        if not len(boxes):
            return np.zeros((0, len(HALVES) * (HUES + GREYS)), dtype=np.float32)
        return np.stack([self._vector(image, box) for box in np.asarray(boxes, dtype=np.float64)])

    def _vector(self, image: np.ndarray, box: np.ndarray) -> np.ndarray:
        parts = [np.sqrt(_histogram(_part(image, box, half)) / len(HALVES)) for half in HALVES]
        return np.concatenate(parts).astype(np.float32)


def _part(image: np.ndarray, box: np.ndarray, half: tuple[float, float]) -> np.ndarray:
    """The pixels of one half of the body, at least one."""
    size = np.array([box[2] - box[0], box[3] - box[1]])
    first = box[:2] + size * [SIDES[0], half[0]]
    last = box[:2] + size * [SIDES[1], half[1]]
    limit = np.array([image.shape[1], image.shape[0]])
    left, top = np.clip(np.floor(first), 0, limit - 1).astype(int)
    right, bottom = np.maximum(np.clip(np.ceil(last), 1, limit).astype(int), (left + 1, top + 1))
    return image[top:bottom, left:right]


def _histogram(pixels: np.ndarray) -> np.ndarray:
    """Shares (HUES + GREYS) of the pixels, adding up to 1. A hue between two bins counts in both."""
    hue, saturation, brightness = cv2.split(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2HSV))
    colorful = (saturation >= LEAST_SATURATION) & (brightness >= LEAST_BRIGHTNESS)
    # OpenCV's hues are half degrees.
    place = hue[colorful].astype(np.float64) * (HUES / 180) - 0.5
    lower = np.floor(place)
    share = place - lower
    hues = np.bincount(lower.astype(int) % HUES, 1 - share, HUES)
    hues += np.bincount((lower.astype(int) + 1) % HUES, share, HUES)
    greys = np.bincount(brightness[~colorful].astype(int) * GREYS // 256, minlength=GREYS)
    return np.concatenate((hues, greys)) / hue.size
