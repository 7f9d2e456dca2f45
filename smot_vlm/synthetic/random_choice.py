"""Random choice among options, the one draw that every wing of the synthetic world makes."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")


def pick(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """One of some options, all equally likely.

    Args:
        rng: drawn from once.
        options: at least one.

    Returns:
        The chosen one.
    """
    return options[int(rng.integers(len(options)))]
