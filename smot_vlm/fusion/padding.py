"""Sequences of different length in one batch: padded, by one gather however many they are, or sorted by length."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Padding(NamedTuple):
    """Where the entries of several sequences, one sequence after another, stand in a padded batch.

    Attributes:
        sources: of each place the position of its entry; of padding one behind the last entry.
        mask: true where an entry is real.
    """

    sources: Int[Tensor, "rows longest"]
    mask: Bool[Tensor, "rows longest"]

    @classmethod
    def of(cls, counts: Sequence[int], device: torch.device) -> "Padding":
        """Laid out on the host, and moved once.

        Args:
            counts: entries of each sequence; at least one sequence.
            device: of the entries.

        Returns:
            Padding on the right.
        """
        lengths = np.asarray(counts, dtype=np.int64)[:, None]
        columns = np.arange(lengths.max())
        sources = np.where(columns < lengths, lengths.cumsum(axis=0) - lengths + columns, lengths.sum())
        moved = torch.from_numpy(sources).to(device)
        return cls(moved, moved < int(lengths.sum()))

    def apply(self, entries: Float[Tensor, "entries *rest"]) -> Float[Tensor, "rows longest *rest"]:
        """Pad with zeros.

        Args:
            entries: of all sequences.

        Returns:
            A row a sequence.
        """
        padded = torch.cat([entries, entries.new_zeros(1, *entries.shape[1:])])
        result: Tensor = padded.index_select(0, self.sources.flatten()).unflatten(0, tuple(self.sources.shape))
        return result


def of_equal_length(sequences: Mapping[int, Tensor]) -> list[list[int]]:
    """Which sequences can be stacked.

    Args:
        sequences: by number; equal but for the length of their first axis.

    Returns:
        Their numbers, grouped by length.
    """
    alike: dict[int, list[int]] = {}
    for number, sequence in sequences.items():
        alike.setdefault(len(sequence), []).append(number)
    return list(alike.values())
