"""Tools to paint a background: shapes in frame heights, textures, and clutter that several places share."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.stage.strokes import ONE, SHIFT_BITS, Colour, shade


@dataclass(frozen=True)
class Canvas:
    """A background being drawn.

    Lengths are frame heights; x counts from the left edge, y from the line where wall or sky meets the ground,
    downwards. Colours are RGB.

    Attributes:
        image: uint8 (rows, columns, 3), drawn into.
        unit: pixels of one frame height.
        floor: row of the line where the ground begins.
        rng: the random stream.
    """

    image: np.ndarray
    unit: float
    floor: int
    rng: np.random.Generator

    @property
    def width(self) -> float:
        """Of the background, in frame heights."""
        return float(self.image.shape[1] / self.unit)

    @property
    def depth(self) -> float:
        """From the floor line down to the lower edge."""
        return float((self.image.shape[0] - self.floor) / self.unit)

    def uniform(self, low: float, high: float) -> float:
        """A random number.

        Args:
            low: at least.
            high: below.

        Returns:
            The number.
        """
        return float(self.rng.uniform(low, high))

    def box(self, x: float, y: float, wide: float, tall: float, colour: Colour) -> None:
        """Filled rectangle.

        Args:
            x: of its left upper corner.
            y: of its left upper corner.
            wide: its width.
            tall: its height.
            colour: of the filling.
        """
        cv2.rectangle(self.image, self._whole(x, y), self._whole(x + wide, y + tall), colour, -1)

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Filled polygon.

        Args:
            points: its corners.
            colour: of the filling.
        """
        fixed = np.array([self._fixed(x, y) for x, y in points], dtype=np.int32)
        cv2.fillPoly(self.image, [fixed], colour, cv2.LINE_AA, SHIFT_BITS)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Filled ellipse.

        Args:
            x: of its centre.
            y: of its centre.
            rx: half axis across.
            ry: half axis down.
            colour: of the filling.
        """
        axes = (round(rx * self.unit * ONE), round(ry * self.unit * ONE))
        cv2.ellipse(self.image, self._fixed(x, y), axes, 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT_BITS)

    def line(self, x0: float, y0: float, x1: float, y1: float, wide: float, colour: Colour) -> None:
        """Straight line with round ends.

        Args:
            x0: of its start.
            y0: of its start.
            x1: of its end.
            y1: of its end.
            wide: its thickness.
            colour: of the line.
        """
        thickness = max(1, round(wide * self.unit))
        cv2.line(self.image, self._fixed(x0, y0), self._fixed(x1, y1), colour, thickness, cv2.LINE_AA, SHIFT_BITS)

    def text(self, x: float, y: float, tall: float, colour: Colour, words: str) -> None:
        """Letters.

        Args:
            x: of their left lower corner.
            y: of their left lower corner.
            tall: their height.
            colour: of the letters.
            words: what they say.
        """
        size = tall * self.unit / 22  # the font's capitals are 22 pixels high at size 1
        thick = max(1, round(size * 1.6))
        cv2.putText(self.image, words, self._whole(x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)

    def above(self, top: Colour, bottom: Colour) -> None:
        """Fill everything above the floor line.

        Args:
            top: colour at the upper edge.
            bottom: colour at the floor line.
        """
        self._fade(0, self.floor, top, bottom)

    def ground(self, far: Colour, near: Colour) -> None:
        """Fill everything below the floor line.

        Args:
            far: colour at the floor line.
            near: colour at the lower edge.
        """
        self._fade(self.floor, self.image.shape[0], far, near)

    def mottle(self, top: float, bottom: float, cells: float, strength: float) -> None:
        """Uneven light and dark patches.

        Args:
            top: where they begin.
            bottom: where they end.
            cells: patches a frame height.
            strength: standard deviation in grey levels.
        """
        first, last = (min(max(round(self.floor + y * self.unit), 0), self.image.shape[0]) for y in (top, bottom))
        if last - first < 2:
            return
        rows, columns = max(2, round((bottom - top) * cells)), max(2, round(self.width * cells))
        patches = self.rng.normal(0, strength, (rows, columns)).astype(np.float32)
        spread = cv2.resize(patches, (self.image.shape[1], last - first), interpolation=cv2.INTER_CUBIC)
        cv2.add(self.image[first:last], cv2.merge([spread] * 3), self.image[first:last], dtype=cv2.CV_8U)

    def tiles(self, columns: float, rows: int, colour: Colour, wide: float = 0.004) -> None:
        """Floor lines in perspective.

        Args:
            columns: distance of the lines that run away.
            rows: number of lines across.
            colour: of the lines.
            wide: their thickness.
        """
        middle = self.width / 2
        for row in range(1, rows + 1):
            y = self.depth * (row / rows) ** 1.6
            self.line(0, y, self.width, y, wide, colour)
        for column in np.arange(-3.0, 3.01, columns):
            self.line(middle + column * 0.55, 0, middle + column * 1.5, self.depth, wide, colour)

    def tree(self, x: float, tall: float) -> None:
        """A tree whose trunk is on the floor line.

        Args:
            x: of the trunk.
            tall: its height.
        """
        bark: Colour = (92, 74, 56)
        self.line(x, 0.02, x, -0.5 * tall, 0.05 * tall + 0.012, bark)
        leaf = (int(self.rng.integers(60, 100)), int(self.rng.integers(96, 128)), int(self.rng.integers(52, 76)))
        for _ in range(9):
            dx, dy = self.uniform(-0.24, 0.24) * tall, -tall * self.uniform(0.42, 0.95)
            self.ellipse(x + dx, dy, 0.17 * tall, 0.14 * tall, shade(leaf, self.uniform(0.75, 1.15)))

    def bench(self, x: float, y: float, wide: float) -> None:
        """A park bench.

        Args:
            x: of its left end.
            y: of the seat.
            wide: its width.
        """
        wood: Colour = (134, 108, 80)
        for level in (0.0, -0.05, -0.09):
            self.box(x, y + level, wide, 0.022, wood)
        for leg in (0.06, 0.88):
            self.box(x + leg * wide, y, 0.014, 0.075, (70, 66, 62))

    def window(self, x: float, y: float, wide: float, tall: float, glass: Colour = (168, 190, 206)) -> None:
        """A window with a cross of bars.

        Args:
            x: of its left upper corner.
            y: of its left upper corner.
            wide: its width.
            tall: its height.
            glass: colour of the panes.
        """
        self.box(x - 0.01, y - 0.01, wide + 0.02, tall + 0.02, (222, 220, 214))
        self.box(x, y, wide, tall, glass)
        self.line(x + wide / 2, y, x + wide / 2, y + tall, 0.008, (222, 220, 214))
        self.line(x, y + tall / 2, x + wide, y + tall / 2, 0.008, (222, 220, 214))

    def picture(self, x: float, y: float, wide: float, tall: float) -> None:
        """A framed picture or poster.

        Args:
            x: of its left upper corner.
            y: of its left upper corner.
            wide: its width.
            tall: its height.
        """
        self.box(x, y, wide, tall, (96, 78, 60))
        self.box(x + 0.012, y + 0.012, wide - 0.024, tall - 0.024, self.muted())
        self.ellipse(x + wide * self.uniform(0.3, 0.7), y + tall * 0.55, wide * 0.2, tall * 0.2, self.muted())

    def plant(self, x: float, tall: float) -> None:
        """A plant in a pot on the floor line.

        Args:
            x: of its middle.
            tall: its height.
        """
        for _ in range(7):
            angle = self.uniform(-0.9, 0.9)
            self.line(x, -0.02, x + tall * np.sin(angle), 0.02 - tall * np.cos(angle), 0.022, (74, 112, 70))
        self.polygon(((x - 0.05, -0.05), (x + 0.05, -0.05), (x + 0.035, 0.05), (x - 0.035, 0.05)), (150, 104, 82))

    def muted(self, low: int = 90, high: int = 200) -> Colour:
        """A colour of low saturation.

        Args:
            low: least brightness, 0 to 255.
            high: greatest brightness.

        Returns:
            The colour.
        """
        base = int(self.rng.integers(low, high))
        red, green, blue = (int(np.clip(base + self.rng.integers(-32, 33), 0, 255)) for _ in range(3))
        return red, green, blue

    def choose(self, *options: Colour) -> Colour:
        """One of some colours.

        Args:
            options: the colours.

        Returns:
            The chosen one.
        """
        return pick(self.rng, options)

    def _fade(self, first: int, last: int, start: Colour, end: Colour) -> None:
        share = np.linspace(0, 1, max(last - first, 1))[:, None]
        rows = np.array(start) * (1 - share) + np.array(end) * share
        self.image[first:last] = rows[:, None].astype(np.uint8)

    def _whole(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.unit), round(self.floor + y * self.unit)

    def _fixed(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.unit * ONE), round((self.floor + y * self.unit) * ONE)
