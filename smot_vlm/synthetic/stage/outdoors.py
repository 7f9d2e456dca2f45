"""Backgrounds under the open sky."""

import numpy as np

from smot_vlm.synthetic.stage.canvas import Canvas
from smot_vlm.synthetic.stage.strokes import Colour, shade


def _sky(c: Canvas) -> None:
    c.above(c.choose((120, 160, 204), (150, 178, 206), (164, 170, 180)), c.choose((206, 218, 228), (226, 220, 208)))
    for _ in range(5):
        x, y = c.uniform(0, c.width), c.uniform(-0.55, -0.3)
        for _ in range(4):
            c.ellipse(x + c.uniform(-0.1, 0.1), y + c.uniform(-0.02, 0.02), 0.10, 0.028, (224, 228, 232))


def park(c: Canvas) -> None:
    """Grass, a path, trees, a bench."""
    _sky(c)
    for x in np.arange(0, c.width, 0.11):
        c.ellipse(float(x), -0.03, 0.10, c.uniform(0.08, 0.17), shade((78, 108, 72), c.uniform(0.8, 1.15)))
    c.ground((106, 138, 84), (122, 152, 92))
    c.mottle(0, c.depth, 16, 9)
    middle = c.uniform(0.3, 0.7) * c.width
    c.polygon(
        ((middle - 0.04, 0), (middle + 0.04, 0), (middle + 0.45, c.depth), (middle - 0.35, c.depth)), (184, 172, 148)
    )
    for _ in range(int(c.rng.integers(2, 5))):
        c.tree(c.uniform(0, c.width), c.uniform(0.35, 0.6))
    c.bench(c.uniform(0.1, c.width - 0.5), 0.03, 0.34)
    for _ in range(26):
        c.ellipse(
            c.uniform(0, c.width), c.uniform(0.04, c.depth), 0.006, 0.005, c.choose((222, 214, 170), (206, 170, 190))
        )


def street(c: Canvas) -> None:
    """House fronts with shops, parked cars, lamps, pavement."""
    _sky(c)
    x = -0.1
    while x < c.width:
        wide, tall = c.uniform(0.35, 0.6), c.uniform(0.42, 0.62)
        wall = c.muted(120, 190)
        c.box(x, -tall, wide, tall, wall)
        for row in np.arange(-tall + 0.05, -0.28, 0.13):
            for column in np.arange(x + 0.05, x + wide - 0.07, 0.12):
                c.box(float(column), float(row), 0.06, 0.085, shade((96, 108, 120), c.uniform(0.8, 1.4)))
        c.box(x + 0.03, -0.20, wide - 0.06, 0.20, shade(wall, 0.55))
        c.box(x + 0.05, -0.165, wide - 0.16, 0.14, (150, 160, 164))
        c.polygon(((x + 0.02, -0.2), (x + wide - 0.02, -0.2), (x + wide, -0.15), (x, -0.15)), c.muted(110, 170))
        x += wide
    c.ground((150, 148, 144), (168, 166, 160))
    c.tiles(0.3, 7, (140, 138, 134))
    c.box(0, 0, c.width, 0.022, (120, 120, 122))
    for _ in range(2):
        _car(c, c.uniform(0, c.width - 0.4), -0.005)
    for _ in range(2):
        post = c.uniform(0.05, c.width)
        c.line(post, 0.03, post, -0.5, 0.014, (70, 74, 76))
        c.ellipse(post, -0.5, 0.03, 0.02, (226, 222, 196))
    c.mottle(0, c.depth, 20, 5)


def _car(c: Canvas, x: float, y: float) -> None:
    paint = c.muted(80, 170)
    c.polygon(
        ((x + 0.07, y - 0.09), (x + 0.13, y - 0.15), (x + 0.28, y - 0.15), (x + 0.35, y - 0.09)), shade(paint, 0.8)
    )
    c.polygon(((x + 0.14, y - 0.14), (x + 0.27, y - 0.14), (x + 0.32, y - 0.09), (x + 0.10, y - 0.09)), (160, 176, 184))
    c.box(x, y - 0.095, 0.42, 0.075, paint)
    for wheel in (0.09, 0.33):
        c.ellipse(x + wheel, y - 0.02, 0.035, 0.035, (44, 44, 46))
        c.ellipse(x + wheel, y - 0.02, 0.015, 0.015, (150, 150, 150))


