"""Clips to padded batches: a data set of clips, their order, the batch, and the loader that puts them together.

Every clip is drawn from (seed, epoch, index) alone, so the same seed gives the same batches for any number of workers,
and training can go on in the middle of an epoch.
"""

import ctypes
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from smot_vlm import verbs
from smot_vlm.data.augment import Augmentation, augment_clip
from smot_vlm.data.bensmot import Sequence
from smot_vlm.data.clips import Window, sample_clip
from smot_vlm.structures import Clip


class SequenceSource(Protocol):
    """What every reader in `DATASETS` is: sequences by index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sequence: ...


class ClipKey(NamedTuple):
    """Which clip: the place of a sequence, and the epoch, which changes what is cut and how it is changed."""

    epoch: int
    sequence: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips side by side, padded with zeros at the end of every axis; a mask is true where there is something.

    images: RGB. sizes: (height, width) of each clip's images without padding. frame_indices: frame numbers, 0-based.
    boxes: xyxy in pixels of `images`. interactions: rows (clip, place of the subject's track, class of the verb, place
    of the object's track). captions: one a track, without padding. fps: of the clip's frames.
    """

    names: tuple[str, ...]
    images: UInt8[Tensor, "batch frames 3 height width"]
    frame_mask: Bool[Tensor, "batch frames"]
    frame_indices: Int64[Tensor, "batch frames"]
    detector_mask: Bool[Tensor, "batch frames"]
    sizes: Int64[Tensor, "batch 2"]
    fps: Float32[Tensor, " batch"]
    track_ids: Int64[Tensor, "batch tracks"]
    track_mask: Bool[Tensor, "batch tracks"]
    boxes: Float32[Tensor, "batch tracks frames 4"]
    box_mask: Bool[Tensor, "batch tracks frames"]
    interactions: Int64[Tensor, "interactions 4"]
    captions: tuple[tuple[str, ...], ...]
    video_captions: tuple[str, ...]

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.names)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The batch with its tensors on `device`."""
        moved: dict[str, Any] = {name: value.to(device, non_blocking=non_blocking) for name, value in self._tensors()}
        return replace(self, **moved)

    def pin_memory(self) -> "Batch":
        """The batch in page-locked memory; the loader calls this where it is told to."""
        pinned: dict[str, Any] = {name: value.pin_memory() for name, value in self._tensors()}
        return replace(self, **pinned)

    def _tensors(self) -> list[tuple[str, Tensor]]:
        values = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in values if isinstance(value, Tensor)]


class ClipDataset(Dataset[Clip]):
    """Random clips of annotated videos, changed by `augmentation` where one is given."""

    def __init__(
        self, sequences: SequenceSource, window: Window, augmentation: Augmentation | None = None, seed: int = 0
    ) -> None:
        self.sequences = sequences
        self.window = window
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, key: ClipKey | int) -> Clip:
        """The clip of `key`; a plain index means epoch 0. Raises as `sample_clip`."""
        epoch, place = (0, key) if isinstance(key, int) else key
        rng = np.random.default_rng((self.seed, epoch, place))
        clip = sample_clip(self.sequences[place], self.window, rng)
        return clip if self.augmentation is None else augment_clip(clip, self.augmentation, rng)


class ClipOrder(Sampler[ClipKey]):
    """Every clip once an epoch, in an order drawn from (seed, epoch).

    `set_epoch` before each epoch; `start` clips of it are left out, which is how training goes on where it stopped.
    """

    def __init__(self, clips: int, seed: int = 0, shuffle: bool = True) -> None:
        self.clips = clips
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Give `epoch` next, from its clip number `start` on.

        Raises:
            ValueError: no such clip.
        """
        if not 0 <= start <= self.clips:
            raise ValueError(f"start {start}; an epoch has clips 0 to {self.clips}")
        self.epoch, self.start = epoch, start

    def __len__(self) -> int:
        return self.clips - self.start

    def __iter__(self) -> Iterator[ClipKey]:
        order = np.arange(self.clips)
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(self.clips)
        return iter([ClipKey(self.epoch, int(index)) for index in order[self.start :]])


