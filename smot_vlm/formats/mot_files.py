"""Read the three kinds of MOT files. They look alike, and the same number means different things in each.

    ground truth  column 7 is a flag: a row with 0 is to be ignored, and 0 nowhere else is such a mark.
    results       a tracker's boxes: column 2 is an id, column 7 a confidence that some trackers print as 0 everywhere.
    detections    boxes without ids: column 2 is mostly -1 and may occur many times in a frame.

Windows line ends, a byte order mark, trailing whitespace, blank lines and spaces in place of commas are accepted. A file
without a row is a file in which nobody was found.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smot_vlm.formats import labels
from smot_vlm.formats.box_rows import (
    BoxRow,
    RowSource,
    check_ids,
    mot_rows,
    rows_of_classes,
    rows_of_people,
    rows_with_ids,
    with_scores,
)
from smot_vlm.formats.flaws import UndecodableText, decode, split_lines
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.mot import MotRows, is_rotated, parse_row, split_row

# The kind of loss of rows with four corners.
ROTATED = "rotated-box"


@dataclass(frozen=True)
class MotFile:
    """The rows of a file that count.

    Attributes:
        rows: in file order.
        losses: rows that were left out, of the kinds other-class, ignored-row, row-without-id, and angles that were
            (rotated-box).
    """

    rows: MotRows
    losses: tuple[Loss, ...] = ()


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
    source = RowSource(path)
    rows, losses = _read_rows(path, classes)
    people = labels.people_of_labels(path.parent) if classes is None else classes
    counted = [row for row in rows if row.score != 0]
    if len(counted) < len(rows):
        ignored = len(rows) - len(counted)
        losses.append(Loss("ignored-row", f"{path}: {ignored} rows are marked to be ignored; left out", ignored))
    if not any(loss.kind == ROTATED for loss in losses):
        # 0 is no class of MOTChallenge's: it means "none given".
        counted = [row._replace(row_class=row.row_class or None) for row in counted]
    if people is not None and any(row.row_class is not None for row in counted):
        counted, others = rows_of_classes(source, counted, people)
        losses += others
    check_ids(source, counted)
    found = mot_rows(counted)
    return MotFile(replace(found, scores=np.where(found.scores < 0, 1.0, found.scores)), tuple(losses))


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
    source = RowSource(Path(path))
    rows, losses = _read_rows(source.path, classes)
    people, others = rows_of_people(source, rows, classes)
    with_id, without = rows_with_ids(source, people)
    return MotFile(with_scores(mot_rows(with_id)), (*losses, *others, *without))


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
    source = RowSource(Path(path))
    rows, losses = _read_rows(source.path, classes)
    people, others = rows_of_people(source, rows, classes)
    return MotFile(with_scores(mot_rows(people)), (*losses, *others))


def _read_rows(path: Path, classes: Collection[int] | None) -> tuple[list[BoxRow], list[Loss]]:
    """All rows, and what is lost of rotated boxes: their angles.

    Raises:
        ValueError: a row that cannot be a box; or rotated boxes whose classes are numbered by no known list.
    """
    lines = list(_read_lines(path))
    rows = [_row(path, number, line) for number, line in lines]
    rotated = [row for row, (_, line) in zip(rows, lines, strict=True) if is_rotated(line)]
    if not rotated:
        return rows, []
    stated = sorted({str(row.row_class) for row in rotated if row.row_class is not None})
    if classes is None and stated:
        raise ValueError(
            f"{path}: rotated boxes, whose classes ({', '.join(stated)[:200]}) are numbered by a list of the tracker's "
            "own; say which numbers are people with --classes"
        )
    told = f"{path}: {len(rotated)} of {len(rows)} rows are rotated boxes; read as the upright boxes around them"
    return rows, [Loss(ROTATED, told, len(rotated))]


def _row(path: Path, number: int, line: str) -> BoxRow:
    frame, track_id, x, y, width, height, score = parse_row(line, f"{path}:{number}")
    box = (x, y, x + width, y + height)
    return BoxRow(str(number), int(frame) - 1, int(track_id), box, score, labels.class_of_cells(split_row(line)))


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
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
            yield number, line
