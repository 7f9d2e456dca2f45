"""What a reader or a conversion left out or guessed: each kind counted and named, so that nothing is lost in silence."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Loss:
    """One thing that was left out or guessed.

    Attributes:
        kind: a fixed word for each cause.
        message: names the file or video, says what was left out and what to do.
        count: how many rows, entries or people.
    """

    kind: str
    message: str
    count: int = 1


def count_losses(losses: Iterable[Loss]) -> Counter[str]:
    """Count losses.

    Args:
        losses: any number.

    Returns:
        How many of each kind, such as {"row-without-image": 30}.
    """
    counts: Counter[str] = Counter()
    for loss in losses:
        counts[loss.kind] += loss.count
    return counts


def log_losses(losses: Iterable[Loss], logger: logging.Logger) -> None:
    """Warn of each loss.

    Args:
        losses: any number.
        logger: of the module that reads.
    """
    for loss in losses:
        logger.warning("%s", loss.message)