def court(c: Canvas) -> None:
    """A fence, painted lines, a basketball hoop."""
    _sky(c)
    c.box(0, -0.22, c.width, 0.22, (116, 130, 118))
    for x in np.arange(0, c.width, 0.035):
        c.line(float(x), -0.3, float(x) + 0.08, 0, 0.003, (168, 172, 170))
        c.line(float(x) + 0.08, -0.3, float(x), 0, 0.003, (168, 172, 170))
    for x in np.arange(0.05, c.width, 0.5):
        c.line(float(x), -0.32, float(x), 0, 0.012, (90, 96, 96))
    floor = c.choose((96, 128, 120), (166, 118, 92), (104, 122, 152))
    c.ground(shade(floor, 0.92), floor)
    chalk: Colour = (216, 216, 206)
    middle = c.width * c.uniform(0.35, 0.65)
    c.line(0, 0.09, c.width, 0.09, 0.010, chalk)
    c.polygon(
        ((middle - 0.26, 0.09), (middle + 0.26, 0.09), (middle + 0.36, 0.24), (middle - 0.36, 0.24)), shade(floor, 1.16)
    )
    c.line(middle - 0.36, 0.24, middle + 0.36, 0.24, 0.010, chalk)
    c.line(0.1, 0.09, -0.25, c.depth, 0.010, chalk)
    c.line(c.width - 0.1, 0.09, c.width + 0.25, c.depth, 0.010, chalk)
    c.line(middle, 0.06, middle, -0.42, 0.022, (84, 88, 94))
    c.box(middle - 0.13, -0.56, 0.26, 0.17, (226, 226, 222))
    c.box(middle - 0.05, -0.48, 0.10, 0.07, (178, 98, 84))
    c.box(middle - 0.04, -0.475, 0.08, 0.06, (226, 226, 222))
    c.ellipse(middle, -0.385, 0.055, 0.014, (196, 104, 66))
    c.bench(c.uniform(0.05, 0.3), 0.02, 0.3)
    c.mottle(0, c.depth, 22, 5)


def beach(c: Canvas) -> None:
    """Sea with boats, sand, parasols and towels, a palm."""
    _sky(c)
    for _ in range(2):
        x, wide = c.uniform(0, c.width), c.uniform(0.2, 0.4)
        c.polygon(
            ((x - wide, -0.13), (x - 0.3 * wide, -0.20), (x + 0.2 * wide, -0.17), (x + wide, -0.13)), (122, 140, 132)
        )
    c.box(0, -0.14, c.width, 0.14, (92, 142, 164))
    c.box(0, -0.06, c.width, 0.06, (116, 168, 180))
    for _ in range(30):
        x, y = c.uniform(0, c.width), c.uniform(-0.13, -0.01)
        c.line(x, y, x + c.uniform(0.03, 0.12), y, 0.004, (196, 214, 216))
    for _ in range(3):
        x, y = c.uniform(0.1, c.width), c.uniform(-0.12, -0.08)
        c.polygon(((x, y - 0.10), (x, y - 0.01), (x + 0.055, y - 0.01)), (232, 230, 222))
        c.polygon(((x - 0.03, y), (x + 0.06, y), (x + 0.04, y + 0.018), (x - 0.02, y + 0.018)), c.muted(70, 150))
    c.ground((204, 188, 150), (220, 204, 166))
    c.mottle(0, c.depth, 26, 8)
    c.mottle(0, c.depth, 90, 9)
    c.box(0, -0.004, c.width, 0.012, (226, 228, 220))
    for _ in range(int(c.rng.integers(1, 4))):
        x = c.uniform(0.1, c.width - 0.1)
        shadeish = c.choose((178, 104, 96), (110, 130, 160), (190, 176, 120))
        c.line(x, 0.07, x, -0.24, 0.010, (150, 130, 104))
        c.polygon(((x - 0.16, -0.18), (x, -0.29), (x + 0.16, -0.18)), shadeish)
        c.polygon(((x - 0.05, -0.18), (x, -0.29), (x + 0.05, -0.18)), (226, 220, 206))
        c.polygon(((x - 0.2, 0.09), (x + 0.05, 0.09), (x + 0.02, 0.12), (x - 0.26, 0.12)), c.muted(130, 200))
    palm = c.uniform(0.05, c.width)
    c.line(palm, 0.05, palm + 0.05, -0.45, 0.024, (128, 104, 76))
    for angle in np.linspace(-1.9, 1.9, 8):
        c.line(
            palm + 0.05,
            -0.45,
            palm + 0.05 + 0.2 * float(np.sin(angle)),
            -0.45 - 0.1 * float(np.cos(angle)),
            0.02,
            (86, 118, 76),
        )
    for _ in range(40):
        c.ellipse(c.uniform(0, c.width), c.uniform(0.03, c.depth), 0.010, 0.005, (172, 152, 116))
    x, y = c.uniform(0.1, c.width - 0.1), c.uniform(0.04, 0.10)
    c.ellipse(x, y, 0.035, 0.035, (226, 222, 210))
    c.polygon(((x, y - 0.034), (x + 0.03, y), (x, y + 0.034), (x + 0.008, y)), (186, 110, 96))


