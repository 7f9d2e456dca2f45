"""HOTA, CLEAR and identity measures, computed by TrackEval in process (no files), as for MOTChallenge boxes.

As TrackEval does it for MOT15: one class, no distractors, ground-truth rows with score 0 left out (a predicted box
there is a false positive), boxes continuous (a width is x2 - x1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smot_vlm.evaluation.results import Column, Part, divide, sum_part
from smot_vlm.evaluation.sequence_pairs import Pair, rows_of
from smot_vlm.formats.mot import MotRows

COLUMNS = (
    Column("tracking", "HOTA"),
    Column("tracking", "DetA"),
    Column("tracking", "AssA"),
    Column("tracking", "LocA"),
    Column("tracking", "MOTA"),
    Column("tracking", "IDF1"),
    Column("tracking", "IDR"),
    Column("tracking", "IDP"),
    Column("tracking", "FP", lower_is_better=True, count=True),
    Column("tracking", "FN", lower_is_better=True, count=True),
    Column("tracking", "IDs", lower_is_better=True, count=True),
)
ALPHAS = np.arange(0.05, 0.99, 0.05)
COMBINED = "COMBINED_SEQ"


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


def evaluate_tracking(layouts: Mapping[str, FrameBoxes]) -> dict[str, dict[str, dict[str, Any]]]:
    """TrackEval's own result.

    Args:
        layouts: sequence -> its boxes by frame.

    Returns:
        Sequence (and COMBINED_SEQ) -> HOTA, CLEAR, Identity, Count -> field -> value.

    Raises:
        ImportError: TrackEval is not installed.
    """
    metrics = _metrics()
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for name, layout in layouts.items():
        data = _trackeval_data(layout)
        results[name] = {key: metric.eval_sequence(data) for key, metric in metrics.items()}
    combined = {
        key: metric.combine_sequences({name: result[key] for name, result in results.items()})
        for key, metric in metrics.items()
    }
    return {**results, COMBINED: combined}


def tracking_part(layouts: Sequence[FrameBoxes]) -> Part:
    """The tracking columns. Values of several sequences are joined as TrackEval does: boxes are counted over all.

    Args:
        layouts: boxes by frame of each sequence.

    Returns:
        Eleven columns.
    """
    results = evaluate_tracking({str(index): layout for index, layout in enumerate(layouts)})
    return sum_part(COLUMNS, np.stack([_terms(results[str(index)]) for index in range(len(layouts))]), _finish)


def _metrics() -> dict[str, Any]:
    try:
        from trackeval.metrics import CLEAR, HOTA, Count, Identity
    except ImportError:
        raise ImportError("TrackEval is not installed; pip install 'smot-vlm[eval]'") from None
    quiet = {"PRINT_CONFIG": False}
    return {"HOTA": HOTA(), "CLEAR": CLEAR(quiet), "Identity": Identity(quiet), "Count": Count()}


def _by_frame(rows: MotRows, frames: int) -> tuple[np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """The ids, and for each frame the positions of those that have a box there with the boxes."""
    ids, positions = np.unique(rows.ids, return_inverse=True)
    order = np.argsort(rows.frames, kind="stable")
    cuts = np.searchsorted(rows.frames[order], np.arange(1, frames))
    return ids, tuple(np.split(positions[order], cuts)), tuple(np.split(rows.boxes[order], cuts))


def _trackeval_data(layout: FrameBoxes) -> dict[str, Any]:
    return {
        "num_timesteps": len(layout.truth),
        "num_gt_ids": len(layout.truth_ids),
        "num_tracker_ids": len(layout.predicted_ids),
        "num_gt_dets": sum(map(len, layout.truth)),
        "num_tracker_dets": sum(map(len, layout.predicted)),
        "gt_ids": list(layout.truth),
        "tracker_ids": list(layout.predicted),
        "similarity_scores": list(layout.iou),
    }


def _terms(result: dict[str, dict[str, Any]]) -> np.ndarray:
    """The numbers that add up over sequences: five rows of 19 thresholds, then seven counts."""
    hota, clear, identity = result["HOTA"], result["CLEAR"], result["Identity"]
    matched = hota["HOTA_TP"]
    rows = (matched, hota["HOTA_FN"], hota["HOTA_FP"], hota["AssA"] * matched, hota["LocA"] * matched)
    counts = [clear[key] for key in ("CLR_TP", "CLR_FN", "CLR_FP", "IDSW")]
    counts += [identity[key] for key in ("IDTP", "IDFN", "IDFP")]
    return np.concatenate([*rows, counts]).astype(np.float64)


def _finish(sums: np.ndarray) -> np.ndarray:
    """The columns from the summed terms, with TrackEval's formulas (mean over the thresholds)."""
    thresholds = len(ALPHAS)
    matched, missed, extra, association, location = sums[: 5 * thresholds].reshape(5, thresholds)
    true_positives, misses, false_positives, switches, id_matched, id_missed, id_extra = sums[5 * thresholds :]
    detection = matched / np.maximum(1, matched + missed + extra)
    association = association / np.maximum(1, matched)
    # TrackEval calls the location of no matched box at all perfect; here it is 0.
    location = np.maximum(1e-10, location) / np.maximum(1e-10, matched) if matched.any() else np.zeros(thresholds)
    return np.array(
        [
            np.sqrt(detection * association).mean(),
            detection.mean(),
            association.mean(),
            location.mean(),
            (true_positives - false_positives - switches) / max(1.0, true_positives + misses),
            id_matched / max(1.0, id_matched + 0.5 * id_missed + 0.5 * id_extra),
            id_matched / max(1.0, id_matched + id_missed),
            id_matched / max(1.0, id_matched + id_extra),
            false_positives,
            misses,
            switches,
        ]
    )
