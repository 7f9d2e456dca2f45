"""Placement of the picture and the panel of captions in an annotated frame. All sizes in pixels."""

from dataclasses import dataclass
from math import ceil

MIN_HEIGHT = 240
MAX_SIDE = 1920
MIN_TEXT, MAX_TEXT = 13, 32
WIDE = 2.1


@dataclass(frozen=True)
class Area:
    """A rectangle of the canvas.

    Attributes:
        left: first column.
        top: first row.
        width: number of columns.
        height: number of rows.
    """

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the area in an image."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Layout:
    """Where everything is in an annotated frame.

    Attributes:
        width: of the canvas, even as H.264 requires.
        height: of the canvas, even as well.
        picture: area of the frame.
        panel: area of the captions; the two do not overlap.
        text_size: of the captions.
    """

    width: int
    height: int
    picture: Area
    panel: Area
    text_size: int


def plan_layout(width: int, height: int) -> Layout:
    """Lay out frames of one size.

    A frame under 240 high is enlarged by a whole number, one with a side above 1920 is made smaller: so the text is always
    legible and every player can decode the result. The panel is on the right, or below a picture more than 2.1 times as
    wide as high.

    Args:
        width: of the frames.
        height: of the frames.

    Returns:
        The layout.
    """
    shown_width, shown_height = fit_picture(width, height)
    text_size = max(MIN_TEXT, min(MAX_TEXT, round(min(shown_width, shown_height) / 35)))
    picture = Area(0, 0, shown_width, shown_height)
    if shown_width > WIDE * shown_height:
        canvas_width = _even(shown_width)
        panel = Area(0, shown_height, canvas_width, 16 * text_size + shown_height % 2)
        return Layout(canvas_width, _even(shown_height + panel.height), picture, panel, text_size)
    canvas_width = _even(shown_width + 25 * text_size)
    canvas_height = _even(shown_height)
    panel = Area(shown_width, 0, canvas_width - shown_width, canvas_height)
    return Layout(canvas_width, canvas_height, picture, panel, text_size)


def fit_picture(width: int, height: int) -> tuple[int, int]:
    """The size at which a frame is shown.

    Args:
        width: of the frame.
        height: of the frame.

    Returns:
        (width, height).
    """
    if max(width, height) > MAX_SIDE:
        scale = MAX_SIDE / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))
    factor = max(1, min(ceil(MIN_HEIGHT / height), MAX_SIDE // max(width, height)))
    return width * factor, height * factor


def _even(value: int) -> int:
    return value + value % 2
