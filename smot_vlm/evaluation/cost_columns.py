"""What a run cost beside how good it is: seconds, answers of language models and their tokens, a video."""

from collections.abc import Sequence

import numpy as np

from smot_vlm.evaluation.results import Column, Part
from smot_vlm.evaluation.sequence_pairs import Pair

GROUP = "cost"
COLUMNS = tuple(
    Column(GROUP, name, lower_is_better=True) for name in ("seconds", "calls", "tokens read", "tokens written")
)


def cost_parts(pairs: Sequence[Pair]) -> list[Part]:
    """Means over the videos whose cost is known.

    Args:
        pairs: the sequences.

    Returns:
        Nothing where no cost is known.
    """
    costs = [pair.prediction.cost for pair in pairs]
    if not any(costs):
        return []
    terms = np.array(
        [
            (1, cost.seconds, cost.calls, cost.tokens_read, cost.tokens_written) if cost else np.zeros(5)
            for cost in costs
        ],
        dtype=np.float64,
    )

    def score(weights: np.ndarray) -> np.ndarray:
        videos, *sums = weights @ terms
        return np.array(sums) / videos if videos else np.full(len(COLUMNS), np.nan)

    return [Part(COLUMNS, score, dict.fromkeys((column.name for column in COLUMNS), "no cost was written"))]


def cost_notes(pairs: Sequence[Pair]) -> list[str]:
    """How to read the columns.

    Args:
        pairs: the sequences.

    Returns:
        A line; nothing where no cost is known.
    """
    known = sum(pair.prediction.cost is not None for pair in pairs)
    if not known:
        return []
    return [
        f"{GROUP}: means a video, of {known} of {len(pairs)}; seconds of wall time on the machine that described them, calls: "
        "answers of language models"
    ]
