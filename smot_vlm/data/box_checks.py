"""What is wrong with the rows of `gt/gt.txt`, each with its line, and the rows that are left after repair."""

import math
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smot_vlm.data.problems import Problem
from smot_vlm.formats.flaws import UndecodableText, decode, split_lines
from smot_vlm.formats.labels import LABELS_FILE, class_of_cells, is_person, people_of_labels
from smot_vlm.formats.mot import MAXIMUM, MotRows, parse_row, split_row


@dataclass(frozen=True)
class BoxReport:
    """Result of checking one file.

    Attributes:
        rows: the repaired boxes, None without a file.
        ids: of every row, also of rows that were dropped (ascending).
        problems: in file order.
    """

    rows: MotRows | None
    ids: tuple[int, ...]
    problems: tuple[Problem, ...]


def check_boxes(path: Path, frames: Set[int], size: tuple[int, int] | None, tolerance_pixels: float = 1.0) -> BoxReport:
    """Check every row against the images there are.

    Args:
        path: of `gt/gt.txt`.
        frames: 0-based numbers of the images.
        size: (width, height) of the frame, None where it is not known.
        tolerance_pixels: how far a box may reach out of the frame.

    Returns:
        The valid rows and the problems. Kinds: no-boxes, encoding, labels, other-class, malformed-row, not-finite, bad-box,
        duplicate-id, frame-without-image, box-outside.
    """
    if not path.is_file():
        problem = Problem(path, 0, "no-boxes", "no such file; write rows frame,id,x,y,w,h,score", "sequence skipped")
        return BoxReport(None, (), (problem,))
    checker = _Checker(path, frames, size, tolerance_pixels)
    for number, line in enumerate(split_lines(checker.read()), start=1):
        if line.strip():
            checker.check(number, line)
    if not checker.ids and not checker.problems:
        checker.report(0, "no-boxes", "no box in this file; write rows frame,id,x,y,w,h,score", "sequence skipped")
    return BoxReport(checker.rows(), tuple(sorted(checker.ids)), tuple(checker.problems))


class _Checker:
    """Goes through the rows of one file; keeps the valid ones."""

    def __init__(self, path: Path, frames: Set[int], size: tuple[int, int] | None, tolerance_pixels: float) -> None:
        self.path = path
        self.frames = frames
        self.size = size
        self.tolerance_pixels = tolerance_pixels
        self.problems: list[Problem] = []
        self.ids: set[int] = set()
        self.kept: dict[tuple[int, int], tuple[float, ...]] = {}  # (frame from 1, id) -> x1, y1, x2, y2, score
        self._line_of: dict[tuple[int, int], int] = {}
        self._people = self._find_people()

    def report(self, line: int, kind: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.path, line, kind, message, remedy))

    def read(self) -> str:
        content = self.path.read_bytes()
        try:
            return decode(content)
        except UndecodableText as error:
            self.report(error.line, "encoding", error.message, "read as Windows-1252")
            return content.decode("cp1252", errors="replace")

    def check(self, number: int, line: str) -> None:
        row = self._parse(number, line)
        if row is None or row[6] == 0:
            return
        row_class = class_of_cells(split_row(line)) or None
        if self._people is not None and not is_person(row_class, self._people):
            self.report(number, "other-class", f"class {row_class} is no person by {LABELS_FILE}", "row skipped")
            return
        frame, track_id = int(row[0]), int(row[1])
        self.ids.add(track_id)
        if (frame, track_id) in self._line_of:
            message = f"id {track_id} was already in frame {frame} (line {self._line_of[frame, track_id]}); an id has one box a frame"
            self.report(number, "duplicate-id", message, "row skipped")
            return
        self._line_of[frame, track_id] = number
        if self.frames and frame - 1 not in self.frames:
            message = f"frame {frame} has no image; add it or remove the row"
            self.report(number, "frame-without-image", message, "row skipped")
            return
        box = self._inside(number, (row[2], row[3], row[2] + row[4], row[3] + row[5]))
        if box is not None:
            self.kept[frame, track_id] = (*box, 1.0 if row[6] < 0 else row[6])

    def rows(self) -> MotRows:
        keys = np.array(list(self.kept), dtype=np.int64).reshape(-1, 2)
        values = np.array(list(self.kept.values()), dtype=np.float64).reshape(-1, 5)
        return MotRows(keys[:, 0] - 1, keys[:, 1], values[:, :4], values[:, 4])

    def _find_people(self) -> frozenset[int] | None:
        """The classes of people, None where all rows are people."""
        try:
            return people_of_labels(self.path.parent)
        except ValueError as error:
            path, _, message = str(error).partition(": ")
            self.problems.append(Problem(Path(path), 0, "labels", message, "all rows taken as people"))
            return None

    def _parse(self, number: int, line: str) -> tuple[float, ...] | None:
        """The row, with swapped corners set right; None where it cannot be a box."""
        try:
            return parse_row(line, "row")
        except ValueError as error:
            message = str(error).removeprefix("row: ")
        values = _numbers(line)
        if len(values) > 1 and values[1].is_integer() and abs(values[1]) <= MAXIMUM:
            self.ids.add(int(values[1]))  # the order of the ids ties words to tracks, so no id may get lost
        if len(values) < 6:
            self.report(number, "malformed-row", message, "row skipped")
        elif not all(math.isfinite(value) for value in values):
            self.report(number, "not-finite", message, "row skipped")
        elif values[4] <= 0 or values[5] <= 0:
            swapped = _swap_corners(values)
            self.report(number, "bad-box", message, "corners swapped" if swapped else "row skipped")
            return swapped
        else:
            self.report(number, "malformed-row", message, "row skipped")
        return None

    def _inside(self, number: int, box: tuple[float, ...]) -> tuple[float, ...] | None:
        """The box, cut to the frame where it reaches out too far; None where nothing of it is inside."""
        if self.size is None:
            return box
        width, height = self.size
        x1, y1, x2, y2 = box
        outside = max(-x1, -y1, x2 - width, y2 - height)
        if outside <= self.tolerance_pixels:
            return box
        cut = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
        empty = cut[2] - cut[0] < 1 or cut[3] - cut[1] < 1
        message = f"the box reaches {outside:.4g} pixels out of the {width} x {height} frame"
        self.report(number, "box-outside", message, "row skipped" if empty else "cut to the frame")
        return None if empty else cut


def _numbers(line: str) -> list[float]:
    """The numbers a row starts with, at most seven."""
    values: list[float] = []
    for cell in line.replace(",", " ").split()[:7]:
        try:
            values.append(float(cell))
        except ValueError:
            break
    return values


def _swap_corners(values: list[float]) -> tuple[float, ...] | None:
    """The row with a negative width or height measured from the other corner; None where the box has no area."""
    frame, track_id, x, y, width, height = values[:6]
    if (
        width == 0
        or height == 0
        or frame < 1
        or frame != int(frame)
        or track_id != int(track_id)
        or max(map(abs, values)) > MAXIMUM
    ):
        return None
    score = values[6] if len(values) > 6 else 1.0
    return (frame, track_id, min(x, x + width), min(y, y + height), abs(width), abs(height), score)
