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
from smot_vlm.formats.mot import MotRows, parse_row, split_row


@dataclass(frozen=True)
class MotFile:
    """The rows of a file that count.

    Attributes:
        rows: in file order.
        losses: rows that were left out, of the kinds other-class, ignored-row, row-without-id.
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
    source, rows = RowSource(path), list(_read_rows(path))
    people = labels.people_of_labels(path.parent) if classes is None else classes
    counted = [row for row in rows if row.score != 0]
    losses = []
    if len(counted) < len(rows):
        ignored = len(rows) - len(counted)
        losses.append(Loss("ignored-row", f"{path}: {ignored} rows are marked to be ignored; left out", ignored))
    if people is not None and any(row.row_class for row in counted):
        # 0 is no class of ground truth: it means "none given".
        counted, others = rows_of_classes(
            source, [row._replace(row_class=row.row_class or None) for row in counted], people
        )
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
    people, others = rows_of_people(source, list(_read_rows(source.path)), classes)
    with_id, without = rows_with_ids(source, people)
    return MotFile(with_scores(mot_rows(with_id)), (*others, *without))


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
    people, others = rows_of_people(source, list(_read_rows(source.path)), classes)
    return MotFile(with_scores(mot_rows(people)), tuple(others))


def _read_rows(path: Path) -> Iterator[BoxRow]:
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
            frame, track_id, x, y, width, height, score = parse_row(line, f"{path}:{number}")
            box = (x, y, x + width, y + height)
            row_class = labels.class_of_cells(split_row(line))
            yield BoxRow(str(number), int(frame) - 1, int(track_id), box, score, row_class)
