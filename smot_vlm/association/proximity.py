"""How far people are from each other, measured in their heights."""

import numpy as np


def center_distances(boxes: np.ndarray) -> np.ndarray:
    """Distances between the centers of boxes, divided by the mean height of the two.

    Args:
        boxes: (n, 4), xyxy.

    Returns:
        (n, n) distances.
    """
    centers, heights = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    distances = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    result: np.ndarray = distances / (heights[:, None] + heights[None]) * 2
    return result
