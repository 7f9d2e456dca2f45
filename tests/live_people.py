"""Whoever is seen by a camera that misbehaves: found by brightness, and by no id twice."""

from pathlib import Path

import numpy as np
import torch
from tiny import tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.structures import Detections
from smot_vlm.tracker import Tracker


class Bright:
    """Finds the bright square."""

    def detect(self, image: np.ndarray) -> Detections:
        rows, columns = np.nonzero(image.mean(axis=2) > 128)
        if not len(rows):
            return Detections(np.zeros((0, 4)), np.zeros(0))
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return Detections(np.array([box], dtype=np.float64), np.array([0.9]))


def bright_tracker(language_model: Path) -> Tracker:
    """An untrained tracker that finds the bright square."""
    torch.manual_seed(0)
    config = tiny_config(language_model)
    made = Tracker(build_model(config), config)
    made._detector.settle().detector = Bright()
    return made


def assert_no_id_comes_back(alive: list[tuple[set[int], float]]) -> None:
    """Between the first and the last frame of an id no more than two seconds are without it."""
    seen: dict[int, float] = {}
    for ids, seconds in alive:
        for number in ids:
            assert seconds - seen.get(number, seconds) <= 2.0, number
            seen[number] = seconds
    assert sorted(seen) == list(range(1, len(seen) + 1))
