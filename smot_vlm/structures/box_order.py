"""All boxes of a description by frame and id, as numbers that point to them: they are not copied, as there may be millions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.structures.records import Trajectory


@dataclass(frozen=True, eq=False)
class BoxOrder:
    """Where each box stands, by frame and then id.

    Attributes:
        frames: int32 (n,) ascending.
        owners: int32 (n,) positions of tracks.
        places: int32 (n,) positions of boxes in their tracks.
    """

    frames: np.ndarray
    owners: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, tracks: Sequence[Trajectory]) -> "BoxOrder":
        """Order the boxes of tracks.

        Args:
            tracks: in any order.

        Returns:
            The order.
        """
        by_id = sorted(range(len(tracks)), key=lambda row: tracks[row].id)
        lengths = [len(tracks[row]) for row in by_id]
        nothing = np.zeros(0, dtype=np.int32)
        frames = np.concatenate([nothing, *(tracks[row].frames.astype(np.int32) for row in by_id)])
        owners = np.repeat(np.array(by_id, dtype=np.int32), lengths)
        places = np.concatenate([nothing, *(np.arange(length, dtype=np.int32) for length in lengths)])
        order = np.argsort(frames, kind="stable").astype(np.int32)
        return cls(frames[order], owners[order], places[order])
