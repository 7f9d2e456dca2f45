"""What is remembered of one person: at most so many observations, spread evenly over a life however long it gets."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Observation:
    """One look at a person: seconds since the video began, box as fractions of the frame, its tokens."""

    time_seconds: float
    box: Float[Tensor, "4"]
    tokens: Float[Tensor, "cells dim"]


class TrackMemory:
    """Keeps every `stride`-th observation. When it is full every other one goes and the stride doubles.

    The first observation stays for good. The newest one is always at hand, kept or not.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 2:
            raise ValueError(f"capacity is {capacity}; a memory holds at least 2 observations")
        self._capacity = capacity
        self._stride = 1
        self._seen = 0
        self._kept: list[Observation] = []
        self._newest: Observation | None = None

    def add(self, observation: Observation) -> None:
        self._newest = observation
        if self._seen % self._stride == 0:
            if len(self._kept) == self._capacity - 1:
                self._kept = self._kept[::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                self._kept.append(observation)
        self._seen += 1

    @property
    def observations(self) -> list[Observation]:
        """In order of time, at most `capacity`; the last one is the newest."""
        if self._newest is None or self._newest is self._kept[-1]:
            return list(self._kept)
        return [*self._kept, self._newest]


class SceneMemory:
    """The streaming state of one video: the fused frames F and a memory a track. Its size does not grow with time.

    per_second: looks a second. capacity: observations kept a track.
    """

    def __init__(self, *, per_second: float, capacity: int) -> None:
        self._interval = 1.0 / per_second
        self._capacity = capacity
        self._next_look = 0.0
        self.video: Float[Tensor, "1 tokens dim"] | None = None
        self.tracks: dict[int, TrackMemory] = {}

    def is_due(self, time_seconds: float) -> bool:
        """Whether the frame at this time is one of the regular looks."""
        # Half a millisecond of tolerance: timestamps are rounded by the container.
        return time_seconds >= self._next_look - 5e-4

    def is_new(self, track_id: int) -> bool:
        """Whether this person has not been looked at yet."""
        return track_id not in self.tracks

    def looked(self, time_seconds: float) -> None:
        """Note that a regular look was taken; the next one is due an interval later."""
        self._next_look = max(self._next_look + self._interval, time_seconds + self._interval / 2)

    def remember(self, track_id: int, observation: Observation) -> None:
        self.tracks.setdefault(track_id, TrackMemory(self._capacity)).add(observation)


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
