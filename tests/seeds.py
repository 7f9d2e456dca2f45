"""Tests in which something is learned hold for more than one seed: one by default, three more with `-m slow`."""

import pytest


def learning():
    """Marks a test that learns, and gives it its `seed`."""
    seeds = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))]

    def mark(test):
        return pytest.mark.learning(pytest.mark.parametrize("seed", seeds)(test))

    return mark
