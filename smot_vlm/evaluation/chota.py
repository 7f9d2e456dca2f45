"""CapA and CHOTA: HOTA with the captions' accuracy as a third factor, after DenseVOC (arXiv 2306.11729).

At each of HOTA's 19 thresholds alpha, with HOTA's own assignment of boxes:

    CapA(alpha)  = mean of q(g, p) over all matched boxes whose true track has a caption
    CHOTA(alpha) = (DetA(alpha) * AssA(alpha) * CapA(alpha)) ^ (1/3)

and CapA, CHOTA are means over the thresholds. q(g, p) is the quality of the caption of the predicted track p as one of
the true track g: here the mean of segment METEOR 1.5 and ROUGE-L, both in [0, 1]. DenseVOC averages CIDEr, METEOR and
SPICE at alpha = 0.5 alone; CIDEr is left out because it depends on the other captions of the set and on its scale, SPICE
because its models cannot be shipped. The numbers are therefore not comparable with DenseVOC's.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from smot_vlm.evaluation.frame_boxes import FrameBoxes, track_alignment, track_lengths
from smot_vlm.evaluation.results import Column, Part, divide, sum_part
from smot_vlm.evaluation.tracking import ALPHAS

COLUMNS = (Column("chota", "CapA"), Column("chota", "CHOTA"))


def matched_boxes(layout: FrameBoxes) -> np.ndarray:
    """How many boxes of a predicted track HOTA assigns to a true one.

    The assignment of HOTA (Luiten et al., IJCV 2020): in each frame the sum of (alignment of the two tracks over the
    video) x (IoU in this frame) is greatest; a threshold then keeps the pairs with enough IoU.

    Args:
        layout: a sequence's boxes by frame.

    Returns:
        int64 (thresholds, true tracks, predicted tracks).
    """
    alignment = track_alignment(layout)
    counts = np.zeros((len(ALPHAS), len(layout.truth_ids), len(layout.predicted_ids)), dtype=np.int64)
    for truth, predicted, iou in zip(layout.truth, layout.predicted, layout.iou, strict=True):
        if not iou.size:
            continue
        rows, columns = linear_sum_assignment(alignment[np.ix_(truth, predicted)] * iou, maximize=True)
        kept = iou[rows, columns][None, :] >= ALPHAS[:, None] - np.finfo(float).eps
        counts[:, truth[rows], predicted[columns]] += kept
    return counts


def chota_part(layouts: Sequence[FrameBoxes], matched: Sequence[np.ndarray], quality: Sequence[np.ndarray]) -> Part:
    """CapA and CHOTA.

    Args:
        layouts: boxes by frame of each sequence.
        matched: `matched_boxes` of each layout.
        quality: q for each true and predicted track of each sequence, float64 (true tracks, predicted tracks) in
            [0, 1], NaN where the true track has no caption.

    Returns:
        Two columns.
    """
    terms = [_terms(*items) for items in zip(layouts, matched, quality, strict=True)]
    return sum_part(COLUMNS, np.stack(terms), _finish)


def _terms(layout: FrameBoxes, matched: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Six rows of 19 thresholds that add up over sequences."""
    lengths, others = track_lengths(layout)
    true_positives = matched.sum(axis=(1, 2))
    association = (matched * divide(matched, lengths[:, None] + others[None, :] - matched)).sum(axis=(1, 2))
    known = np.isfinite(quality)
    captioned = (matched * known).sum(axis=(1, 2))
    words = (matched * np.where(known, quality, 0.0)).sum(axis=(1, 2))
    misses, extra = lengths.sum() - true_positives, others.sum() - true_positives
    return np.concatenate([true_positives, misses, extra, association, captioned, words]).astype(np.float64)


def _finish(sums: np.ndarray) -> np.ndarray:
    matched, missed, extra, association, captioned, words = sums.reshape(6, len(ALPHAS))
    detection = divide(matched, matched + missed + extra)
    words = divide(words, captioned)
    return np.array([words.mean(), np.cbrt(detection * divide(association, matched) * words).mean()])
