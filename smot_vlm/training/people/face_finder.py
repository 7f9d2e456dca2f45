"""Where faces are in crops of people, as a teacher tells: MTCNN (Zhang et al. 2016) of the package faceie."""

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

# Crop -> face in it, xyxy in pixels, or None.
FaceFinder = Callable[[np.ndarray], "np.ndarray | None"]
# Crops are enlarged to this height: faces under some 20 pixels are not found.
_HEIGHT = 420
# Where the centre of the own face lies, as shares of the crop; others' faces are at its edges and further down.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.15, 0.85, 0.02, 0.65
_USUAL_TOP = 0.05


def open_face_finder() -> FaceFinder:
    """The teacher.

    Returns:
        It.

    Raises:
        ModuleNotFoundError: faceie is not installed.
    """
    if importlib.util.find_spec("faceie") is None:
        raise ModuleNotFoundError(
            "faces are found by the package faceie; `pip install faceie`, or leave people.faces empty"
        )
    from faceie.mtcnn import detect_faces

    def find(crop: np.ndarray) -> np.ndarray | None:
        larger = max(_HEIGHT / crop.shape[0], 1.0)
        size = (round(crop.shape[1] * larger), round(crop.shape[0] * larger))
        found: Any = detect_faces(
            Image.fromarray(crop).resize(size, Image.Resampling.BICUBIC),
            rotations=np.zeros(1),
            proposal_probability_threshold=0.6,
            refine_probability_threshold=0.6,
            output_probability_threshold=0.5,
            extract_images=None,
        )
        return own_face(np.asarray(found.bounding_boxes) / larger, np.asarray(found.probabilities), crop.shape[:2])

    return find


def own_face(boxes: np.ndarray, scores: np.ndarray, size: tuple[int, ...]) -> np.ndarray | None:
    """The face of the person around whom a crop was cut.

    Args:
        boxes: (n, 4) xyxy of faces in pixels.
        scores: (n,) of them.
        size: height and width of the crop.

    Returns:
        (4,), or None where none is where the person's own face can be.
    """
    if not len(boxes):
        return None
    across = (boxes[:, 0] + boxes[:, 2]) / 2 / size[1]
    down = (boxes[:, 1] + boxes[:, 3]) / 2 / size[0]
    possible = (across > _LEFT) & (across < _RIGHT) & (down > _TOP) & (down < _BOTTOM)
    if not possible.any():
        return None
    cost = np.abs(across - 0.5) + np.maximum(down - _USUAL_TOP, 0) - scores / 2
    best: np.ndarray = boxes[np.where(possible, cost, np.inf).argmin()]
    return best
