"""CLEAR's counts, assigned frame by frame exactly as TrackEval does: pairs of the frame before first, then overlap.

motrics 0.3 counts other switches than TrackEval where people are near each other (15 for 13 on MOT15's TUD-Stadtmitte).
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from smot_vlm.evaluation.assignment_ties import is_contested
from smot_vlm.evaluation.frame_boxes import FrameBoxes

MATCHING_IOU = 0.5
# What a pair that was matched in the frame before is worth beside any overlap.
_CONTINUED = 1000


def clear_counts(layout: FrameBoxes) -> tuple[int, int, int, int]:
    """Match boxes, and count.

    Args:
        layout: a sequence's boxes by frame.

    Returns:
        Matched, missed and extra boxes, and identity switches.
    """
    last = np.full(len(layout.truth_ids), -1)  # the track that a person was matched to, whenever that was
    before = last.copy()  # the same, in the last frame that had boxes of both kinds
    matched = switches = 0
    for truth, predicted, iou in zip(layout.truth, layout.predicted, layout.iou, strict=True):
        if not iou.size:
            continue
        rows, columns = _match(predicted[None, :] == before[truth][:, None], iou)
        people, tracks = truth[rows], predicted[columns]
        known = last[people]
        matched += len(people)
        switches += int(((known >= 0) & (known != tracks)).sum())
        last[people] = tracks
        before[:] = -1
        before[people] = tracks
    true, found = (sum(map(len, frames)) for frames in (layout.truth, layout.predicted))
    return matched, true - matched, found - matched, switches


def _match(continued: np.ndarray, iou: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pairs."""
    near = iou >= MATCHING_IOU - np.finfo(float).eps
    if not is_contested(near):
        rows, columns = np.nonzero(near)
        return rows, columns
    rows, columns = linear_sum_assignment(np.where(near, _CONTINUED * continued + iou, 0.0), maximize=True)
    kept = near[rows, columns]
    return rows[kept], columns[kept]
