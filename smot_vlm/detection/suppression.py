"""From a network's raw boxes to the people of a frame: class, threshold and non-maximum suppression."""

from collections.abc import Sequence

import numpy as np
import torch
from torchvision.ops import nms

from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.detection.person_class import PERSON
from smot_vlm.detection.result_check import ResultCheck
from smot_vlm.structures import Detections


def people_from_channels(
    prediction: np.ndarray, placement: Letterbox, min_score: float, overlap: float, check: ResultCheck
) -> Detections:
    """People in ultralytics' decoded output, best first.

    With one class that class is "person"; with more, person is class 0 (COCO) and must be the likeliest.

    Args:
        prediction: (4 + classes, anchors), center x, center y, width and height in canvas pixels, then scores.
        placement: Where the frame lies in the canvas.
        min_score: Boxes below are dropped.
        overlap: IoU of non-maximum suppression.
        check: Says what cannot be right.
    """
    scores = person_scores(prediction[4:], (PERSON,), likeliest=True, check=check)
    keep = scores > min_score
    boxes = cxcywh_to_xyxy(prediction[:4, keep].T)
    return suppress(placement.to_frame(boxes), scores[keep], placement, overlap, check)


def person_scores(
    scores: np.ndarray,
    people: Sequence[int],
    *,
    likeliest: bool,
    check: ResultCheck,
    objectness: np.ndarray | None = None,
) -> np.ndarray:
    """The score of being a person, of every box.

    Args:
        scores: (classes, n).
        people: The classes that are people.
        likeliest: 0 where another class is likelier.
        check: Says what cannot be right.
        objectness: (n), times which scores are taken.

    Returns:
        (n), finite.
    """
    person = scores[people[0]] if len(people) == 1 else scores[list(people)].max(axis=0)
    best = scores.max(axis=0) if likeliest and len(scores) > len(people) else person
    factor = 1 if objectness is None else objectness
    # What is not finite in any class makes the best of them so.
    sound = check.scores(best * factor)
    result: np.ndarray = sound if best is person else np.where(person >= best, sound, 0)
    return result


def cxcywh_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    """Convert boxes from center x, center y, width and height to corners.

    Args:
        boxes: (n, 4).
    """
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def suppress(
    boxes: np.ndarray, scores: np.ndarray, placement: Letterbox, overlap: float, check: ResultCheck
) -> Detections:
    """Non-maximum suppression, best first. Boxes may reach over the frame's edge; those wholly outside are dropped.

    Args:
        boxes: (n, 4), xyxy in the frame's pixels.
        scores: (n).
        placement: Says how large the frame is.
        overlap: IoU above which the lower score is dropped.
        check: Says what cannot be right; those boxes are dropped.
    """
    usable = check.usable(boxes)
    boxes, scores = boxes[usable], scores[usable]
    kept = nms(torch.from_numpy(boxes).float(), torch.from_numpy(scores).float(), overlap).numpy()
    boxes, scores = boxes[kept], scores[kept]
    inside = np.minimum(boxes[:, 2:], [placement.width, placement.height]) > np.maximum(boxes[:, :2], 0)
    visible = inside.all(axis=1)
    return check.people(Detections(boxes[visible], scores[visible]))
