"""From a network's raw boxes to the people of a frame: class, threshold and non-maximum suppression."""

import numpy as np
import torch
from torchvision.ops import nms

from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.structures import Detections

# COCO's class.
PERSON = 0


def people_from_channels(prediction: np.ndarray, placement: Letterbox, min_score: float, overlap: float) -> Detections:
    """People in ultralytics' decoded output, best first.

    With one class that class is "person"; with more, person is class 0 (COCO) and must be the likeliest.

    Args:
        prediction: (4 + classes, anchors), center x, center y, width and height in canvas pixels, then scores.
        placement: Where the frame lies in the canvas.
        min_score: Boxes below are dropped.
        overlap: IoU of non-maximum suppression.
    """
    scores = prediction[4 + PERSON]
    keep = (scores > min_score) & (prediction[4:].argmax(axis=0) == PERSON)
    boxes = cxcywh_to_xyxy(prediction[:4, keep].T)
    return suppress(placement.to_frame(boxes), scores[keep], placement, overlap)


def cxcywh_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    """Convert boxes from center x, center y, width and height to corners.

    Args:
        boxes: (n, 4).
    """
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def suppress(boxes: np.ndarray, scores: np.ndarray, placement: Letterbox, overlap: float) -> Detections:
    """Non-maximum suppression, best first. Boxes may reach over the frame's edge; those wholly outside are dropped.

    Args:
        boxes: (n, 4), xyxy in the frame's pixels.
        scores: (n).
        placement: Says how large the frame is.
        overlap: IoU above which the lower score is dropped.
    """
    kept = nms(torch.from_numpy(boxes).float(), torch.from_numpy(scores).float(), overlap).numpy()
    boxes, scores = boxes[kept], scores[kept]
    inside = np.minimum(boxes[:, 2:], [placement.width, placement.height]) > np.maximum(boxes[:, :2], 0)
    visible = inside.all(axis=1)
    return Detections(boxes[visible], scores[visible])