def make_loader(
    dataset: ClipDataset, order: ClipOrder, batch_clips: int = 1, workers: int = 0, pin_memory: bool = False
) -> "DataLoader[Batch]":
    """Batches of `batch_clips` clips in `order`, put together in `workers` processes (0: in this one)."""
    return DataLoader(
        dataset,  # type: ignore[arg-type]  # clips become batches in `collate_fn`
        batch_size=batch_clips,
        sampler=order,
        num_workers=workers,
        collate_fn=collate_clips,
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
        worker_init_fn=_start_worker,
    )


def collate_clips(clips: SequenceOf[Clip]) -> Batch:
    """One padded batch.

    Raises:
        ValueError: no clip, or a verb that is none of the 335.
    """
    if not clips:
        raise ValueError("no clip; a batch has at least one")
    frames = max(len(clip.frames) for clip in clips)
    tracks = max(len(clip.tracks) for clip in clips)
    height = max(clip.frames[0].height for clip in clips)
    width = max(clip.frames[0].width for clip in clips)
    batch = Batch(
        names=tuple(clip.name for clip in clips),
        # Channels last in memory, as images are decoded: copying them row by row costs a tenth of turning them.
        images=torch.zeros(len(clips), frames, height, width, 3, dtype=torch.uint8).permute(0, 1, 4, 2, 3),
        frame_mask=torch.zeros(len(clips), frames, dtype=torch.bool),
        frame_indices=torch.zeros(len(clips), frames, dtype=torch.int64),
        detector_mask=torch.zeros(len(clips), frames, dtype=torch.bool),
        sizes=torch.tensor([[clip.frames[0].height, clip.frames[0].width] for clip in clips]),
        fps=torch.tensor([clip.fps for clip in clips], dtype=torch.float32),
        track_ids=torch.zeros(len(clips), tracks, dtype=torch.int64),
        track_mask=torch.zeros(len(clips), tracks, dtype=torch.bool),
        boxes=torch.zeros(len(clips), tracks, frames, 4),
        box_mask=torch.zeros(len(clips), tracks, frames, dtype=torch.bool),
        interactions=_interaction_rows(clips),
        captions=tuple(tuple(track.caption for track in clip.tracks) for clip in clips),
        video_captions=tuple(clip.caption for clip in clips),
    )
    for place, clip in enumerate(clips):
        _fill_frames(batch, place, clip)
        _fill_tracks(batch, place, clip)
    return batch


def _fill_frames(batch: Batch, place: int, clip: Clip) -> None:
    for position, frame in enumerate(clip.frames):
        image = torch.from_numpy(frame.image).permute(2, 0, 1)
        batch.images[place, position, :, : frame.height, : frame.width] = image
        batch.frame_indices[place, position] = frame.index
    batch.frame_mask[place, : len(clip.frames)] = True
    batch.detector_mask[place, list(clip.detector_frames)] = True


def _fill_tracks(batch: Batch, place: int, clip: Clip) -> None:
    position_of = {frame.index: position for position, frame in enumerate(clip.frames)}
    for row, track in enumerate(clip.tracks):
        positions = torch.tensor([position_of[int(index)] for index in track.frames])
        batch.boxes[place, row, positions] = torch.from_numpy(track.boxes).to(torch.float32)
        batch.box_mask[place, row, positions] = True
        batch.track_ids[place, row] = track.id
        batch.track_mask[place, row] = True


def _interaction_rows(clips: SequenceOf[Clip]) -> Int64[Tensor, "interactions 4"]:
    rows = []
    for place, clip in enumerate(clips):
        row_of = {track.id: row for row, track in enumerate(clip.tracks)}
        rows += [(place, row_of[e.subject], verbs.verb(e.verb).id, row_of[e.object]) for e in clip.interactions]
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, 4)


def _start_worker(_: int) -> None:
    """One process a worker is enough: threads within it would only fight for the cores."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    _give_memory_back()


def _give_memory_back() -> None:
    """Let the C library hand large blocks back at once; otherwise it keeps up to several batches in each worker."""
    threshold_option, one_mebibyte = -3, 2**20  # M_MMAP_THRESHOLD of glibc's malloc.h
    with suppress(AttributeError, OSError):  # other C libraries have no mallopt
        ctypes.CDLL(None).mallopt(threshold_option, one_mebibyte)
