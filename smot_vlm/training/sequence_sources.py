"""The synthetic world as a source of training sequences, drawn in memory."""

from dataclasses import dataclass

import numpy as np

from smot_vlm.language.fact_records import SequenceFacts
from smot_vlm.structures import EventSegment, Frame, Interaction, Trajectory
from smot_vlm.synthetic import SyntheticSequence, make_sequence
from smot_vlm.synthetic.sequence import RESERVED_SEED

# Validation worlds; those from RESERVED_SEED on are kept for tests.
VALIDATION_SEED = 700_000


@dataclass(frozen=True, eq=False)
class DrawnSequence:
    """A synthetic sequence behind the interface of one on disk; frames are drawn when they are read.

    Attributes:
        drawn: the sequence.
    """

    drawn: SyntheticSequence

    def __len__(self) -> int:
        return len(self.drawn)

    @property
    def name(self) -> str:
        """scenario/sequence."""
        return self.drawn.name

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.drawn.fps

    @property
    def frame_numbers(self) -> np.ndarray:
        """Without gaps."""
        return np.arange(len(self.drawn))

    @property
    def tracks(self) -> tuple[Trajectory, ...]:
        """People with at least one box."""
        return tuple(track for track in self.drawn.tracks if len(track.frames))

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Between people with boxes."""
        there = {track.id for track in self.tracks}
        return tuple(edge for edge in self.drawn.interactions if edge.subject in there and edge.object in there)

    @property
    def caption(self) -> str:
        """Of the whole video."""
        return self.drawn.caption

    @property
    def events(self) -> tuple[EventSegment, ...]:
        """What is told of each person, when it happens."""
        return self.drawn.events

    @property
    def unknown(self) -> frozenset[str]:
        """Nothing: everybody and everything that is drawn is told."""
        return frozenset()

    @property
    def facts(self) -> SequenceFacts:
        """What is true of the people and of the video."""
        return self.drawn.facts

    def read_frame(self, position: int) -> Frame:
        """Draw it."""
        return Frame(position, position / self.fps, self.drawn.frame(position))

    def read_reduced(self, position: int, at_least: int) -> tuple[Frame, np.ndarray]:  # noqa: ARG002
        """Draw it in its own size."""
        return self.read_frame(position), np.ones(2)


class DrawnWorld:
    """Synthetic sequences by index, drawn when asked for, never written.

    Args:
        first: the seed of the first one.
        count: how many seeds.
        split: of the synthetic world.
        fps: frames a second.
        width: of the frames in pixels; None: 320 to 640, by seed.

    Raises:
        ValueError: seeds that are reserved for tests.
    """

    def __init__(self, first: int, count: int, *, split: str = "train", fps: float = 2.0, width: int | None = None):
        if count < 1 or first < 0 or first + count > RESERVED_SEED:
            raise ValueError(
                f"synthetic seeds {first} to {first + count - 1}; give at least one, from 0 on and below "
                f"{RESERVED_SEED}, which are kept for tests"
            )
        self.first = first
        self.count = count
        self._options = {"split": split, "fps": fps, "width": width}

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> DrawnSequence:
        if not 0 <= index < self.count:
            raise IndexError(f"sequence {index} of {self.count}")
        return DrawnSequence(make_sequence(self.first + index, **self._options))  # type: ignore[arg-type]


def drawn_world(split: str, count: int, width: int | None) -> DrawnWorld:
    """The synthetic sequences of a split.

    Args:
        split: "train", or any other for validation.
        count: How many worlds.
        width: Of their frames in pixels; None: 320 to 640, by seed.

    Returns:
        Sequences by index.

    Raises:
        ValueError: Seeds that are reserved for tests.
    """
    first = 0 if split == "train" else VALIDATION_SEED
    return DrawnWorld(first, count, width=width, split=split)
