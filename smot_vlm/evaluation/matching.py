"""Which predicted track is which true one: strict (one to one), official and captionformer (many to one)."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from smot_vlm.evaluation.results import divide
from smot_vlm.structures import Trajectory

STRICT_IOU = 0.5
OFFICIAL_IOU = 0.2


def spatio_temporal_iou(truth: Sequence[Trajectory], predicted: Sequence[Trajectory]) -> np.ndarray:
    """IoU of whole tracks: intersections over unions, both summed over the union of their frames.

    In a frame that only one of the two has, that box counts fully in the union. This is the track IoU of video
    instance segmentation, on boxes. Boxes are continuous: a width is x2 - x1.

    Args:
        truth: true tracks.
        predicted: predicted ones.

    Returns:
        (truth, predicted).
    """
    iou = np.zeros((len(truth), len(predicted)))
    if not iou.size:
        return iou
    length = 1 + max(int(track.frames[-1]) if len(track) else 0 for track in (*truth, *predicted))
    boxes, areas = _dense(predicted, length)
    for row, track in enumerate(truth):
        own, own_areas = _dense([track], length)
        low = np.maximum(boxes[..., :2], own[..., :2])
        high = np.minimum(boxes[..., 2:], own[..., 2:])
        intersection = np.clip(high - low, 0, None).prod(axis=-1).sum(axis=1)
        union = areas.sum(axis=1) + own_areas.sum() - intersection
        iou[row] = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    return iou


def match_one_to_one(
    truth: Sequence[Trajectory], predicted: Sequence[Trajectory], threshold: float = STRICT_IOU
) -> dict[int, int]:
    """The assignment with the highest sum of spatio-temporal IoU.

    Args:
        truth: true tracks.
        predicted: predicted ones.
        threshold: least IoU of a pair.

    Returns:
        Predicted id -> true id.
    """
    iou = spatio_temporal_iou(truth, predicted)
    allowed = iou >= threshold
    # A pair below the threshold is worth nothing, so it never displaces one above.
    rows, columns = linear_sum_assignment(np.where(allowed, iou, 0.0), maximize=True)
    return {
        predicted[column].id: truth[row].id for row, column in zip(rows, columns, strict=True) if allowed[row, column]
    }


def match_many_to_one(
    truth: Sequence[Trajectory], predicted: Sequence[Trajectory], threshold: float = OFFICIAL_IOU
) -> dict[int, int]:
    """The true track with the highest mean IoU over shared frames, for each predicted one.

    As the released evaluation does it: boxes are counted in whole pixels (a width is x2 - x1 + 1), several predicted
    tracks may get one true track, and of equal true tracks the later wins.

    Args:
        truth: true tracks.
        predicted: predicted ones.
        threshold: the IoU must be above it.

    Returns:
        Predicted id -> true id.
    """
    matches: dict[int, int] = {}
    for track in predicted:
        best = 0.0
        for candidate in truth:
            overlap = _mean_iou(candidate, track, pixel=1)
            if overlap > threshold and overlap >= best:
                best = overlap
                matches[track.id] = candidate.id
    return matches


def match_to_nearest(truth: Sequence[Trajectory], predicted: Sequence[Trajectory]) -> dict[int, int]:
    """The true track with the highest mean IoU over shared frames, for each predicted one, however low it is.

    As CaptionFormer evaluates on BenSMOT: a width is x2 - x1, of equal true tracks the first wins, and a predicted track
    that overlaps nobody goes to the first true track.

    Args:
        truth: true tracks.
        predicted: predicted ones.

    Returns:
        Predicted id -> true id; empty without a true track.
    """
    if not truth:
        return {}
    overlaps = [[_mean_iou(candidate, track, pixel=0) for candidate in truth] for track in predicted]
    return {track.id: truth[int(np.argmax(row))].id for track, row in zip(predicted, overlaps, strict=True)}


def _dense(tracks: Sequence[Trajectory], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (tracks, length, 4) and areas (tracks, length); a frame without a box holds an inside-out box of area 0."""
    boxes = np.empty((len(tracks), length, 4))
    boxes[..., :2] = np.inf
    boxes[..., 2:] = -np.inf
    areas = np.zeros((len(tracks), length))
    for row, track in enumerate(tracks):
        boxes[row, track.frames] = track.boxes
        areas[row, track.frames] = np.clip(track.boxes[:, 2:] - track.boxes[:, :2], 0, None).prod(axis=1)
    return boxes, areas


def _mean_iou(first: Trajectory, second: Trajectory, pixel: int) -> float:
    """Mean IoU over shared frames, 0 without one; a width is x2 - x1 + `pixel`."""
    _, rows, columns = np.intersect1d(first.frames, second.frames, assume_unique=True, return_indices=True)
    if not len(rows):
        return 0.0
    a, b = first.boxes[rows], second.boxes[columns]
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]) + pixel
    intersection = np.clip(sides, 0, None).prod(axis=1)
    areas = [(boxes[:, 2:] - boxes[:, :2] + pixel).prod(axis=1) for boxes in (a, b)]
    return float(divide(intersection, areas[0] + areas[1] - intersection).mean())
