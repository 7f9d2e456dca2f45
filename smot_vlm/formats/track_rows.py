"""What a reader of tracks made elsewhere gathers, whatever form its file has."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from smot_vlm.formats import labels
from smot_vlm.formats.box_rows import Box, BoxRow, RowSource
from smot_vlm.formats.checked import Range
from smot_vlm.formats.documents import shown
from smot_vlm.formats.losses import Loss
from smot_vlm.formats.mot import MAXIMUM

# Fields of such files.
Frame = Annotated[int, Range(0, 2**53 - 1)]
PIXELS = Range(-MAXIMUM, MAXIMUM)
Pixel = Annotated[float, PIXELS]


@dataclass
class TrackRows:
    """Rows as they are read.

    Attributes:
        source: of the rows.
        by_position: frames count the pictures from 0; else they are numbers that the names of images may bear.
        rows: so far.
        size: width and height of the pictures that the boxes were measured in; None for the video's own.
        empty: how many boxes without an area were left out.
        guesses: what is to be said besides.
    """

    source: RowSource
    by_position: bool = True
    rows: list[BoxRow] = field(default_factory=list)
    size: tuple[int, int] | None = None
    empty: int = 0
    guesses: list[Loss] = field(default_factory=list)
    _measured: bool = False

    def add(
        self,
        place: str,
        frame: int,
        track_id: int,
        box: Iterable[float],
        score: float | None,
        row_class: labels.RowClass,
    ) -> None:
        """Take a row; a box without an area is counted and left out.

        Args:
            place: of the row, for messages.
            frame: 0-based.
            track_id: of the track.
            box: xyxy.
            score: None for none.
            row_class: of what is in the box.

        Raises:
            ValueError: the box ends before it begins.
        """
        x1, y1, x2, y2 = map(float, box)
        if x2 < x1 or y2 < y1:
            raise ValueError(
                f"{self.source.at(place)}: a box from {x1:g},{y1:g} to {x2:g},{y2:g} ends before it begins; "
                "width and height must be above 0"
            )
        if x2 == x1 or y2 == y1:
            self.empty += 1
            return
        checked: Box = (x1, y1, x2, y2)
        self.rows.append(BoxRow(place, frame, track_id, checked, 1.0 if score is None else score, row_class))

    def measured_in(self, place: str, size: tuple[int, int] | None) -> None:
        """Note what a box is measured in.

        Args:
            place: of the row, for messages.
            size: width and height of its mask; None for a box in pixels of the video.

        Raises:
            ValueError: other rows are measured in another size.
        """
        if self._measured and size != self.size:
            raise ValueError(
                f"{self.source.at(place)}: {_told(size)} among {_told(self.size)}; give masks of one size, or boxes alone"
            )
        self.size, self._measured = size, True

    @property
    def losses(self) -> list[Loss]:
        """What was left out or guessed so far."""
        if not self.empty:
            return list(self.guesses)
        told = f"{self.source.path}: {self.empty} boxes have a width or height of 0; left out"
        return [*self.guesses, Loss("empty-box", told, self.empty)]


def read_box(content: Any, place: str, told: str) -> Box:
    """Check the four numbers of a box.

    Args:
        content: of a document.
        place: of the box, for messages.
        told: what the numbers mean, such as [x1, y1, x2, y2].

    Returns:
        The numbers.

    Raises:
        ValueError: not a list of four numbers that are pixels.
    """
    if not isinstance(content, list) or len(content) != 4 or not all(map(_is_pixel, content)):
        raise ValueError(f"{place} is {shown(content)}; it takes {told} in pixels")
    first, second, third, fourth = map(float, content)
    return first, second, third, fourth


def _is_pixel(number: Any) -> bool:
    return type(number) in (int, float) and number in PIXELS


def _told(size: tuple[int, int] | None) -> str:
    return "a box in pixels of the video" if size is None else f"a mask of {size[0]} x {size[1]} pixels"
