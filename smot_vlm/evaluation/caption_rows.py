"""Which caption is compared with which: one row a comparison."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation.sequence_pairs import Pair


@dataclass(frozen=True, eq=False)
class CaptionRows:
    """True captions, predicted ones (empty where there is none), and the position of the sequence, int64 (rows,)."""

    references: tuple[str, ...]
    predictions: tuple[str, ...]
    sequences: np.ndarray

    def __len__(self) -> int:
        return len(self.references)


def video_rows(pairs: Sequence[Pair]) -> CaptionRows:
    """One row a sequence that has a true caption."""
    return _rows(
        (row, pair.truth.caption, pair.prediction.caption) for row, pair in enumerate(pairs) if pair.truth.caption
    )


def true_track_rows(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> CaptionRows:
    """Strict: one row a true track that has a caption; a track that nothing was matched to has an empty prediction.

    matches: predicted id -> true id of each sequence, one to one.
    """

    def rows() -> Iterator[tuple[int, str, str]]:
        for row, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
            said = {match[track.id]: track.caption for track in pair.prediction.tracks if track.id in match}
            yield from ((row, track.caption, said.get(track.id, "")) for track in pair.truth.tracks if track.caption)

    return _rows(rows())


def predicted_track_rows(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> CaptionRows:
    """Official: one row a predicted track that is matched to a true one with a caption; several may share one.

    matches: predicted id -> true id of each sequence.
    """

    def rows() -> Iterator[tuple[int, str, str]]:
        for row, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
            truth = {track.id: track.caption for track in pair.truth.tracks}
            for track in pair.prediction.tracks:
                if track.id in match and truth[match[track.id]]:
                    yield row, truth[match[track.id]], track.caption

    return _rows(rows())


def _rows(rows: Iterable[tuple[int, str, str]]) -> CaptionRows:
    table = list(rows)
    return CaptionRows(
        tuple(reference for _, reference, _ in table),
        tuple(prediction for _, _, prediction in table),
        np.array([sequence for sequence, _, _ in table], dtype=np.int64),
    )
