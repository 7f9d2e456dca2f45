"""What comes out of an evaluation: columns, cells, rows; and parts, from which they are computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Column:
    """One measure: its group (tracking, instance, video ...) and name; higher is better unless said otherwise.

    count: a whole number (misses, switches) rather than a score.
    """

    group: str
    name: str
    lower_is_better: bool = False
    count: bool = False

    @property
    def key(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def percent(self) -> bool:
        """Whether tables print it in per cent, as the field does for trajectories; values are fractions everywhere else."""
        return not self.count and self.group in ("tracking", "chota")


@dataclass(frozen=True)
class Cell:
    """A value with its bootstrap interval where one was asked for; without a value, `note` says why."""

    value: float | None
    note: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One cell for each column of the evaluation."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class VerbScore:
    """Interactions of one verb: true positives, false positives, misses, and average precision (None: no true one)."""

    verb: str
    true_positives: int
    false_positives: int
    misses: int
    average_precision: float | None


@dataclass(frozen=True)
class Evaluation:
    """One run under one protocol.

    overall: the row of the whole set. sequences: one row a sequence. verbs: one record a verb (strict only).
    missing: what the run did not write, one line each. notes: how to read the table.
    resamples, seed: of the bootstrap; 0 resamples means no intervals.
    """

    run: str
    protocol: str
    columns: tuple[Column, ...]
    overall: Row
    sequences: tuple[Row, ...]
    verbs: tuple[VerbScore, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    resamples: int = 0
    seed: int = 0

    def cell(self, key: str, sequence: str | None = None) -> Cell:
        """The cell of column `key` ("tracking/HOTA"), of the whole set or of one sequence.

        Raises:
            KeyError: no such column or sequence.
        """
        rows = {row.name: row for row in self.sequences}
        row = self.overall if sequence is None else rows[sequence]
        return dict(zip((column.key for column in self.columns), row.cells, strict=True))[key]

    def value(self, key: str, sequence: str | None = None) -> float | None:
        """The value of that cell."""
        return self.cell(key, sequence).value


@dataclass(frozen=True, eq=False)
class Part:
    """A family of columns as a function of how often each sequence counts.

    score: weights of the sequences, float64 (sequences,) -> values, float64 (columns,), NaN where there is none.
    All ones give the whole set, a one-hot vector gives one sequence, multinomial counts give a bootstrap resample.
    missing: column name -> why it has no value.
    """

    columns: tuple[Column, ...]
    score: Callable[[np.ndarray], np.ndarray]
    missing: Mapping[str, str] = field(default_factory=dict)


def sum_part(columns: tuple[Column, ...], sums: np.ndarray, finish: Callable[[np.ndarray], np.ndarray]) -> Part:
    """A part whose columns follow from terms that add up over sequences: `sums` (sequences, terms), `finish` (terms,)."""
    return Part(columns, lambda weights: finish(weights @ sums))


def empty_part(columns: tuple[Column, ...], reason: str) -> Part:
    """A part without values; every cell says why."""
    nothing = np.full(len(columns), np.nan)
    return Part(columns, lambda _: nothing, {column.name: reason for column in columns})


def divide(numerator: np.ndarray | float, denominator: np.ndarray | float) -> np.ndarray:
    """Quotient, 0 where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    return np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator != 0)


def precision_recall_f1(true_positives: float, predicted: float, expected: float) -> np.ndarray:
    """(3,): true positives over what was predicted, over what was expected, and their harmonic mean; 0 for 0 / 0."""
    return np.array(
        [
            float(divide(true_positives, predicted)),
            float(divide(true_positives, expected)),
            float(divide(2 * true_positives, predicted + expected)),
        ]
    )
