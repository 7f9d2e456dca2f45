"""Drawing in floating-point pixels: strokes, the parts they make up, and the box around them.

Coordinates count from the outer edge of the first pixel, as boxes do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians, sin, sqrt
from typing import NamedTuple

import cv2
import numpy as np

SHIFT_BITS = 4
ONE = 1 << SHIFT_BITS
HALF_PIXEL = 0.5 * ONE - 0.5  # less one half for rounding
Pixel = tuple[float, float]
Colour = tuple[int, int, int]  # RGB


class Line(NamedTuple):
    """A thick line with round ends.

    Attributes:
        a: its start.
        b: its end.
        radius: half its thickness, pixels.
        colour: RGB.
    """

    a: Pixel
    b: Pixel
    radius: float
    colour: Colour


class Polygon(NamedTuple):
    """A filled convex polygon.

    Attributes:
        points: its corners.
        radius: pixels by which its edge is widened.
        colour: RGB.
    """

    points: Sequence[Pixel]
    radius: float
    colour: Colour


class Ellipse(NamedTuple):
    """A filled ellipse.

    Attributes:
        centre: pixels.
        axes: half axes, pixels.
        angle: degrees, clockwise on the screen.
        colour: RGB.
    """

    centre: Pixel
    axes: Pixel
    angle: float
    colour: Colour


Stroke = Line | Polygon | Ellipse


@dataclass(frozen=True)
class Part:
    """Strokes drawn together.

    Attributes:
        depth: metres from the camera; further parts are drawn first.
        strokes: in the order in which they are drawn.
        owner: index of the person it belongs to.
        body: counts for the person's box (things in hands do not).
        outline: pixels of darker edge.
    """

    depth: float
    strokes: tuple[Stroke, ...]
    owner: int
    body: bool = True
    outline: float = 0.0


def draw(image: np.ndarray, parts: Iterable[Part]) -> None:
    """Draw parts in the order given.

    Args:
        image: RGB uint8, drawn into.
        parts: the parts.
    """
    for part in parts:
        if part.outline > 0:
            for stroke in part.strokes:
                _draw_stroke(image, stroke, part.outline, shade(stroke.colour, 0.55))
        for stroke in part.strokes:
            _draw_stroke(image, stroke, 0.0, stroke.colour)


def fill(mask: np.ndarray, parts: Iterable[Part], value: int) -> None:
    """Draw the parts' outlines into a mask.

    Args:
        mask: one channel, drawn into.
        parts: the parts.
        value: of the mask there.
    """
    for part in parts:
        for stroke in part.strokes:
            _draw_stroke(mask, stroke, part.outline, (value, value, value))


def extent(parts: Iterable[Part]) -> tuple[float, float, float, float]:
    """Box around all strokes with their outlines.

    Args:
        parts: the parts.

    Returns:
        xyxy pixels.

    Raises:
        ValueError: no stroke at all.
    """
    corners = [corner for part in parts for stroke in part.strokes for corner in _corners(stroke, part.outline)]
    return (
        min(corner[0] for corner in corners),
        min(corner[1] for corner in corners),
        max(corner[2] for corner in corners),
        max(corner[3] for corner in corners),
    )


def shade(colour: Colour, factor: float) -> Colour:
    """A darker or lighter colour.

    Args:
        colour: RGB.
        factor: below 1 is darker.

    Returns:
        RGB.
    """
    red, green, blue = colour
    return min(255, int(red * factor)), min(255, int(green * factor)), min(255, int(blue * factor))


def _corners(stroke: Stroke, grow: float) -> list[tuple[float, float, float, float]]:
    """Boxes that together hold the stroke."""
    if isinstance(stroke, Ellipse):
        turn = radians(stroke.angle)
        (rx, ry), c, s = stroke.axes, cos(turn), sin(turn)
        half_x, half_y = sqrt((rx * c) ** 2 + (ry * s) ** 2) + grow, sqrt((rx * s) ** 2 + (ry * c) ** 2) + grow
        x, y = stroke.centre
        return [(x - half_x, y - half_y, x + half_x, y + half_y)]
    points = (stroke.a, stroke.b) if isinstance(stroke, Line) else stroke.points
    r = stroke.radius + grow
    return [(x - r, y - r, x + r, y + r) for x, y in points]


def _draw_stroke(image: np.ndarray, stroke: Stroke, grow: float, colour: Colour) -> None:
    if isinstance(stroke, Line):
        width = max(1, round(2 * (stroke.radius + grow)))
        cv2.line(image, _fixed(stroke.a), _fixed(stroke.b), colour, width, cv2.LINE_AA, SHIFT_BITS)
    elif isinstance(stroke, Polygon):
        points = np.array([_fixed(point) for point in stroke.points], dtype=np.int32)
        cv2.fillConvexPoly(image, points, colour, cv2.LINE_AA, SHIFT_BITS)
        width = round(2 * (stroke.radius + grow))
        if width > 0:
            cv2.polylines(image, [points], True, colour, width, cv2.LINE_AA, SHIFT_BITS)
    else:
        axes = (round((stroke.axes[0] + grow) * ONE), round((stroke.axes[1] + grow) * ONE))
        if min(axes) > 0:
            cv2.ellipse(image, _fixed(stroke.centre), axes, stroke.angle, 0, 360, colour, -1, cv2.LINE_AA, SHIFT_BITS)


def _fixed(point: Pixel) -> tuple[int, int]:
    """Fixed-point coordinates for OpenCV, which counts from the middle of the first pixel; ours count from its edge."""
    return int(point[0] * ONE - HALF_PIXEL), int(point[1] * ONE - HALF_PIXEL)
