"""What an annotated sequence is, wherever it comes from: read from a data set, or drawn."""

from typing import Any, Protocol

import numpy as np

from smot_vlm.structures import EventSegment, Frame, Interaction, Trajectory


class AnnotatedSequence(Protocol):
    """One annotated video, with its frames by position."""

    @property
    def name(self) -> str:
        """scenario/sequence."""
        ...

    @property
    def fps(self) -> float:
        """Frame numbers a second."""
        ...

    @property
    def frame_numbers(self) -> np.ndarray:
        """The number of each frame, ascending from 0, perhaps with gaps."""
        ...

    @property
    def tracks(self) -> tuple[Trajectory, ...]:
        """People with their captions, each with at least one box."""
        ...

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Between ids of `tracks`."""
        ...

    @property
    def caption(self) -> str:
        """Of the whole video."""
        ...

    @property
    def events(self) -> tuple[EventSegment, ...]:
        """What happens when; empty where that is not known."""
        ...

    @property
    def unknown(self) -> frozenset[str]:
        """Of `structures.open_annotations.UNKNOWN`: what is not annotated may be there all the same."""
        ...

    @property
    def facts(self) -> Any:
        """Evaluation's SequenceFacts, where the sequence brings its own; else None."""
        ...

    def __len__(self) -> int:
        """Number of frames."""
        ...

    def read_frame(self, position: int) -> Frame:
        """Decode or draw one frame.

        Args:
            position: in `frame_numbers`.

        Returns:
            The frame.

        Raises:
            FileNotFoundError, ValueError: it cannot be read.
        """
        ...

    def read_reduced(self, position: int, at_least: int) -> tuple[Frame, np.ndarray]:
        """Decode or draw one frame, smaller where that is faster.

        Args:
            position: in `frame_numbers`.
            at_least: pixels that its long side keeps.

        Returns:
            The frame, and its width and height relative to those of the whole one, float (2).

        Raises:
            FileNotFoundError, ValueError: it cannot be read.
        """
        ...


class SequenceSource(Protocol):
    """Sequences by index: what every reader in `DATASETS` is."""

    def __len__(self) -> int:
        """Number of sequences."""
        ...

    def __getitem__(self, index: int, /) -> AnnotatedSequence:
        """One of them."""
        ...
