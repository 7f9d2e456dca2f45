"""What is left of a sequence once boxes were taken out of it: tracks with a box, their names, facts and interactions."""

from dataclasses import replace

import numpy as np

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.sequence_files import BOXES_FILE
from smot_vlm.structures import Trajectory


def with_boxes(sequence: BenSmotSequence, tracks: tuple[Trajectory, ...]) -> BenSmotSequence:
    """Replace the tracks; those without a box are dropped, with their names, facts and interactions.

    Args:
        sequence: stays as it is.
        tracks: one for each of the sequence's, in their order.

    Returns:
        The copy.
    """
    kept = [(track, name) for track, name in zip(tracks, sequence.names, strict=True) if len(track)]
    there = {track.id for track, _ in kept}
    return replace(
        sequence,
        tracks=tuple(track for track, _ in kept),
        names=tuple(name for _, name in kept),
        interactions=tuple(edge for edge in sequence.interactions if {edge.subject, edge.object} <= there),
        people=None if sequence.people is None else sequence.people.only(there),
    )


def drop_unseen(sequence: BenSmotSequence) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
    """Drop boxes of frames that have no image. A sequence without any image is left as it is.

    Args:
        sequence: stays as it is.

    Returns:
        The copy, and what was dropped, of the kind row-without-image.
    """
    there = [np.isin(track.frames, sequence.frame_numbers) for track in sequence.tracks]
    if not sequence.frames or all(mask.all() for mask in there):
        return sequence, ()
    lost = np.concatenate([track.frames[~mask] for track, mask in zip(sequence.tracks, there, strict=True)])
    message = (
        f"{sequence.folder / BOXES_FILE}: {len(lost)} rows are of frames without an image (frames {lost.min() + 1} to "
        f"{lost.max() + 1}; the last image is {sequence.frames[-1].index + 1}); left out"
    )
    tracks = tuple(
        replace(track, frames=track.frames[mask], boxes=track.boxes[mask], scores=track.scores[mask])
        for track, mask in zip(sequence.tracks, there, strict=True)
    )
    return with_boxes(sequence, tracks), (Loss("row-without-image", message, len(lost)),)
