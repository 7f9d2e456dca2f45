"""One person's metres on the screen, and strokes made into that person's parts."""

from dataclasses import dataclass

from smot_vlm.synthetic.body.skeleton import PlacedBody
from smot_vlm.synthetic.body.vectors import Vector
from smot_vlm.synthetic.stage.camera import TILT
from smot_vlm.synthetic.stage.strokes import Part, Pixel, Stroke

OUTLINE = 0.011  # metres


@dataclass(frozen=True)
class Lens:
    """Where one person's metres fall on the screen.

    Attributes:
        x: pixels of the origin, from the left.
        y: pixels of the origin, from above.
        scale: pixels a metre.
    """

    x: float
    y: float
    scale: float

    def __call__(self, point: Vector) -> Pixel:
        """A point in pixels.

        Args:
            point: metres, relative to the person's origin.

        Returns:
            From the left, from above.
        """
        return self.x + point[0] * self.scale, self.y - (point[1] + TILT * point[2]) * self.scale


def body_part(placed: PlacedBody, lens: Lens, depth: float, strokes: list[Stroke]) -> Part:
    """Strokes as a part of the person's body.

    Args:
        placed: the person.
        lens: from metres to pixels.
        depth: metres behind the body's origin.
        strokes: drawn together.

    Returns:
        The part.
    """
    return Part(placed.z + depth, tuple(strokes), placed.index, True, OUTLINE * lens.scale)


def rectangle(x: float, y: float, half_width: float, half_height: float) -> tuple[Pixel, ...]:
    """Corners of an upright rectangle.

    Args:
        x: of its centre, pixels.
        y: of its centre, pixels.
        half_width: pixels.
        half_height: pixels.

    Returns:
        Clockwise from the upper left one.
    """
    left, right, top, bottom = x - half_width, x + half_width, y - half_height, y + half_height
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def convex_hull(points: list[Pixel]) -> list[Pixel]:
    """Convex hull (monotone chain).

    Args:
        points: any number.

    Returns:
        Counter-clockwise.
    """
    ordered = sorted(points)

    def chain(sequence: list[Pixel]) -> list[Pixel]:
        kept: list[Pixel] = []
        for point in sequence:
            while len(kept) >= 2 and _turns_right(kept[-2], kept[-1], point):
                kept.pop()
            kept.append(point)
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turns_right(a: Pixel, b: Pixel, c: Pixel) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0
