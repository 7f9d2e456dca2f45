"""Bootstrap intervals: how much a value would vary with another choice of sequences."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.evaluation.results import Part

CONFIDENCE = 0.95


def resample(parts: Sequence[Part], sequences: int, resamples: int, seed: int) -> np.ndarray | None:
    """Percentile intervals at 95 % from draws of the sequences with replacement.

    A column without a value in some draw has its interval from the others. The draws depend on the seed alone.

    Args:
        parts: the columns.
        sequences: how many there are.
        resamples: number of draws.
        seed: of the draws.

    Returns:
        (columns, 2) lower and upper ends; None for 0 resamples.
    """
    if not resamples:
        return None
    generator = np.random.default_rng(seed)
    draws = generator.multinomial(sequences, np.full(sequences, 1 / sequences), size=resamples).astype(np.float64)
    values = np.stack([np.concatenate([part.score(weights) for part in parts]) for weights in draws])
    tail = 50 * (1 - CONFIDENCE)
    return np.array([_percentiles(column[~np.isnan(column)], tail) for column in values.T])


def _percentiles(values: np.ndarray, tail: float) -> np.ndarray:
    return np.percentile(values, [tail, 100 - tail]) if len(values) else np.full(2, np.nan)
