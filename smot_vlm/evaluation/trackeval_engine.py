"""TrackEval in process (no files), as for MOTChallenge boxes: one class, no distractors. The oracle of `motrics_engine`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from smot_vlm.evaluation.frame_boxes import FrameBoxes

COMBINED = "COMBINED_SEQ"


def tracking_terms(layout: FrameBoxes) -> np.ndarray:
    """The numbers that add up over sequences.

    Args:
        layout: a sequence's boxes by frame.

    Returns:
        float64 (102,): five rows of 19 thresholds (matched, missed, extra boxes, association and location summed over
        the matched), then CLEAR's matched, missed, extra boxes and switches, then the identity measures' matched,
        missed and extra boxes.

    Raises:
        ImportError: TrackEval is not installed.
    """
    result = evaluate_tracking({"one": layout})["one"]
    hota, clear, identity = result["HOTA"], result["CLEAR"], result["Identity"]
    matched = hota["HOTA_TP"]
    rows = (matched, hota["HOTA_FN"], hota["HOTA_FP"], hota["AssA"] * matched, hota["LocA"] * matched)
    counts = [clear[key] for key in ("CLR_TP", "CLR_FN", "CLR_FP", "IDSW")]
    counts += [identity[key] for key in ("IDTP", "IDFN", "IDFP")]
    return np.concatenate([*rows, counts]).astype(np.float64)


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


def _metrics() -> dict[str, Any]:
    try:
        from trackeval.metrics import CLEAR, HOTA, Count, Identity
    except ImportError:
        raise ImportError("TrackEval is not installed; pip install 'smot-vlm[eval]'") from None
    quiet = {"PRINT_CONFIG": False}
    return {"HOTA": HOTA(), "CLEAR": CLEAR(quiet), "Identity": Identity(quiet), "Count": Count()}


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
