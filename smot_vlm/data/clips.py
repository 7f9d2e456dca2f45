"""Cut a clip for training out of an annotated video: a window for association, a few frames of it for the detector.

The paper associates over up to 100 frames and lets the detector's loss see 6 to 8 of them (section 4.4).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import cv2
import numpy as np

from smot_vlm.data.bensmot import Sequence
from smot_vlm.structures import Clip, Frame, Interaction, Trajectory


@dataclass(frozen=True)
class Window:
    """How a clip is cut.

    frames: images in the window at most. stride: every how many images one is taken. detector_frames: least and most
    images that the detector's loss sees. longest_side: pixels; larger images are made smaller, with their boxes.
    """

    frames: int = 100
    stride: int = 1
    detector_frames: tuple[int, int] = (6, 8)
    longest_side: int | None = None

    def __post_init__(self) -> None:
        least, most = self.detector_frames
        if self.frames < 1 or self.stride < 1 or not 1 <= least <= most:
            raise ValueError(
                f"window of {self.frames} frames, stride {self.stride}, {least} to {most} for the detector; "
                "each is at least 1, and least is at most most"
            )
        if self.longest_side is not None and self.longest_side < 32:
            raise ValueError(f"longest_side {self.longest_side}; give at least 32 pixels")


def sample_clip(sequence: Sequence, window: Window, rng: np.random.Generator) -> Clip:
    """A clip at a random place, with its ground truth cut to it. Only its frames are decoded.

    Tracks without a box in the window are left out, with their interactions. The captions stay those of the whole video.

    Raises:
        FileNotFoundError, ValueError: no image, or one that cannot be read.
    """
    if not sequence.frames:
        raise ValueError(f"{sequence.folder}: no image; a clip needs the frames of its video")
    places = _choose_places(len(sequence), window, rng)
    count = min(len(places), int(rng.integers(window.detector_frames[0], window.detector_frames[1] + 1)))
    detector = np.sort(rng.choice(len(places), size=count, replace=False))
    return cut_clip(sequence, places, detector.tolist(), window.longest_side)


def cut_clip(
    sequence: Sequence, places: Collection[int], detector_frames: Collection[int] = (), longest_side: int | None = None
) -> Clip:
    """The clip of the images at `places` (positions in `sequence.frames`, ascending).

    detector_frames: positions within the clip. longest_side: pixels, see `Window`.

    Raises:
        FileNotFoundError, ValueError: an image that cannot be read.
    """
    frames = tuple(sequence.read_frame(place) for place in places)
    tracks = cut_tracks(sequence.tracks, [frame.index for frame in frames])
    there = {track.id for track in tracks}
    clip = Clip(
        name=sequence.name,
        fps=sequence.fps / _median_step(frames),
        frames=frames,
        tracks=tracks,
        interactions=cut_interactions(sequence.interactions, tracks),
        caption=sequence.caption,
        detector_frames=tuple(detector_frames),
        events=tuple(event for event in sequence.events if event.track_id in there),
    )
    return clip if longest_side is None else shrink_clip(clip, longest_side)


def cut_tracks(tracks: Collection[Trajectory], frame_indices: Collection[int]) -> tuple[Trajectory, ...]:
    """The tracks on these frames alone, without those that have no box there."""
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
    """The interactions whose two people are both among `tracks`."""
    ids = {track.id for track in tracks}
    return tuple(edge for edge in interactions if edge.subject in ids and edge.object in ids)


def shrink_clip(clip: Clip, longest_side: int) -> Clip:
    """The clip with images of at most `longest_side` pixels, and boxes to match; smaller images stay as they are."""
    height, width = clip.frames[0].image.shape[:2]
    if max(height, width) <= longest_side:
        return clip
    scale = longest_side / max(height, width)
    return resize_clip(clip, (max(1, round(width * scale)), max(1, round(height * scale))))


def resize_clip(clip: Clip, size: tuple[int, int]) -> Clip:
    """The clip with images of `size` (width, height) pixels, and boxes to match."""
    height, width = clip.frames[0].image.shape[:2]
    method = cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR
    frames = tuple(replace(frame, image=cv2.resize(frame.image, size, interpolation=method)) for frame in clip.frames)
    factors = np.array([size[0] / width, size[1] / height] * 2)
    return replace(clip, frames=frames, tracks=scale_tracks(clip.tracks, factors))


def scale_tracks(
    tracks: Collection[Trajectory], factors: np.ndarray, shift: np.ndarray | None = None
) -> tuple[Trajectory, ...]:
    """Boxes times `factors` (4) plus `shift` (4), each in the order x1, y1, x2, y2."""
    offset = np.zeros(4) if shift is None else shift
    return tuple(replace(track, boxes=track.boxes * factors + offset) for track in tracks)


def _choose_places(images: int, window: Window, rng: np.random.Generator) -> list[int]:
    """Positions of up to `window.frames` images, `window.stride` apart, at a random start."""
    stride = min(window.stride, images)
    length = min(window.frames, (images - 1) // stride + 1)
    span = (length - 1) * stride + 1
    start = int(rng.integers(0, images - span + 1))
    return list(range(start, start + span, stride))


def _median_step(frames: tuple[Frame, ...]) -> float:
    """Frame numbers from one image to the next, in the middle of all steps."""
    return float(np.median(np.diff([frame.index for frame in frames]))) if len(frames) > 1 else 1.0
