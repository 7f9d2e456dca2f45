"""What goes into an evaluation and what comes out: sequences, columns, rows, cells."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from smot_vlm.formats.mot import MotRows, concatenate
from smot_vlm.structures import Interaction, Trajectory

MISSING_FIELDS = ("tracks", "instance captions", "interactions", "video caption")


@dataclass(frozen=True, eq=False)
class SequenceTruth:
    """The ground truth of one sequence.

    name: scenario/sequence. frames: number of frames of the sequence (0: as many as the boxes say).
    tracks: boxes xyxy pixels, frames from 0; an empty caption means that the track has none and is not scored by words.
    caption: of the video; empty means that there is none.
    facts: what is known to be true of the sequence, where the data say it (`smot_vlm.evaluation.facts`).
    """

    name: str
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...] = ()
    caption: str = ""
    frames: int = 0
    facts: object | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "interactions", tuple(self.interactions))
        _check_tracks(self.name, self.tracks)
        last = max((int(track.frames[-1]) for track in self.tracks if len(track)), default=-1)
        if not self.frames:
            object.__setattr__(self, "frames", last + 1)
        if last >= self.frames:
            raise ValueError(f"{self.name}: ground truth has a box in frame {last + 1} of {self.frames} frames")


@dataclass(frozen=True, eq=False)
class SequencePrediction:
    """What a run says about one sequence; fields as in `SequenceTruth`.

    missing: those of MISSING_FIELDS that the run did not write; they score as empty.
    rows: the same boxes in the order of the file they came from, where there is one. The assignment of two boxes that
    lie exactly on each other depends on it, in TrackEval too.
    """

    name: str
    tracks: tuple[Trajectory, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    caption: str = ""
    missing: tuple[str, ...] = ()
    rows: MotRows | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "interactions", tuple(self.interactions))
        _check_tracks(self.name, self.tracks)
        if self.rows is not None and len(self.rows) != sum(map(len, self.tracks)):
            raise ValueError(f"{self.name}: {len(self.rows)} rows but {sum(map(len, self.tracks))} boxes in its tracks")


@dataclass(frozen=True, eq=False)
class Pair:
    """The truth of a sequence beside what a run says about it."""

    truth: SequenceTruth
    prediction: SequencePrediction

    def __post_init__(self) -> None:
        if self.truth.name != self.prediction.name:
            raise ValueError(f"prediction of {self.prediction.name} was paired with the truth of {self.truth.name}")
        for track in self.prediction.tracks:
            if len(track) and not 0 <= track.frames[0] <= track.frames[-1] < self.truth.frames:
                raise ValueError(
                    f"{self.truth.name}: predicted track {track.id} has a box in frame {track.frames[-1] + 1}; "
                    f"the sequence has frames 1 to {self.truth.frames}"
                )


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


def rows_of(tracks: Iterable[Trajectory]) -> MotRows:
    """The boxes of tracks, one track after another."""
    return concatenate(
        MotRows(track.frames, np.full(len(track), track.id, dtype=np.int64), track.boxes, track.scores)
        for track in tracks
    )


def sum_part(columns: tuple[Column, ...], sums: np.ndarray, finish: Callable[[np.ndarray], np.ndarray]) -> Part:
    """A part whose columns follow from terms that add up over sequences: `sums` (sequences, terms), `finish` (terms,)."""
    return Part(columns, lambda weights: finish(weights @ sums))


def empty_part(columns: tuple[Column, ...], reason: str) -> Part:
    """A part without values; every cell says why."""
    nothing = np.full(len(columns), np.nan)
    return Part(columns, lambda weights: nothing, {column.name: reason for column in columns})


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


def _check_tracks(name: str, tracks: tuple[Trajectory, ...]) -> None:
    ids = [track.id for track in tracks]
    if len(set(ids)) != len(ids):
        twice = sorted({id for id in ids if ids.count(id) > 1})
        raise ValueError(f"{name}: track ids {twice} occur more than once; give each track its own id")
    for track in tracks:
        if not (np.isfinite(track.boxes).all() and np.isfinite(track.scores).all()):
            frame = int(track.frames[~np.isfinite(track.boxes).all(axis=1) | ~np.isfinite(track.scores)][0])
            raise ValueError(f"{name}: track {track.id} has a box or score in frame {frame + 1} that is no number")
