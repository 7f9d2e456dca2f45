"""Whether boxes can be meant as they were read: x,y,w,h in pixels of this frame."""

import numpy as np

# A box may reach out of the frame by this part of it: amodal boxes do.
_MARGIN = 0.1


def odd_boxes(boxes: np.ndarray, width: int, height: int) -> str | None:
    """Say why boxes look as if they were given in another form.

    Args:
        boxes: float64 (n, 4), xyxy as x,y,w,h was read.
        width: of the frame in pixels.
        height: of the frame in pixels.

    Returns:
        The likely cause and what to do; None where nothing is odd.
    """
    if not len(boxes):
        return None
    sides = boxes[:, 2:] - boxes[:, :2]
    size = np.array([width, height])
    outside = (boxes[:, 2:] > size * (1 + _MARGIN)).any(axis=1) | (boxes[:, :2] < -size * _MARGIN).any(axis=1)
    told = f"{int(outside.sum())} of {len(boxes)} boxes leave the {width} x {height} frame"
    as_corners = ((sides > boxes[:, :2]) & (sides <= size * (1 + _MARGIN))).all()
    if outside.any() and as_corners:
        return f"{told}, and all fit in as x1,y1,x2,y2; give x,y,w,h (w = x2 - x1, h = y2 - y1)"
    if (boxes <= 1.5).all() and min(width, height) > 2:
        return "no box is larger than a pixel, as if they were fractions of the frame; give x,y,w,h in pixels"
    if outside.mean() > 0.5:
        return f"{told}; give x,y,w,h in pixels of this frame (boxes of another size, or x1,y1,x2,y2?)"
    return None
