"""Tests in which something is learned hold for more than one seed: one by default, three more with `-m slow`."""

import pytest


def learning(first: int = 0):
    """Marks a test that learns, and gives it its `seed`."""
    more = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(first + 1, first + 4)]

    def mark(test):
        return pytest.mark.learning(pytest.mark.parametrize("seed", [first, *more])(test))

    return mark