def playground(c: Canvas) -> None:
    """A fence and houses, a sand pit, a slide and swings."""
    _sky(c)
    for x in np.arange(0, c.width, 0.5):
        house = c.muted(140, 190)
        c.box(float(x), -0.22, 0.34, 0.22, house)
        c.polygon(((float(x) - 0.03, -0.22), (float(x) + 0.17, -0.34), (float(x) + 0.37, -0.22)), (142, 100, 88))
        c.window(float(x) + 0.1, -0.17, 0.08, 0.08)
    for x in np.arange(0, c.width, 0.045):
        c.box(float(x), -0.10, 0.012, 0.11, (198, 192, 180))
    c.box(0, -0.075, c.width, 0.012, (198, 192, 180))
    c.ground((126, 146, 98), (140, 158, 108))
    c.mottle(0, c.depth, 16, 8)
    c.ellipse(c.width * 0.5, 0.16, 0.75, 0.10, (202, 184, 146))
    slide = c.uniform(0.1, c.width * 0.4)
    steel: Colour = (120, 132, 150)
    c.line(slide, 0.06, slide, -0.36, 0.016, steel)
    c.line(slide + 0.09, 0.06, slide + 0.09, -0.36, 0.016, steel)
    for y in np.arange(-0.3, 0.05, 0.06):
        c.line(slide, float(y), slide + 0.09, float(y), 0.010, steel)
    c.polygon(
        ((slide + 0.07, -0.34), (slide + 0.12, -0.34), (slide + 0.48, 0.05), (slide + 0.43, 0.07)),
        c.choose((190, 150, 84), (172, 112, 104)),
    )
    swing = c.uniform(c.width * 0.55, c.width - 0.4)
    for x0, x1 in ((0.0, 0.08), (0.42, 0.34)):
        c.line(swing + x0, 0.06, swing + x1, -0.4, 0.014, (150, 108, 90))
    c.line(swing + 0.08, -0.4, swing + 0.34, -0.4, 0.014, (150, 108, 90))
    for x in (0.14, 0.24):
        c.line(swing + x, -0.4, swing + x - 0.01, -0.07, 0.004, (80, 80, 80))
        c.line(swing + x + 0.06, -0.4, swing + x + 0.05, -0.07, 0.004, (80, 80, 80))
        c.box(swing + x - 0.015, -0.075, 0.07, 0.014, (90, 84, 80))
    c.tree(c.uniform(0, c.width), 0.5)
