"""Which caption is compared with which: one row a comparison."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smot_vlm.evaluation.sequence_pairs import Pair


@dataclass(frozen=True, eq=False)
class CaptionRows:
    """Captions to compare, one row a comparison.

    Attributes:
        references: true captions.
        predictions: predicted ones, empty where there is none.
        sequences: position of each row's sequence, int64 (rows,).
    """

    references: tuple[str, ...]
    predictions: tuple[str, ...]
    sequences: np.ndarray

    def __len__(self) -> int:
        return len(self.references)


def predicted_captions(pair: Pair, match: Mapping[int, int]) -> dict[int, str]:
    """The predicted caption of each true track that was found.

    Args:
        pair: a sequence.
        match: predicted id -> true id.

    Returns:
        True id -> caption.
    """
    return {match[track.id]: track.caption for track in pair.prediction.tracks if track.id in match}


def video_rows(pairs: Sequence[Pair]) -> CaptionRows:
    """One row a sequence that has a true caption.

    Args:
        pairs: the sequences.

    Returns:
        Video captions.
    """
    return _rows(
        (row, pair.truth.caption, pair.prediction.caption) for row, pair in enumerate(pairs) if pair.truth.caption
    )


def true_track_rows(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> CaptionRows:
    """Strict: one row a true track that has a caption; an unmatched one has an empty prediction.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence, one to one.

    Returns:
        Instance captions.
    """

    def rows() -> Iterator[tuple[int, str, str]]:
        for row, (pair, match) in enumerate(zip(pairs, matches, strict=True)):
            predicted = predicted_captions(pair, match)
            yield from (
                (row, track.caption, predicted.get(track.id, "")) for track in pair.truth.tracks if track.caption
            )

    return _rows(rows())


def predicted_track_rows(pairs: Sequence[Pair], matches: Sequence[Mapping[int, int]]) -> CaptionRows:
    """Official: one row a predicted track that is matched to a true one with a caption; several may share one.

    Args:
        pairs: the sequences.
        matches: predicted id -> true id of each sequence.

    Returns:
        Instance captions.
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
