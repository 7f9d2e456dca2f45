"""How far people are from each other, measured in people."""

import numpy as np


def center_gaps(boxes: np.ndarray) -> np.ndarray:
    """(n, n) distances between the centers of boxes (n, 4) xyxy, over the mean height of the two boxes."""
    centers, heights = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    distances = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    return distances / (heights[:, None] + heights[None]) * 2
