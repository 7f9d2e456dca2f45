"""The boxes of a sequence frame by frame, true beside predicted, with the IoU of every two.

Ground-truth rows with score 0 are left out (a predicted box there is a false positive), as TrackEval does it for MOT15;
boxes are continuous (a width is x2 - x1).
"""

from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation.results import divide
from smot_vlm.evaluation.sequence_pairs import Pair, rows_of
from smot_vlm.formats.mot import MotRows


@dataclass(frozen=True, eq=False)
class FrameBoxes:
    """The boxes of a sequence, frame by frame: which tracks have one, and the IoU of every two.

    Attributes:
        truth: int64 (n_t) each, positions in truth_ids.
        predicted: int64 (m_t) each, positions in predicted_ids.
        iou: float64 (n_t, m_t) each.
        truth_ids: int64, ascending, the ids that have a box.
        predicted_ids: the same of the predicted tracks.
    """

    truth: tuple[np.ndarray, ...]
    predicted: tuple[np.ndarray, ...]
    iou: tuple[np.ndarray, ...]
    truth_ids: np.ndarray
    predicted_ids: np.ndarray


def frame_boxes(truth: MotRows, predicted: MotRows, frames: int) -> FrameBoxes:
    """Lay boxes out by frame, keeping their order within a frame.

    Args:
        truth: rows with score 0 are left out.
        predicted: rows of the run.
        frames: number of frames.

    Returns:
        Boxes by frame.
    """
    counted = truth.scores != 0
    truth = MotRows(truth.frames[counted], truth.ids[counted], truth.boxes[counted], truth.scores[counted])
    truth_ids, positions, true_boxes = _by_frame(truth, frames)
    predicted_ids, columns, predicted_boxes = _by_frame(predicted, frames)
    iou = tuple(box_iou(a, b) for a, b in zip(true_boxes, predicted_boxes, strict=True))
    return FrameBoxes(positions, columns, iou, truth_ids, predicted_ids)


def layout_of(pair: Pair) -> FrameBoxes:
    """A sequence's boxes by frame.

    Args:
        pair: the sequence.

    Returns:
        Boxes by frame.
    """
    predicted = pair.prediction.rows or rows_of(pair.prediction.tracks)
    return frame_boxes(rows_of(pair.truth.tracks), predicted, pair.frames)


def box_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU of every two boxes; an empty box has IoU 0 with everything.

    Args:
        first: xyxy (n, 4).
        second: xyxy (m, 4).

    Returns:
        (n, m).
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    intersection = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    return divide(intersection, areas[0][:, None] + areas[1][None, :] - intersection)


def track_alignment(layout: FrameBoxes) -> np.ndarray:
    """How well two tracks go together over the whole video: a Jaccard index of their boxes, softened by IoU (HOTA's).

    Args:
        layout: a sequence's boxes by frame.

    Returns:
        float64 (true tracks, predicted tracks) in [0, 1].
    """
    shared = np.zeros((len(layout.truth_ids), len(layout.predicted_ids)))
    for truth, predicted, iou in zip(layout.truth, layout.predicted, layout.iou, strict=True):
        if not iou.size:
            continue
        rivals = iou.sum(axis=0)[None, :] + iou.sum(axis=1)[:, None] - iou
        usable = rivals > np.finfo(float).eps
        shared[np.ix_(truth, predicted)] += np.divide(iou, rivals, out=np.zeros_like(iou), where=usable)
    lengths, others = track_lengths(layout)
    return divide(shared, lengths[:, None] + others[None, :] - shared)


def track_lengths(layout: FrameBoxes) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of each true and of each predicted track.

    Args:
        layout: a sequence's boxes by frame.

    Returns:
        int64 (true tracks,), int64 (predicted tracks,).
    """
    return (
        np.bincount(np.concatenate(layout.truth or (np.zeros(0, np.int64),)), minlength=len(layout.truth_ids)),
        np.bincount(np.concatenate(layout.predicted or (np.zeros(0, np.int64),)), minlength=len(layout.predicted_ids)),
    )


def _by_frame(rows: MotRows, frames: int) -> tuple[np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """The ids, and for each frame the positions of those that have a box there with the boxes."""
    ids, positions = np.unique(rows.ids, return_inverse=True)
    order = np.argsort(rows.frames, kind="stable")
    cuts = np.searchsorted(rows.frames[order], np.arange(1, frames))
    return ids, tuple(np.split(positions[order], cuts)), tuple(np.split(rows.boxes[order], cuts))
