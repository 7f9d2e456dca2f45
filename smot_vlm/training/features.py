"""The features of whole clips at once, with gradient: what SmotModel's `remember` and `recall` do frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.fusion.memory import Observation, stack
from smot_vlm.models.smot import Fused, SmotModel
from smot_vlm.structures import Trajectory


@dataclass(frozen=True, eq=False)
class WatchedClip:
    """A clip whose frames are rows of a batch, one after another.

    placement: of its frames in the canvas. times: seconds (frames). people: trajectories whose `frames` are positions in
    the clip, each with at least one box (original pixels). scene: whether the fused video is wanted.
    """

    placement: Letterbox
    times: np.ndarray
    people: Sequence[Trajectory]
    scene: bool = True


@dataclass(frozen=True, eq=False)
class Looks:
    """Every box that is looked at, in the order of frames. people: rows among the people of all clips, and their number.

    seconds: since the video began. tokens: t_i^j (looks, cells, dim). boxes: fractions of the frame.
    """

    people: list[int]
    count: int
    seconds: list[float]
    tokens: Tensor
    boxes: Tensor

    @property
    def times(self) -> Tensor:
        """`seconds` (looks,)."""
        return self.tokens.new_tensor(self.seconds)


def look_at_people(model: SmotModel, pyramid: list[Tensor], clips: Sequence[WatchedClip]) -> Looks:
    """t_i^j of everybody in all frames. pyramid: maps (all frames, channels, height, width); frames follow the clips."""
    canvas_boxes: list[Tensor] = []
    fractions: list[np.ndarray] = []
    people: list[int] = []
    seconds: list[float] = []
    first = 0
    for clip in clips:
        for position, time_seconds in enumerate(clip.times.tolist()):
            rows = [row for row, track in enumerate(clip.people) if position in track.frames]
            pixels = np.array([_box_at(clip.people[row], position) for row in rows]).reshape(-1, 4)
            canvas_boxes.append(_tensor(clip.placement.to_canvas(pixels), pyramid[0].device))
            fractions.append(_fractions(clip.placement, pixels))
            people += [first + row for row in rows]
            seconds += [time_seconds] * len(rows)
        first += len(clip.people)
    places = _tensor(np.concatenate([np.zeros((0, 4)), *fractions]), pyramid[0].device)
    return Looks(people, first, seconds, model.people_tokens(pyramid, canvas_boxes, places), places)


def watch(model: SmotModel, pyramid: list[Tensor], clips: Sequence[WatchedClip], looks: Looks) -> list[Fused]:
    """Fuse each clip. looks: of `look_at_people`, with the same pyramid and clips.

    The tracks of all clips are padded to one length. A clip whose scene is not wanted gets no scene tokens.
    """
    tracks, mask = _fuse_people(model, looks)
    frames = model.frame_features(pyramid)
    seen: list[Fused] = []
    frame = person = 0
    for clip in clips:
        people = slice(person, person + len(clip.people))
        scene = frames.new_zeros(0, frames.shape[-1])
        if clip.scene:
            video = model.video_fusion(frames[None, frame : frame + len(clip.times)])[0]
            scene = model.scene_fusion(video, tracks[people], mask[people])
        seen.append(Fused(tracks[people], mask[people], scene))
        frame, person = frame + len(clip.times), people.stop
    return seen


def join(clips: Sequence[Fused]) -> Fused:
    """The people of several clips that were watched together, one after another; no scene."""
    tracks = torch.cat([clip.tracks for clip in clips])
    mask = torch.cat([clip.mask for clip in clips])
    return Fused(tracks, mask, tracks.new_zeros(0, tracks.shape[-1]))


def _fuse_people(model: SmotModel, looks: Looks) -> tuple[Tensor, Tensor]:
    """T_j and mask of everybody in all clips."""
    tokens = looks.tokens
    if not looks.people:
        return tokens.new_zeros(0, 1, tokens.shape[-1]), torch.zeros(0, 1, dtype=torch.bool, device=tokens.device)
    memories: list[list[Observation]] = [[] for _ in range(looks.count)]
    for row, time_seconds, box, person in zip(looks.people, looks.seconds, looks.boxes, tokens, strict=True):
        memories[row].append(Observation(time_seconds, box, person))
    batch = stack(memories)
    return model.trajectory_fusion(batch.tokens, batch.times, batch.boxes, batch.mask)


def _tensor(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32, device=device)


def _box_at(track: Trajectory, frame: int) -> np.ndarray:
    return track.boxes[np.searchsorted(track.frames, frame)]


def _fractions(placement: Letterbox, boxes: np.ndarray) -> np.ndarray:
    """Boxes xyxy in pixels as (center x, center y, width, height) in fractions of the frame."""
    corners = boxes / np.tile([placement.width, placement.height], 2)
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)
