"""The streaming state of one video: what is remembered of the frames and of each person."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from smot_vlm.fusion.even_memory import EvenMemory
from smot_vlm.fusion.pictures import PictureMemory


@dataclass(frozen=True, eq=False)
class Observation:
    """One look at a person: seconds since the video began, box as fractions of the frame, its tokens."""

    time_seconds: float
    box: Float[Tensor, "4"]
    tokens: Float[Tensor, "cells dim"]


@dataclass(frozen=True, eq=False)
class VideoState:
    """What a video fusion carries from frame to frame. frames: as many as the fusion needs; seen: frames so far."""

    frames: tuple[Float[Tensor, "batch tokens dim"], ...]
    seen: int


class SceneMemory:
    """The streaming state of one video: the state of the frames' fusion and a memory a track. Its size does not grow with time.

    per_second: looks a second. capacity: observations kept a track. pictures: where a model wants to look at some.
    """

    def __init__(self, *, per_second: float, capacity: int, pictures: PictureMemory | None = None) -> None:
        self._interval = 1.0 / per_second
        self._capacity = capacity
        self._next_look = 0.0
        self.video: VideoState | None = None
        self.pictures = pictures
        self.tracks: dict[int, EvenMemory[Observation]] = {}

    def is_due(self, time_seconds: float) -> bool:
        """Whether the frame at this time is one of the regular looks."""
        # Half a millisecond of tolerance: timestamps are rounded by the container.
        return time_seconds >= self._next_look - 5e-4

    def is_new(self, track_id: int) -> bool:
        """Whether this person has not been looked at yet."""
        return track_id not in self.tracks

    def to_remember(self, track_ids: Sequence[int], regular: bool) -> list[int]:
        """Whose look is kept, as positions in `track_ids`: everybody's at a regular look, else that of who is new."""
        return [place for place, track_id in enumerate(track_ids) if regular or self.is_new(track_id)]

    def looked(self, time_seconds: float) -> None:
        """Note that a regular look was taken; the next one is due an interval later."""
        self._next_look = max(self._next_look + self._interval, time_seconds + self._interval / 2)

    def remember(self, track_id: int, observation: Observation) -> None:
        self.tracks.setdefault(track_id, EvenMemory(self._capacity)).add(observation)


@dataclass(frozen=True, eq=False)
class TrackBatch:
    """Padded observations of several tracks. mask: true where there is an observation; times: seconds; boxes: fractions."""

    tokens: Float[Tensor, "tracks frames cells dim"]
    times: Float[Tensor, "tracks frames"]
    boxes: Float[Tensor, "tracks frames 4"]
    mask: Bool[Tensor, "tracks frames"]


def stack(memories: list[list[Observation]]) -> TrackBatch:
    """The observations of several tracks (at least one each) as one padded batch."""
    frames = max(len(observations) for observations in memories)
    first = memories[0][0].tokens
    tokens = first.new_zeros(len(memories), frames, *first.shape)
    times = first.new_zeros(len(memories), frames)
    boxes = first.new_zeros(len(memories), frames, 4)
    mask = torch.zeros(len(memories), frames, dtype=torch.bool, device=first.device)
    for row, observations in enumerate(memories):
        count = len(observations)
        tokens[row, :count] = torch.stack([entry.tokens for entry in observations])
        times[row, :count] = times.new_tensor([entry.time_seconds for entry in observations])
        boxes[row, :count] = torch.stack([entry.box for entry in observations])
        mask[row, :count] = True
    return TrackBatch(tokens, times, boxes, mask)
