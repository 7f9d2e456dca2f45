"""In which order a training draws its sequences: by the seed and the number of the draw alone."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from smot_vlm.training.mixture import Part, firsts_of

# Parts are shared out over so many draws at a time, as near to their weights as can be.
BLOCK = 64
# Keep random numbers of several parts apart from those of one.
_PARTS, _WITHIN = 1, 2


class Draw(NamedTuple):
    """Identifies an example.

    Attributes:
        number: Its position in the whole training.
        epoch: Seeds its random numbers, together with `sequence`.
        sequence: Index of the sequence that it is cut from.
    """

    number: int
    epoch: int
    sequence: int


class RunOrder(Sampler[Draw]):
    """The draws of a whole training: parts by weight, within a part epoch after epoch.

    An epoch of a part is a permutation of its sequences; where it has odds, as many draws by these odds.

    Args:
        parts: Of the source.
        draws: Number of examples in the whole training.
        seed: Of everything.
        start: Number of the first draw, when a training resumes.
    """

    def __init__(self, parts: Sequence[Part], draws: int, seed: int, start: int = 0) -> None:
        self.draws = draws
        self.start = start
        self._parts, self._seed = tuple(parts), seed
        self._firsts = firsts_of(parts)
        self._order = lru_cache(maxsize=2 * len(self._parts))(self._epoch_order)

    def __len__(self) -> int:
        return self.draws - self.start

    def __iter__(self) -> Iterator[Draw]:
        chosen = self._chosen_parts()
        drawn = np.bincount(chosen[: self.start], minlength=len(self._parts)).tolist()
        for number in range(self.start, self.draws):
            part = int(chosen[number])
            epoch, place = divmod(drawn[part], len(self._parts[part].source))
            # By odds a sequence may come twice in an epoch, cut otherwise.
            seed = epoch if self._parts[part].odds is None else drawn[part]
            drawn[part] += 1
            yield Draw(number, seed, self._firsts[part] + int(self._order(part, epoch)[place]))

    def _chosen_parts(self) -> np.ndarray:
        """The part of every draw, of those before `start` too."""
        if len(self._parts) == 1:
            return np.zeros(self.draws, dtype=np.int64)
        weights = np.array([part.weight for part in self._parts])
        blocks = [
            by_odds(weights, BLOCK, np.random.default_rng((self._seed, block, 0, _PARTS)))
            for block in range(-(-self.draws // BLOCK))
        ]
        return np.concatenate(blocks)[: self.draws]

    def _epoch_order(self, part: int, epoch: int) -> np.ndarray:
        size, odds = len(self._parts[part].source), self._parts[part].odds
        alone = len(self._parts) == 1
        rng = np.random.default_rng((self._seed, epoch) if alone else (self._seed, epoch, part, _WITHIN))
        return rng.permutation(size) if odds is None else by_odds(odds, size, rng)


def by_odds(odds: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw by odds with little noise: one point in each of `count` equal slices of the odds, in random order.

    Args:
        odds: From 0, not all 0.
        count: Of draws.
        rng: Of the draws.

    Returns:
        Positions in `odds`, (count,).
    """
    points = (rng.permutation(count) + rng.random(count)) / count
    edges = np.cumsum(odds)
    return np.searchsorted(edges[:-1] / edges[-1], points, side="right")
