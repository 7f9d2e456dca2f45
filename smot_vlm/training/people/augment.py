"""Random changes of a crop that leave true what is said of the person; hues stay nearly as they are."""

import math

import cv2
import numpy as np

from smot_vlm.appearance.network import CROP_SIZE
from smot_vlm.training.people.people import KEPT_SIZE

# Share of the kept crop's sides that is seen (0.8 is what the network sees of it at inference), and ratio of the two.
_SEEN, _ASPECT = (0.68, 0.92), math.exp(0.1)
# Farthest shift of the middle, as a share of the kept crop's sides.
_SHIFT = 0.1
_TURNED, _DEGREES = 0.3, 6.0
_COARSE, _COARSENESS = 0.35, (0.25, 0.8)
_GAMMA, _CONTRAST, _BRIGHTNESS = 0.15, (0.8, 1.15), (0.85, 1.15)
_TINTED, _TINT = 0.15, (0.9, 1.1)
_ERASED, _ERASED_HEIGHT, _ERASED_WIDTH = 0.25, (15, 70), (15, 50)


def augment(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Cut, turn, mirror, coarsen, change the light of, and partly hide a crop.

    Args:
        crop: RGB uint8 (*KEPT_SIZE, 3).
        random: draws every change.

    Returns:
        float32 (*CROP_SIZE, 3) in 0 to 1.
    """
    matrix = _view(random)
    if random.random() < _COARSE:
        crop = _coarse(crop, random.uniform(*_COARSENESS))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(crop, matrix, CROP_SIZE[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if random.random() < 0.5:
        seen = seen[:, ::-1]
    lit = _lit(np.asarray(seen, np.float32) / 255, random)
    if random.random() < _ERASED:
        _erase(lit, random)
    result: np.ndarray = lit.clip(0, 1)
    return result


def _view(random: np.random.Generator) -> np.ndarray:
    """From pixels of the result to those of the crop, (2, 3)."""
    (kept_height, kept_width), (height, width) = KEPT_SIZE, CROP_SIZE
    share, aspect = random.uniform(*_SEEN), _ASPECT ** random.uniform(-1, 1)
    scale = np.array([min(1, share / aspect) * kept_width / width, min(1, share * aspect) * kept_height / height])
    kept = np.array([kept_width, kept_height])
    room = (kept - scale * [width, height]) / 2
    corner = room + random.uniform(-1, 1, 2) * np.minimum(room, _SHIFT * kept)
    matrix = np.array([[scale[0], 0, corner[0]], [0, scale[1], corner[1]]])
    if random.random() >= _TURNED:
        return matrix
    angle = math.radians(random.normal(0, _DEGREES))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = np.array([width / 2, height / 2])
    whole = np.eye(3)
    whole[:2, :2], whole[:2, 2] = turn, middle - turn @ middle
    turned: np.ndarray = matrix @ whole
    return turned


def _coarse(crop: np.ndarray, share: float) -> np.ndarray:
    """As a camera farther away sees it."""
    height, width = crop.shape[:2]
    small = cv2.resize(crop, (max(8, int(width * share)), max(8, int(height * share))), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height)))


def _lit(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Gamma, contrast, brightness, and seldom a slight tint."""
    pixels = pixels ** np.float32(math.exp(random.normal(0, _GAMMA)))
    mean = pixels.mean()
    pixels = (pixels - mean) * np.float32(random.uniform(*_CONTRAST)) + mean * np.float32(random.uniform(*_BRIGHTNESS))
    if random.random() < _TINTED:
        pixels = pixels * random.uniform(*_TINT, 3).astype(np.float32)
    return np.ascontiguousarray(pixels)


def _erase(pixels: np.ndarray, random: np.random.Generator) -> None:
    """Something of one colour stands before the person."""
    height, width = random.integers(*_ERASED_HEIGHT, endpoint=True), random.integers(*_ERASED_WIDTH, endpoint=True)
    top = random.integers(0, CROP_SIZE[0] - height, endpoint=True)
    left = random.integers(0, CROP_SIZE[1] - width, endpoint=True)
    pixels[top : top + height, left : left + width] = random.random(3)
