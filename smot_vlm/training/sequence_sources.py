"""Where training sequences come from: a data set on disk, or the synthetic world drawn in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smot_vlm.config import TrainingConfig
from smot_vlm.data.bensmot import BenSmot
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.language.fact_records import SequenceFacts
from smot_vlm.structures import EventSegment, Frame, Interaction, Trajectory
from smot_vlm.synthetic import SyntheticSequence, make_sequence
from smot_vlm.synthetic.sequence import RESERVED_SEED

SYNTHETIC = "synthetic"
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
    def facts(self) -> SequenceFacts:
        """What is true of the people and of the video."""
        return self.drawn.facts

    def read_frame(self, position: int) -> Frame:
        """Draw it."""
        return Frame(position, position / self.fps, self.drawn.frame(position))


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


def validation_sequences(settings: TrainingConfig, count: int) -> Iterator[AnnotatedSequence]:
    """The first sequences of the validation split.

    Args:
        settings: of the training.
        count: most sequences.

    Returns:
        An iterator.

    Raises:
        FileNotFoundError, ValueError: as BenSmot.
    """
    source = open_source(
        settings.dataset,
        settings.validation_split,
        synthetic_sequences=count,
        synthetic_width=settings.synthetic_width,
    )
    return (source[index] for index in range(min(len(source), count)))


def domain_sequences(settings: TrainingConfig) -> Iterator[AnnotatedSequence]:
    """Sequences of the training split, spread evenly, from which a model's domain is measured.

    Args:
        settings: of the training.

    Returns:
        An iterator over at most `domain_sequences`.

    Raises:
        FileNotFoundError, ValueError: as BenSmot.
    """
    count = settings.domain_sequences
    if not count:
        return iter(())
    source = open_source(
        settings.dataset,
        settings.train_split,
        synthetic_sequences=settings.synthetic_sequences,
        synthetic_width=settings.synthetic_width,
    )
    positions = np.unique(np.linspace(0, len(source) - 1, min(count, len(source))).round().astype(int))
    return (source[position] for position in positions.tolist())


def open_source(dataset: str, split: str, *, synthetic_sequences: int, synthetic_width: int | None) -> SequenceSource:
    """The sequences of a data set.

    Args:
        dataset: "synthetic", or the root of a data set in BenSMOT's layout.
        split: of the data set.
        synthetic_sequences: how many worlds.
        synthetic_width: of their frames in pixels.

    Returns:
        Sequences by index.

    Raises:
        FileNotFoundError, ValueError: as BenSmot.
    """
    if dataset == SYNTHETIC:
        first = 0 if split == "train" else VALIDATION_SEED
        return DrawnWorld(first, synthetic_sequences, width=synthetic_width, split=split)
    return BenSmot(dataset, split)
