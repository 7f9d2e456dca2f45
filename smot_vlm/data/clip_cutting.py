"""Cut clips for training out of annotated sequences."""

from collections.abc import Collection
from dataclasses import replace

import cv2
import numpy as np

from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.structures import Clip, Frame, Interaction, Trajectory


def cut_clip(sequence: AnnotatedSequence, places: Collection[int], at_least: int = 0) -> Clip:
    """The clip of some frames, which alone are decoded.

    People without a box in them are left out, with their interactions. The captions stay those of the whole video.

    Args:
        sequence: where to cut.
        places: positions of the frames, ascending.
        at_least: pixels that the long side of a frame keeps where a smaller one is decoded faster; 0: all of them.

    Returns:
        The clip, boxes in pixels of its frames.

    Raises:
        FileNotFoundError, ValueError: a frame that cannot be read.
    """
    if at_least:
        read = [sequence.read_reduced(place, at_least) for place in places]
        frames, scale = tuple(frame for frame, _ in read), read[0][1]
    else:
        frames, scale = tuple(sequence.read_frame(place) for place in places), np.ones(2)
    tracks = cut_tracks(sequence.tracks, [frame.index for frame in frames])
    if (scale != 1).any():
        tracks = scale_tracks(tracks, np.tile(scale, 2))
    there = {track.id for track in tracks}
    return Clip(
        name=sequence.name,
        fps=sequence.fps / _median_step(frames),
        frames=frames,
        tracks=tracks,
        interactions=cut_interactions(sequence.interactions, tracks),
        caption=sequence.caption,
        events=tuple(event for event in sequence.events if event.track_id in there),
    )


def cut_tracks(tracks: Collection[Trajectory], frame_indices: Collection[int]) -> tuple[Trajectory, ...]:
    """Restrict tracks to some frames.

    Args:
        tracks: to cut.
        frame_indices: frame numbers to keep.

    Returns:
        The tracks that have a box there, with those boxes alone.
    """
    wanted = np.asarray(list(frame_indices), dtype=np.int64)
    cut = []
    for track in tracks:
        inside = np.isin(track.frames, wanted)
        if inside.any():
            cut.append(
                replace(track, frames=track.frames[inside], boxes=track.boxes[inside], scores=track.scores[inside])
            )
    return tuple(cut)


def cut_interactions(interactions: Collection[Interaction], tracks: Collection[Trajectory]) -> tuple[Interaction, ...]:
    """Keep the interactions between given people.

    Args:
        interactions: to choose from.
        tracks: the people.

    Returns:
        The interactions whose subject and object are both among `tracks`.
    """
    ids = {track.id for track in tracks}
    return tuple(edge for edge in interactions if edge.subject in ids and edge.object in ids)


def resize_clip(clip: Clip, size: tuple[int, int]) -> Clip:
    """Resize the images of a clip, and its boxes to match.

    Args:
        clip: stays as it is.
        size: (width, height) in pixels.

    Returns:
        The resized copy.
    """
    height, width = clip.frames[0].image.shape[:2]
    method = cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR
    frames = tuple(replace(frame, pixels=cv2.resize(frame.image, size, interpolation=method)) for frame in clip.frames)
    factors = np.array([size[0] / width, size[1] / height] * 2)
    return replace(clip, frames=frames, tracks=scale_tracks(clip.tracks, factors))


def scale_tracks(
    tracks: Collection[Trajectory], factors: np.ndarray, shift: np.ndarray | None = None
) -> tuple[Trajectory, ...]:
    """Scale and shift boxes.

    Args:
        tracks: stay as they are.
        factors: (4), for x1, y1, x2, y2.
        shift: (4), added after scaling; none by default.

    Returns:
        The tracks with the changed boxes.
    """
    offset = np.zeros(4) if shift is None else shift
    return tuple(replace(track, boxes=track.boxes * factors + offset) for track in tracks)


def _median_step(frames: tuple[Frame, ...]) -> float:
    """Frame numbers from one image to the next, in the middle of all steps."""
    return float(np.median(np.diff([frame.index for frame in frames]))) if len(frames) > 1 else 1.0
