"""The streaming state of one video: what is kept of its frames and of each person."""

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from smot_vlm.fusion.even_memory import EvenMemory, NewestMemory
from smot_vlm.fusion.padding import Padding
from smot_vlm.fusion.pictures import PictureMemory


@dataclass(frozen=True, eq=False)
class Observation:
    """One person in one keyframe.

    Attributes:
        time_seconds: since the video began.
        box: (center x, center y, width, height) as fractions of the frame.
        tokens: t_i^j.
    """

    time_seconds: float
    box: Float[Tensor, "4"]
    tokens: Float[Tensor, "cells dim"]


@dataclass(frozen=True, eq=False)
class VideoState:
    """What a video fusion carries from keyframe to keyframe.

    Attributes:
        frames: as many as the fusion needs.
        seen: keyframes so far.
    """

    frames: tuple[Float[Tensor, "batch tokens dim"], ...]
    seen: int


class SceneMemory:
    """The streaming state of one video: the video fusion's state and a memory a track. Its size does not grow with time.

    Attributes:
        is_recent: whether the newest observations of each track are kept, see `keep_newest`.

    Args:
        per_second: keyframes a second.
        capacity: observations kept of each track.
        pictures: a memory of pictures, for models that look at some.
    """

    def __init__(self, *, per_second: float, capacity: int, pictures: PictureMemory | None = None) -> None:
        self._interval = 1.0 / per_second
        self._capacity = capacity
        self._next_keyframe = 0.0
        self.is_recent = False
        self.video: VideoState | None = None
        self.pictures = pictures
        self.tracks: dict[int, EvenMemory[Observation]] = {}

    def keep_newest(self, seconds: float) -> None:
        """Keep the newest observations of each track in place of some of its whole life; before any is added.

        Args:
            seconds: so many of them are kept, at most.
        """
        self.is_recent = True
        self._capacity = max(2, min(self._capacity, round(seconds / self._interval)))

    def snapshot(self) -> "SceneMemory":
        """What it holds now, for words that are written while this one takes in more: what is held is shared, not copied."""
        twin = copy(self)
        twin.tracks = {track_id: seen.snapshot() for track_id, seen in self.tracks.items()}
        twin.pictures = None if self.pictures is None else self.pictures.snapshot()
        return twin

    def forget(self, gone: Collection[int]) -> None:
        """Let go of tracks.

        Args:
            gone: their ids; one that is not held does no harm.
        """
        for track_id in gone:
            self.tracks.pop(track_id, None)

    def is_due(self, time_seconds: float) -> bool:
        """Whether the frame at `time_seconds` is a keyframe.

        Args:
            time_seconds: since the video began.

        Returns:
            True from one interval after the last keyframe on.
        """
        # Half a millisecond of tolerance: timestamps are rounded by the container.
        return time_seconds >= self._next_keyframe - 5e-4

    def to_observe(self, track_ids: Sequence[int], keyframe: bool) -> list[int]:
        """Whose observation is kept: everybody's at a keyframe, else that of people without any.

        Args:
            track_ids: the people in the frame.
            keyframe: whether the frame is one.

        Returns:
            Positions in `track_ids`.
        """
        return [row for row, track_id in enumerate(track_ids) if keyframe or track_id not in self.tracks]

    def add_keyframe(self, time_seconds: float) -> None:
        """Note that a keyframe was taken; the next one is due an interval later.

        Args:
            time_seconds: of the keyframe.
        """
        self._next_keyframe = max(self._next_keyframe + self._interval, time_seconds + self._interval / 2)

    def add(self, track_id: int, observation: Observation) -> None:
        """Keep an observation; the track's memory thins itself.

        Args:
            track_id: whose.
            observation: later than those before.
        """
        if track_id not in self.tracks:
            kind = NewestMemory if self.is_recent else EvenMemory
            self.tracks[track_id] = kind(self._capacity)
        self.tracks[track_id].add(observation)

    def observations(self, track_ids: Sequence[int]) -> "TrackBatch | None":
        """What is kept of these people.

        Args:
            track_ids: people who were observed.

        Returns:
            A row a person, in order; None for nobody.
        """
        kept = [self.tracks[track_id].items for track_id in track_ids]
        rows = [entry for track in kept for entry in track]
        if not rows:
            return None
        tokens = torch.stack([entry.tokens for entry in rows])
        times = tokens.new_tensor([entry.time_seconds for entry in rows])
        return pad_tracks(tokens, times, torch.stack([entry.box for entry in rows]), [len(track) for track in kept])


@dataclass(frozen=True, eq=False)
class TrackBatch:
    """Padded observations of several tracks, each in order of time.

    Attributes:
        tokens: t_i^j.
        times: seconds since the video began.
        boxes: (center x, center y, width, height) as fractions of the frame.
        mask: true where there is an observation.
    """

    tokens: Float[Tensor, "tracks frames cells dim"]
    times: Float[Tensor, "tracks frames"]
    boxes: Float[Tensor, "tracks frames 4"]
    mask: Bool[Tensor, "tracks frames"]


def pad_tracks(
    tokens: Float[Tensor, "observations cells dim"],
    times: Float[Tensor, "observations"],
    boxes: Float[Tensor, "observations 4"],
    counts: Sequence[int],
) -> TrackBatch:
    """Observations, track after track, as one padded batch.

    Args:
        tokens: t_i^j.
        times: seconds.
        boxes: as fractions of the frame.
        counts: observations of each track, at least one.

    Returns:
        A row a track.
    """
    padding = Padding.of(counts, tokens.device)
    return TrackBatch(padding.apply(tokens), padding.apply(times), padding.apply(boxes), padding.mask)
