"""Several data sets as one source of sequences, each with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.structures.open_annotations import CAPTIONS


@dataclass(frozen=True, eq=False)
class Part:
    """One data set among several.

    Attributes:
        source: Its sequences.
        name: In messages.
        weight: Share of the draws, relative to the other parts.
        odds: How often each sequence is drawn, relative to the part's others; None: all alike.
    """

    source: SequenceSource
    name: str = ""
    weight: float = 1.0
    odds: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Mixture:
    """The sequences of several parts, one part after another.

    Attributes:
        parts: At least one.
    """

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return sum(len(part.source) for part in self.parts)

    def __getitem__(self, index: int) -> AnnotatedSequence:
        place = index
        for part in self.parts:
            if 0 <= place < len(part.source):
                return part.source[place]
            place -= len(part.source)
        raise IndexError(f"sequence {index} of {len(self)}")


@dataclass(frozen=True, eq=False)
class LessKnown:
    """A data set that leaves more open than its files say.

    Attributes:
        source: Of the sequences.
        unknown: Of `open_annotations.UNKNOWN`.
    """

    source: BenSmot
    unknown: frozenset[str]

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> BenSmotSequence:
        sequence = self.source[index]
        sequence = replace(sequence, unknown=sequence.unknown | self.unknown)
        if CAPTIONS not in self.unknown:
            return sequence
        return replace(sequence, caption="", tracks=tuple(replace(track, caption="") for track in sequence.tracks))

    @property
    def names(self) -> tuple[str, ...]:
        """scenario/sequence of every sequence, in order."""
        return self.source.names


def parts_of(source: SequenceSource) -> tuple[Part, ...]:
    """The parts of a source.

    Args:
        source: A mixture, or one data set.

    Returns:
        At least one.
    """
    return source.parts if isinstance(source, Mixture) else (Part(source),)


def firsts_of(parts: Sequence[Part]) -> list[int]:
    """The index of each part's first sequence in the mixture.

    Args:
        parts: Of the mixture.

    Returns:
        One a part.
    """
    return [0, *accumulate(len(part.source) for part in parts)][:-1]


def spread(source: SequenceSource, count: int) -> list[AnnotatedSequence]:
    """Some sequences from all over a source, of the parts of a mixture by weight.

    Args:
        source: Of sequences.
        count: At most so many.

    Returns:
        In the order of the source.
    """
    parts = parts_of(source)
    wanted = apportion([part.weight for part in parts], [len(part.source) for part in parts], count)
    return [
        part.source[place]
        for part, number in zip(parts, wanted, strict=True)
        for place in np.unique(np.linspace(0, len(part.source) - 1, number).round().astype(int)).tolist()
    ]


def apportion(weights: Sequence[float], sizes: Sequence[int], count: int) -> list[int]:
    """Divide a number by weight (Sainte-Lague), nobody getting more than there is.

    Args:
        weights: Above 0.
        sizes: The most that each can get.
        count: To divide.

    Returns:
        A number each; their sum is `count`, or the sum of `sizes` where that is less.
    """
    given = [0] * len(sizes)
    for _ in range(min(count, sum(sizes))):
        free = [row for row, size in enumerate(sizes) if given[row] < size]
        given[max(free, key=lambda row: (weights[row] / (2 * given[row] + 1), -row))] += 1
    return given
