"""Input of the model's forward pass: the keyframes of clips and the boxes of the people in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.fusion.memory import TrackBatch, pad_tracks
from smot_vlm.structures import Trajectory


@dataclass(frozen=True, eq=False)
class ClipInput:
    """The keyframes of one clip; their images are rows of a ClipBatch.

    Attributes:
        placement: Of the frames in the detector's canvas.
        times: Seconds since the video began (keyframes,).
        people: Trajectories whose `frames` are positions among the keyframes, at least one each; boxes in original pixels.
        with_scene: Whether to fuse the scene too.
    """

    placement: Letterbox
    times: np.ndarray
    people: Sequence[Trajectory]
    with_scene: bool = True


@dataclass(frozen=True, eq=False)
class PeopleInFrames:
    """All observations of a batch, frame by frame.

    Attributes:
        canvas_boxes: Of each frame, xyxy in pixels of the canvas.
        boxes: (center x, center y, width, height) as fractions of the frame.
        times: Seconds since the video began.
        tracks: Row among the people of all clips; on the host, where it is known.
        num_tracks: People of all clips.
    """

    canvas_boxes: list[Float[Tensor, "_ 4"]]
    boxes: Float[Tensor, "people 4"]
    times: Float[Tensor, "people"]
    tracks: Int[np.ndarray, "people"]
    num_tracks: int

    def by_track(self, tokens: Float[Tensor, "people cells dim"]) -> TrackBatch | None:
        """Regroup tokens from frame order to one row per track.

        Args:
            tokens: t_i^j of all observations.

        Returns:
            One row per track; None if there are no tracks.
        """
        if not self.num_tracks:
            return None
        order = torch.as_tensor(np.argsort(self.tracks, kind="stable"), device=tokens.device)
        counts = np.bincount(self.tracks, minlength=self.num_tracks).tolist()
        return pad_tracks(tokens[order], self.times[order], self.boxes[order], counts)


@dataclass(frozen=True, eq=False)
class ClipBatch:
    """A batch of clips.

    Attributes:
        images: Keyframes of all clips, one clip after another, RGB in [0, 1].
        clips: Times and people of each clip.
    """

    images: Float[Tensor, "frames 3 height width"]
    clips: Sequence[ClipInput]

    @property
    def lengths(self) -> list[int]:
        """Number of keyframes of each clip."""
        return [len(clip.times) for clip in self.clips]

    @property
    def num_people(self) -> list[int]:
        """Number of people of each clip."""
        return [len(clip.people) for clip in self.clips]

    def people(self) -> PeopleInFrames:
        """Collect all observations, on the device of the images."""
        canvas: list[np.ndarray] = []
        fractions: list[np.ndarray] = [np.zeros((0, 4))]
        tracks: list[int] = []
        times: list[float] = []
        first = 0
        for clip in self.clips:
            for position, seconds in enumerate(clip.times.tolist()):
                rows = [row for row, track in enumerate(clip.people) if position in track.frames]
                boxes = np.array([_box_at(clip.people[row], position) for row in rows]).reshape(-1, 4)
                canvas.append(clip.placement.to_canvas(boxes))
                fractions.append(clip.placement.to_normalized_cxcywh(boxes))
                tracks += [first + row for row in rows]
                times += [seconds] * len(rows)
            first += len(clip.people)
        # Moved together: each move is waited for.
        columns = [np.concatenate([np.zeros((0, 4)), *canvas]), np.concatenate(fractions), np.array(times)[:, None]]
        moved = torch.as_tensor(np.concatenate(columns, axis=1), dtype=torch.float32, device=self.images.device)
        corners, boxes, seconds = moved.split([4, 4, 1], dim=1)
        frames = list(corners.split([len(frame) for frame in canvas]))
        return PeopleInFrames(frames, boxes, seconds[:, 0], np.array(tracks, dtype=np.int64), first)


def _box_at(track: Trajectory, frame: int) -> np.ndarray:
    box: np.ndarray = track.boxes[np.searchsorted(track.frames, frame)]
    return box
