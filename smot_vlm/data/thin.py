"""Every N-th frame of an annotated video: what a set of 25 frames a second is at BenSMOT's 2."""

from dataclasses import replace

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.structures import Trajectory


def thin(sequence: BenSmotSequence, every: int) -> BenSmotSequence:
    """The frames whose number is a multiple of `every`, numbered anew without the others, at a lower rate.

    Tracks that have no box in them are left out, with their interactions.

    Raises:
        ValueError: `every` is below one.
    """
    if every < 1:
        raise ValueError(f"every is {every}; give 1 (all frames) or more")
    if every == 1:
        return sequence
    frames = tuple(replace(frame, index=frame.index // every) for frame in sequence.frames if frame.index % every == 0)
    thinned = [_thin_track(track, every) for track in sequence.tracks]
    kept = [(track, name) for track, name in zip(thinned, sequence.names, strict=True) if len(track)]
    there = {track.id for track, _ in kept}
    return replace(
        sequence,
        frames=frames,
        tracks=tuple(track for track, _ in kept),
        names=tuple(name for _, name in kept),
        interactions=tuple(edge for edge in sequence.interactions if {edge.subject, edge.object} <= there),
        fps=sequence.fps / every,
    )


def _thin_track(track: Trajectory, every: int) -> Trajectory:
    kept = track.frames % every == 0
    return replace(track, frames=track.frames[kept] // every, boxes=track.boxes[kept], scores=track.scores[kept])
