"""MOTChallenge text: `frame,id,x,y,w,h,score[,...]`, one box a line, frames counted from 1.

This is the only place that converts between 1-based frames with xywh boxes (the file) and 0-based frames with
xyxy boxes (everything else). Trackers of rotated boxes (BoxMOT, and the ground truth of MMOT) write thirteen columns
with four corners, `frame,id,x1,y1,x2,y2,x3,y3,x4,y4,score,class,more`; such a row is the upright box around them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

# Whole numbers up to here are exact in float64, and sums of two values are finite.
MAXIMUM = 2.0**53
_ROTATED_COLUMNS = 13
# Pixels by which the corners of a rectangle may miss it: each is rounded.
_ROUNDING = 2.0


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

    def scaled(self, size: tuple[int, int], to: tuple[int, int]) -> "MotRows":
        """Measure boxes in other pictures.

        Args:
            size: width and height of the pictures that they are measured in.
            to: of the others.

        Returns:
            The rows with boxes in pixels of those.
        """
        return replace(self, boxes=self.boxes * np.tile(np.array(to) / np.array(size), 2))


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


def split_row(line: str) -> list[str]:
    """Split a line into its columns, at commas or at spaces.

    Args:
        line: of the file.

    Returns:
        The columns; of a row with four corners those of the upright box around them, up to the class.
    """
    cells = line.replace(",", " ").split()
    corners = _corners(cells)
    if corners is None:
        return cells
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = [repr(float(value)) for value in (left, top, right - left, bottom - top)]
    return [*cells[:2], *box, *cells[10:12]]


def is_rotated(line: str) -> bool:
    """Whether a row holds the four corners of a rotated box.

    Args:
        line: of the file.

    Returns:
        True where it does.
    """
    return _corners(line.replace(",", " ").split()) is not None


def _corners(cells: list[str]) -> np.ndarray | None:
    """The corners (4, 2) of a row that is one of a rotated box: opposite ones have the same middle."""
    if len(cells) != _ROTATED_COLUMNS:
        return None
    try:
        corners = np.array([float(cell) for cell in cells[2:10]]).reshape(4, 2)
    except ValueError:
        return None
    if not (np.abs(corners) < MAXIMUM).all():
        return None
    is_parallelogram = (np.abs(corners[0] + corners[2] - corners[1] - corners[3]) <= _ROUNDING).all()
    return corners if is_parallelogram and (np.ptp(corners, axis=0) > 0).all() else None


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
    cells = split_row(line)
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


def _format_row(rows: MotRows, index: int) -> str:
    x1, y1, x2, y2 = rows.boxes[index]
    return (
        f"{rows.frames[index] + 1},{rows.ids[index]},{x1:.3f},{y1:.3f},{x2 - x1:.3f},{y2 - y1:.3f},"
        f"{rows.scores[index]:.4f},-1,-1,-1\n"
    )
