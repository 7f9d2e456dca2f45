"""What comes out of an evaluation: columns, cells, rows; and parts, from which they are computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

PROTOCOLS = ("strict", "official", "captionformer")
# Ours and the paper's, what "both" means.
BOTH_PROTOCOLS = PROTOCOLS[:2]


@dataclass(frozen=True)
class Column:
    """One measure.

    Attributes:
        group: tracking, instance, video ...
        name: within the group.
        lower_is_better: higher is better unless said otherwise.
        count: a whole number (misses, switches) rather than a score.
    """

    group: str
    name: str
    lower_is_better: bool = False
    count: bool = False

    @property
    def key(self) -> str:
        """Such as "tracking/HOTA"."""
        return f"{self.group}/{self.name}"

    @property
    def percent(self) -> bool:
        """Whether tables print it in per cent, as the field does for trajectories; values are fractions everywhere else."""
        return not self.count and self.group in ("tracking", "chota")


@dataclass(frozen=True)
class Cell:
    """A value with its bootstrap interval where one was asked for.

    Attributes:
        value: None where there is none.
        note: why there is none.
        low: lower end of the interval.
        high: upper end.
    """

    value: float | None
    note: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One cell for each column of the evaluation.

    Attributes:
        name: of the sequence, or "all".
        cells: in the order of the columns.
    """

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class VerbScore:
    """Interactions of one verb.

    Attributes:
        verb: its label.
        true_positives: predicted and true.
        false_positives: predicted and not true.
        misses: true and not predicted.
        average_precision: None where the verb is never true.
    """

    verb: str
    true_positives: int
    false_positives: int
    misses: int
    average_precision: float | None


@dataclass(frozen=True)
class Evaluation:
    """One run under one protocol.

    Attributes:
        run: its name.
        protocol: one of PROTOCOLS.
        columns: the measures.
        overall: the row of the whole set.
        sequences: one row a sequence.
        verbs: one record a verb (strict only).
        missing: what the run did not write, one line each.
        notes: how to read the table.
        resamples: of the bootstrap; 0 means no intervals.
        seed: of the bootstrap.
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
        """The cell of a column.

        Args:
            key: of the column ("tracking/HOTA").
            sequence: its name; None for the whole set.

        Returns:
            The cell.

        Raises:
            KeyError: no such column or sequence.
        """
        rows = {row.name: row for row in self.sequences}
        row = self.overall if sequence is None else rows[sequence]
        return dict(zip((column.key for column in self.columns), row.cells, strict=True))[key]

    def value(self, key: str, sequence: str | None = None) -> float | None:
        """The value of that cell.

        Args:
            key: of the column.
            sequence: its name; None for the whole set.

        Returns:
            None where there is none.
        """
        return self.cell(key, sequence).value


@dataclass(frozen=True, eq=False)
class Part:
    """A family of columns as a function of how often each sequence counts.

    All ones give the whole set, a one-hot vector gives one sequence, multinomial counts give a bootstrap resample.

    Attributes:
        columns: the measures.
        score: weights of the sequences, float64 (sequences,) -> values, float64 (columns,), NaN where there is none.
        missing: column name -> why it has no value.
    """

    columns: tuple[Column, ...]
    score: Callable[[np.ndarray], np.ndarray]
    missing: Mapping[str, str] = field(default_factory=dict)


def sum_part(columns: tuple[Column, ...], sums: np.ndarray, finish: Callable[[np.ndarray], np.ndarray]) -> Part:
    """A part whose columns follow from terms that add up over sequences.

    Args:
        columns: the measures.
        sums: (sequences, terms).
        finish: (terms,) -> (columns,).

    Returns:
        The part.
    """
    return Part(columns, lambda weights: finish(weights @ sums))


def empty_part(columns: tuple[Column, ...], reason: str) -> Part:
    """A part without values; every cell says why.

    Args:
        columns: the measures.
        reason: why.

    Returns:
        The part.
    """
    nothing = np.full(len(columns), np.nan)
    return Part(columns, lambda _: nothing, {column.name: reason for column in columns})


def divide(numerator: np.ndarray | float, denominator: np.ndarray | float) -> np.ndarray:
    """Quotient, 0 where the denominator is 0.

    Args:
        numerator: any shape.
        denominator: one that broadcasts with it.

    Returns:
        float64.
    """
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    result: np.ndarray = np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator != 0)
    return result


def precision_recall_f1(true_positives: float, predicted: float, expected: float) -> np.ndarray:
    """Precision, recall and their harmonic mean; 0 for 0 / 0.

    Args:
        true_positives: what was predicted and expected.
        predicted: how many.
        expected: how many.

    Returns:
        (3,).
    """
    return np.array(
        [
            float(divide(true_positives, predicted)),
            float(divide(true_positives, expected)),
            float(divide(2 * true_positives, predicted + expected)),
        ]
    )
