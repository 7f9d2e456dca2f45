"""HOTA, CLEAR and identity measures of a set of sequences, by one of two engines with equal numbers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from smot_vlm.evaluation import motrics_engine, trackeval_engine
from smot_vlm.evaluation.frame_boxes import FrameBoxes
from smot_vlm.evaluation.results import Column, Part, sum_part

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
# Each gives the 102 terms of a sequence that add up over sequences.
ENGINES: Mapping[str, Callable[[FrameBoxes], np.ndarray]] = {
    "motrics": motrics_engine.tracking_terms,
    "trackeval": trackeval_engine.tracking_terms,
}
DEFAULT_ENGINE = "motrics"


def tracking_part(layouts: Sequence[FrameBoxes], engine: str = DEFAULT_ENGINE) -> Part:
    """The tracking columns. Values of several sequences are joined as TrackEval does: boxes are counted over all.

    Args:
        layouts: boxes by frame of each sequence.
        engine: one of ENGINES.

    Returns:
        Eleven columns.

    Raises:
        ImportError: the engine is not installed.
    """
    terms = ENGINES[engine]
    return sum_part(COLUMNS, np.stack([terms(layout) for layout in layouts]), _finish)


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
