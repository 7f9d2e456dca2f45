"""Which image a MOT row belongs to: the one whose name ends in the row's frame number, or the one at that position.

Half of a sequence keeps its image names (000031.jpg to 000060.jpg). The rows beside it are those of the whole sequence
(frames 1 to 60), or were numbered anew (1 to 30).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smot_vlm.formats.losses import Loss
from smot_vlm.formats.sequence_files import frame_index


@dataclass(frozen=True)
class Placement:
    """Where rows belong.

    Attributes:
        positions: int64 (rows), of each row's image; -1 where it has none.
        losses: of the kinds row-without-image and renumbered.
    """

    positions: np.ndarray
    losses: tuple[Loss, ...] = ()


def numbers_of_names(names: Sequence[str]) -> np.ndarray | None:
    """The 0-based frame numbers of images by their names.

    Args:
        names: in order.

    Returns:
        int64 (names), ascending; None where some name has no number from 1, or the numbers do not ascend.
    """
    found = [frame_index(name) for name in names]
    known = [number for number in found if number is not None]
    if not found or len(known) < len(found) or any(after <= before for before, after in pairwise(known)):
        return None
    return np.array(known, dtype=np.int64)


def place_rows(frames: np.ndarray, numbers: np.ndarray, name: str) -> Placement:
    """Find the image of each row.

    By number. By position where every row has an image there and most have none by number: such rows were numbered anew.

    Args:
        frames: int64 (rows), 0-based.
        numbers: int64 (images), ascending, 0-based.
        name: of the file with the rows, for messages.

    Returns:
        Positions, and what is to be said.
    """
    places = np.searchsorted(numbers, frames)
    inside = places < len(numbers)
    there = inside.copy()
    there[inside] = numbers[places[inside]] == frames[inside]
    by_position = len(frames) > 0 and bool((frames < len(numbers)).all()) and there.mean() < 0.5
    span = f"{numbers[0] + 1} to {numbers[-1] + 1}" if len(numbers) else "none"
    if by_position:
        message = (
            f"{name}: rows are of frames {frames.min() + 1} to {frames.max() + 1}, but the images are numbered {span}; "
            "frame 1 is taken as the first image"
        )
        return Placement(frames.astype(np.int64), (Loss("renumbered", message, len(frames)),))
    positions = np.where(there, places, -1)
    lost = frames[~there]
    if not len(lost):
        return Placement(positions)
    message = (
        f"{name}: {len(lost)} of {len(frames)} rows are of frames without an image (frames {lost.min() + 1} to "
        f"{lost.max() + 1}; the images are numbered {span}); left out"
    )
    return Placement(positions, (Loss("row-without-image", message, len(lost)),))
