"""Rows of boxes as a file holds them: whose class counts, whose id is a track's, and what is said of the others."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smot_vlm.formats import labels
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.mot import MotRows

NO_ID = -1

Box = tuple[float, float, float, float]


class BoxRow(NamedTuple):
    """One row.

    Attributes:
        place: in the file, for messages: a line's number, or what finds an entry of JSON.
        frame: 0-based.
        id: of a track; `NO_ID` where the row has none.
        box: xyxy pixels.
        score: as it was given, 1 where none was.
        row_class: of what is in the box.
    """

    place: str
    frame: int
    id: int
    box: Box
    score: float
    row_class: labels.RowClass


@dataclass(frozen=True)
class RowSource:
    """What messages call a file and its rows.

    Attributes:
        path: of the file.
        in_lines: places are numbers of lines.
        first_frame: the number that the file gives the first frame.
        id_key: what the file calls an id.
        without_ids: what to do with a file without a single id.
        numbered: a class that is told by its name has a number too.
    """

    path: Path
    in_lines: bool = True
    first_frame: int = 1
    id_key: str = "id"
    without_ids: str = "give the file as detections (--detections)"
    numbered: bool = False

    def at(self, place: str) -> str:
        """Begin a message.

        Args:
            place: of a row.

        Returns:
            The file and the place.
        """
        return f"{self.path}:{place}" if self.in_lines else f"{self.path}: {place}"


def rows_of_people(
    source: RowSource, rows: Sequence[BoxRow], classes: Collection[int] | None
) -> tuple[list[BoxRow], list[Loss]]:
    """Leave out the rows of other classes.

    Args:
        source: of the rows.
        rows: in file order; one without a class counts.
        classes: class numbers that count. None: people, by `labels.txt` beside the file or by custom.

    Returns:
        The rows that count, and the loss of the others.

    Raises:
        ValueError: `labels.txt` names no people.
    """
    stated = {row.row_class for row in rows} - {None}
    if not stated:
        return list(rows), []
    people = classes
    if people is None and any(isinstance(one, int) for one in stated):
        people = labels.people_of_labels(source.path.parent)
    if people is None:
        people = labels.people_by_custom(stated)
    return rows_of_classes(source, rows, people)


def rows_of_classes(
    source: RowSource, rows: Sequence[BoxRow], people: Collection[int]
) -> tuple[list[BoxRow], list[Loss]]:
    """Leave out the rows of all but some classes.

    Args:
        source: of the rows.
        rows: in file order; one without a class counts.
        people: class numbers that count; a class given as a word counts where it is a word for people.

    Returns:
        The rows that count, and the loss of the others.
    """
    kept = [row for row in rows if labels.is_person(row.row_class, people)]
    others = Counter(row.row_class for row in rows if not labels.is_person(row.row_class, people))
    if not others:
        return kept, []
    count = sum(others.values())
    told = ", ".join(f"{found} of class {_named(name)}" for name, found in others.most_common(8))
    in_words = all(isinstance(name, str) for name in others)
    wanted = "person" if in_words else ", ".join(map(str, sorted(people)))
    advice = "" if in_words and not source.numbered else "; --classes names others"
    message = (
        f"{source.path}: {count} of {len(rows)} rows are of other classes than {wanted} ({told}); left out{advice}"
    )
    return kept, [Loss("other-class", message, count)]


def rows_with_ids(source: RowSource, rows: Sequence[BoxRow]) -> tuple[list[BoxRow], list[Loss]]:
    """Leave out the rows that belong to no track.

    Args:
        source: of the rows.
        rows: in file order.

    Returns:
        The rows with an id, and the loss of the others.

    Raises:
        ValueError: no row has an id, or an id is twice in one frame.
    """
    with_id = [row for row in rows if row.id != NO_ID]
    if rows and not with_id:
        raise ValueError(
            f"{source.path}: every {source.id_key} is {NO_ID}, so these are boxes without ids; {source.without_ids}"
        )
    losses = []
    if len(with_id) < len(rows):
        missing = len(rows) - len(with_id)
        message = (
            f"{source.path}: {missing} of {len(rows)} rows have {source.id_key} {NO_ID}, which is no track; left out"
        )
        losses.append(Loss("row-without-id", message, missing))
    check_ids(source, with_id)
    return with_id, losses


def check_ids(source: RowSource, rows: Sequence[BoxRow]) -> None:
    """Make sure that an id has one box a frame.

    Args:
        source: of the rows.
        rows: in file order.

    Raises:
        ValueError: an id is twice in one frame.
    """
    seen: dict[tuple[int, int], str] = {}
    for row in rows:
        key = row.frame, row.id
        if key in seen:
            raise ValueError(
                f"{source.at(row.place)}: id {row.id} was already in frame {row.frame + source.first_frame} "
                f"({'line ' * source.in_lines}{seen[key]}); an id has one box a frame"
            )
        seen[key] = row.place


def mot_rows(rows: Sequence[BoxRow]) -> MotRows:
    """Gather rows into arrays.

    Args:
        rows: in file order.

    Returns:
        The same rows.
    """
    return MotRows(
        np.array([row.frame for row in rows], dtype=np.int64),
        np.array([row.id for row in rows], dtype=np.int64),
        np.array([row.box for row in rows], dtype=np.float64).reshape(-1, 4),
        np.array([row.score for row in rows], dtype=np.float64),
    )


def with_scores(rows: MotRows) -> MotRows:
    """-1 means "none" and is read as 1; so is every score of a file without one above 0.

    Negative scores besides -1 are a detector's own (DPM's range is open), and then -1 is one of them.

    Args:
        rows: with scores as they were given.

    Returns:
        The rows with scores.
    """
    scores = rows.scores
    if not (scores > 0).any():
        scores = np.ones(len(scores))
    elif (scores[scores < 0] == -1).all():
        scores = np.where(scores < 0, 1.0, scores)
    return replace(rows, scores=scores)


def _named(row_class: labels.RowClass) -> str:
    return str(row_class) if not isinstance(row_class, str) or row_class.isprintable() else repr(row_class)
