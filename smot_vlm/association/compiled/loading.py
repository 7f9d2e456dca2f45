"""Loads every step of this package."""

import numpy as np

from smot_vlm.association.compiled import byte, ocsort, sort
from smot_vlm.association.compiled.core import Core
from smot_vlm.association.compiled.observations import RECENT
from smot_vlm.structures import Detections


def load() -> None:
    """Compile the steps, or load them from the cache, by linking one box."""
    one = Detections(np.array([[0.0, 0, 50, 100]]), np.array([0.9]))
    Core(sort.step, {}, np.zeros((0, sort.WIDTH))).update(one, 1.0)
    Core(byte.step, {}, np.zeros((0, byte.WIDTH)), halves=2).update(one, 1.0)
    head = {ocsort.MEMORY: 1}
    Core(ocsort.step, head, np.zeros((0, RECENT + 2)), steps=np.zeros(4), longest=ocsort.LONGEST).update(one, 1.0)
