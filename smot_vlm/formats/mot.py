"""MOTChallenge text: `frame,id,x,y,w,h,score[,...]`, one box a line, frames counted from 1.

This is the only place that converts between 1-based frames with xywh boxes (the file) and 0-based frames with
xyxy boxes (everything else).
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Whole numbers up to here are exact in float64, and sums of two values are finite.
MAXIMUM = 2.0**53


@dataclass(frozen=True)
class MotRows:
    """Rows of a MOT file in file order.

    Attributes:
        frames: int64 (n), 0-based.
        ids: int64 (n).
        boxes: float64 (n, 4), xyxy pixels.
        scores: float64 (n).
    """

    frames: np.ndarray
    ids: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    def select(self, index: np.ndarray) -> "MotRows":
        """Take some rows.

        Args:
            index: a mask, or positions.

        Returns:
            Those rows.
        """
        return MotRows(self.frames[index], self.ids[index], self.boxes[index], self.scores[index])


def read_mot(path: Path | str, classes: Container[int] | None = None, *, with_ids: bool = True) -> MotRows:
    """Read a MOT file (ground truth or a tracker's output).

    A score of 0 marks a row to ignore (MOT15 ground truth), which is skipped; a negative score means "none" and is read
    as 1. Windows line ends, a byte order mark, trailing whitespace, blank lines and spaces in place of commas are accepted.

    Args:
        path: of the file.
        classes: where given, a row with exactly nine columns (MOT16 and later: the eighth is the class) is skipped unless
            its class is one of these or below 1, which means "none given". MOT15 has ten columns and no class.
        with_ids: false for a detector's boxes, whose ids (mostly -1) may occur many times in a frame.

    Returns:
        The rows.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row that cannot be a box, with file and line; an id twice in one frame; no row at all.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such MOT file; give a text file with rows frame,id,x,y,w,h,score")
    rows: list[tuple[float, ...]] = []
    seen: dict[tuple[int, int], int] = {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file; MOT rows read frame,id,x,y,w,h,score") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        row = parse_row(line, f"{path}:{number}")
        if row[6] == 0 or (classes is not None and (kind := _row_class(line)) >= 1 and kind not in classes):
            continue
        key = (int(row[0]), int(row[1]))
        if with_ids and key in seen:
            raise ValueError(
                f"{path}:{number}: id {key[1]} was already in frame {key[0]} (line {seen[key]}); an id has one box a frame"
            )
        seen[key] = number
        rows.append(row)
    if not rows:
        raise ValueError(f"{path}: no box in this file; MOT rows read frame,id,x,y,w,h,score")
    table = np.array(rows, dtype=np.float64)
    boxes = table[:, 2:6].copy()
    boxes[:, 2:] += boxes[:, :2]
    scores = np.where(table[:, 6] < 0, 1.0, table[:, 6])
    return MotRows(table[:, 0].astype(np.int64) - 1, table[:, 1].astype(np.int64), boxes, scores)


def format_mot(rows: MotRows) -> str:
    """Format rows as MOT text, sorted by frame and then id, with coordinates to 0.001 pixel.

    Args:
        rows: in any order.

    Returns:
        The content of the file.
    """
    order = np.lexsort((rows.ids, rows.frames))
    return "".join(_format_row(rows, index) for index in order)


def concatenate(parts: Iterable[MotRows]) -> MotRows:
    """Join rows.

    Args:
        parts: in order.

    Returns:
        All rows, one part after another.
    """
    parts = list(parts)
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return MotRows(empty, empty, np.zeros((0, 4)), np.zeros(0))
    return MotRows(
        np.concatenate([part.frames for part in parts]),
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def parse_row(line: str, place: str) -> tuple[float, ...]:
    """Parse one line.

    Args:
        line: of the file.
        place: file and line, for messages.

    Returns:
        Frame (from 1), id, x, y, w, h, score; the score is 1 where the line ends before it.

    Raises:
        ValueError: a row that cannot be a box; the message starts with `place`.
    """
    cells = _cells(line)
    try:
        values = [float(cell) for cell in cells[:7]]
    except ValueError:
        raise ValueError(
            f"{place}: {line.strip()[:60]!r} is not numbers; a row reads frame,id,x,y,w,h[,score]"
        ) from None
    if len(values) < 6:
        raise ValueError(f"{place}: {len(values)} values; a row reads frame,id,x,y,w,h[,score]")
    if not np.isfinite(values).all():
        raise ValueError(f"{place}: a value is not finite; a row reads frame,id,x,y,w,h[,score]")
    if max(map(abs, values)) > MAXIMUM:
        raise ValueError(f"{place}: a value is beyond {MAXIMUM:.0e}; a row reads frame,id,x,y,w,h[,score]")
    if values[0] < 1 or values[0] != int(values[0]) or values[1] != int(values[1]):
        raise ValueError(
            f"{place}: frame {values[0]:g}, id {values[1]:g}; frames are whole numbers from 1, ids whole numbers"
        )
    if values[4] <= 0 or values[5] <= 0:
        raise ValueError(f"{place}: a box of {values[4]:g} x {values[5]:g} pixels; width and height must be above 0")
    return (*values, 1.0) if len(values) == 6 else tuple(values)


def _cells(line: str) -> list[str]:
    return line.replace(",", " ").split()


def _row_class(line: str) -> int:
    """The class of a row with nine columns, 0 for any other row."""
    cells = _cells(line)
    try:
        return int(float(cells[7])) if len(cells) == 9 else 0
    except (ValueError, OverflowError):
        return 0


def _format_row(rows: MotRows, index: int) -> str:
    x1, y1, x2, y2 = rows.boxes[index]
    return (
        f"{rows.frames[index] + 1},{rows.ids[index]},{x1:.3f},{y1:.3f},{x2 - x1:.3f},{y2 - y1:.3f},"
        f"{rows.scores[index]:.4f},-1,-1,-1\n"
    )
