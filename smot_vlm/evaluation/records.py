"""What goes into an evaluation and what comes out: sequences, columns, rows, cells."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from smot_vlm.formats.mot import MotRows, concatenate
from smot_vlm.structures import Interaction, Trajectory
from smot_vlm.synthetic.facts import SequenceFacts

MISSING_FIELDS = ("tracks", "instance captions", "interactions", "video caption")


@dataclass(frozen=True, eq=False)
class SequenceTruth:
    """The ground truth of one sequence.

    name: scenario/sequence. frames: number of frames of the sequence, 0 where it is not known.
    tracks: boxes xyxy pixels, frames from 0; an empty caption means that the track has none and is not scored by words.
    caption: of the video; empty means that there is none.
    facts: all that is true of the people and the video, where the data say it.
    """

    name: str
    tracks: tuple[Trajectory, ...]
    interactions: tuple[Interaction, ...] = ()
    caption: str = ""
    frames: int = 0
    facts: SequenceFacts | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(self, "interactions", tuple(self.interactions))
        _check_tracks(self.name, self.tracks)
        if self.frames and end_of(self.tracks) > self.frames:
            raise ValueError(f"{self.name}: a true box in frame {end_of(self.tracks)} of {self.frames} frames")


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
        end = end_of(self.prediction.tracks)
        if self.truth.frames and end > self.truth.frames:
            raise ValueError(f"{self.truth.name}: a predicted box in frame {end} of {self.truth.frames} frames")

    @property
    def frames(self) -> int:
        """Number of frames; up to the last box where the data do not say."""
        return self.truth.frames or max(end_of(self.truth.tracks), end_of(self.prediction.tracks))


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


def end_of(tracks: Iterable[Trajectory]) -> int:
    """The last frame with a box, counted from 1; 0 without a box."""
    return max((int(track.frames[-1]) + 1 for track in tracks if len(track)), default=0)


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
    if any(len(track) and track.frames[0] < 0 for track in tracks):
        raise ValueError(f"{name}: a box in a frame below 0; frames count from 0")
    ids = [track.id for track in tracks]
    if len(set(ids)) != len(ids):
        twice = sorted({id for id in ids if ids.count(id) > 1})
        raise ValueError(f"{name}: track ids {twice} occur more than once; give each track its own id")
    for track in tracks:
        if not (np.isfinite(track.boxes).all() and np.isfinite(track.scores).all()):
            frame = int(track.frames[~np.isfinite(track.boxes).all(axis=1) | ~np.isfinite(track.scores)][0])
            raise ValueError(f"{name}: track {track.id} has a box or score in frame {frame + 1} that is no number")
