"""Read the three kinds of MOT files. They look alike, and the same number means different things in each.

    ground truth  column 7 is a flag: a row with 0 is to be ignored, and 0 nowhere else is such a mark.
    results       a tracker's boxes: column 2 is an id, column 7 a confidence that some trackers print as 0 everywhere.
    detections    boxes without ids: column 2 is mostly -1 and may occur many times in a frame.

Windows line ends, a byte order mark, trailing whitespace, blank lines and spaces in place of commas are accepted. A file
without a row is a file in which nobody was found.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smot_vlm.formats import labels
from smot_vlm.formats.flaws import UndecodableText, decode, split_lines
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.mot import MotRows, parse_row, split_row

NO_ID = -1


@dataclass(frozen=True)
class MotFile:
    """The rows of a file that count.

    Attributes:
        rows: in file order.
        losses: rows that were left out, of the kinds other-class, ignored-row, row-without-id.
    """

    rows: MotRows
    losses: tuple[Loss, ...] = ()


class _Line(NamedTuple):
    """One row as it was read: its line number, values and class."""

    number: int
    values: tuple[float, ...]
    row_class: labels.RowClass

    @property
    def key(self) -> tuple[int, int]:
        """Frame and id."""
        return int(self.values[0]), int(self.values[1])


def read_truth(path: Path | str, classes: Collection[int] | None = None) -> MotFile:
    """Read ground truth. A row whose flag is 0 is left out; a negative flag is read as 1.

    Args:
        path: of the file.
        classes: class numbers that count. None: those that `labels.txt` beside the file calls people, else all.

    Returns:
        The rows that count.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row that cannot be a box, with file and line; an id twice in one frame.
    """
    path = Path(path)
    lines = list(_read_lines(path))
    people = labels.people_of_labels(path.parent) if classes is None else classes
    counted = [line for line in lines if line.values[6] != 0]
    losses = []
    if len(counted) < len(lines):
        ignored = len(lines) - len(counted)
        losses.append(Loss("ignored-row", f"{path}: {ignored} rows are marked to be ignored; left out", ignored))
    if people is not None and any(line.row_class for line in counted):
        # 0 is no class of ground truth: it means "none given".
        counted, others = _of_classes(
            path, [line._replace(row_class=line.row_class or None) for line in counted], people
        )
        losses += others
    _check_ids(path, counted)
    rows = _rows(counted)
    return MotFile(replace(rows, scores=np.where(rows.scores < 0, 1.0, rows.scores)), tuple(losses))


def read_results(path: Path | str, classes: Collection[int] | None = None) -> MotFile:
    """Read what a tracker wrote. Rows of confidence 0 count; rows with id -1 among others belong to no track.

    Args:
        path: of the file.
        classes: class numbers that count, where rows state their class. None: people, by `labels.txt` beside the file or
            by custom.

    Returns:
        The rows that count.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row that cannot be a box, with file and line; an id twice in one frame; no row has an id.
    """
    path = Path(path)
    lines, losses = _people(path, classes)
    with_id = [line for line in lines if line.key[1] != NO_ID]
    if lines and not with_id:
        raise ValueError(
            f"{path}: every id is {NO_ID}, so these are boxes without ids; give the file as detections (--detections)"
        )
    if len(with_id) < len(lines):
        missing = len(lines) - len(with_id)
        message = f"{path}: {missing} of {len(lines)} rows have id {NO_ID}, which is no track; left out"
        losses.append(Loss("row-without-id", message, missing))
    _check_ids(path, with_id)
    return MotFile(_with_scores(_rows(with_id)), tuple(losses))


def read_detections(path: Path | str, classes: Collection[int] | None = None) -> MotFile:
    """Read a detector's boxes; their ids mean nothing.

    Args:
        path: of the file.
        classes: as for `read_results`.

    Returns:
        The rows that count.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row that cannot be a box, with file and line.
    """
    path = Path(path)
    lines, losses = _people(path, classes)
    return MotFile(_with_scores(_rows(lines)), tuple(losses))


def _read_lines(path: Path) -> Iterator[_Line]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such MOT file; give a text file with rows frame,id,x,y,w,h,score")
    try:
        text = decode(path.read_bytes())
    except UndecodableText as error:
        raise ValueError(
            f"{path}:{error.line}: not a text file ({error.message}); MOT rows read frame,id,x,y,w,h,score"
        ) from None
    for number, line in enumerate(split_lines(text), start=1):
        if line.strip():
            values = parse_row(line, f"{path}:{number}")
            yield _Line(number, values, labels.class_of_cells(split_row(line)))


def _people(path: Path, classes: Collection[int] | None) -> tuple[list[_Line], list[Loss]]:
    """The rows of people in a tracker's or a detector's file, and the loss of the others."""
    lines = list(_read_lines(path))
    stated = {line.row_class for line in lines} - {None}
    if not stated:
        return lines, []
    people = classes
    if people is None:
        people = labels.people_of_labels(path.parent)
    if people is None:
        people = labels.people_by_custom(stated)
    return _of_classes(path, lines, people)


def _of_classes(path: Path, lines: list[_Line], people: Collection[int]) -> tuple[list[_Line], list[Loss]]:
    kept = [line for line in lines if labels.is_person(line.row_class, people)]
    others = Counter(line.row_class for line in lines if not labels.is_person(line.row_class, people))
    if not others:
        return kept, []
    count = sum(others.values())
    told = ", ".join(f"{rows} of class {name}" for name, rows in others.most_common(8))
    wanted = ", ".join(map(str, sorted(people)))
    message = f"{path}: {count} of {len(lines)} rows are of other classes than {wanted} ({told}); left out; --classes names others"
    return kept, [Loss("other-class", message, count)]


def _check_ids(path: Path, lines: list[_Line]) -> None:
    seen: dict[tuple[int, int], int] = {}
    for line in lines:
        if line.key in seen:
            frame, track_id = line.key
            raise ValueError(
                f"{path}:{line.number}: id {track_id} was already in frame {frame} (line {seen[line.key]}); "
                "an id has one box a frame"
            )
        seen[line.key] = line.number


def _rows(lines: list[_Line]) -> MotRows:
    table = np.array([line.values for line in lines], dtype=np.float64).reshape(-1, 7)
    boxes = table[:, 2:6].copy()
    boxes[:, 2:] += boxes[:, :2]
    return MotRows(table[:, 0].astype(np.int64) - 1, table[:, 1].astype(np.int64), boxes, table[:, 6])


def _with_scores(rows: MotRows) -> MotRows:
    """-1 means "none" and is read as 1; so is every score of a file without one above 0.

    Negative scores besides -1 are a detector's own (DPM's range is open), and then -1 is one of them.
    """
    scores = rows.scores
    if not (scores > 0).any():
        scores = np.ones(len(scores))
    elif (scores[scores < 0] == -1).all():
        scores = np.where(scores < 0, 1.0, scores)
    return replace(rows, scores=scores)
