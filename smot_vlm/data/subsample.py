"""Every N-th frame of an annotated video: brings 25 frames a second to BenSMOT's 2."""

from dataclasses import replace

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.kept_tracks import with_boxes
from smot_vlm.structures import Trajectory


def subsample(sequence: BenSmotSequence, every: int) -> BenSmotSequence:
    """Keep the frames whose number is a multiple of N, renumbered, at a lower rate.

    Tracks that have no box in them are dropped, with their interactions.

    Args:
        sequence: stays as it is.
        every: N.

    Returns:
        The subsampled copy.

    Raises:
        ValueError: `every` is below one.
    """
    if every < 1:
        raise ValueError(f"every is {every}; give 1 (all frames) or more")
    if every == 1:
        return sequence
    frames = tuple(replace(frame, index=frame.index // every) for frame in sequence.frames if frame.index % every == 0)
    tracks = tuple(_subsample_track(track, every) for track in sequence.tracks)
    return replace(with_boxes(sequence, tracks), frames=frames, fps=sequence.fps / every)


def _subsample_track(track: Trajectory, every: int) -> Trajectory:
    kept = track.frames % every == 0
    return replace(track, frames=track.frames[kept] // every, boxes=track.boxes[kept], scores=track.scores[kept])
