"""Backgrounds inside buildings."""

import numpy as np

from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.stage.canvas import Canvas
from smot_vlm.synthetic.stage.strokes import Colour, shade


def _room(c: Canvas, wall: Colour, floor: Colour) -> None:
    c.above(shade(wall, 1.05), shade(wall, 0.93))
    c.mottle(-1.0, 0, 5, 4)
    c.ground(shade(floor, 0.88), shade(floor, 1.08))
    c.box(0, -0.028, c.width, 0.028, shade(wall, 0.72))


def stage(c: Canvas) -> None:
    """A curtain, spotlights, loudspeakers, boards."""
    curtain = c.choose((96, 40, 44), (48, 52, 84), (62, 44, 72))
    c.above(shade(curtain, 0.55), shade(curtain, 0.85))
    for x in np.arange(0, c.width, 0.055):
        c.box(float(x), -1.0, 0.022, 1.0, shade(curtain, c.uniform(0.95, 1.25)))
    c.ground((104, 78, 56), (140, 106, 76))
    for y in np.linspace(0.02, c.depth, 9):
        c.line(0, float(y), c.width, float(y), 0.004, (92, 68, 48))
    beams = np.zeros_like(c.image)
    overlay = Canvas(beams, c.unit, c.floor, c.rng)
    for x in np.linspace(0.2, c.width - 0.2, 3):
        x = float(x) + c.uniform(-0.12, 0.12)
        overlay.polygon(
            ((x - 0.02, -0.75), (x + 0.02, -0.75), (x + 0.34, 0.2), (x - 0.34, 0.2)),
            c.choose((44, 42, 34), (34, 36, 46)),
        )
        overlay.ellipse(x, 0.2, 0.36, 0.08, (52, 48, 40))
    c.image[:] = np.minimum(c.image.astype(np.int16) + beams, 255).astype(np.uint8)
    for x in (c.uniform(0.05, 0.2), c.width - c.uniform(0.25, 0.35)):
        c.box(x, -0.34, 0.16, 0.38, (40, 40, 44))
        for y in (-0.26, -0.09):
            c.ellipse(x + 0.08, y, 0.055, 0.055, (70, 70, 76))
            c.ellipse(x + 0.08, y, 0.022, 0.022, (30, 30, 32))
    for x in np.arange(0.1, c.width, 0.24):
        c.box(float(x), -0.74, 0.07, 0.05, (30, 30, 34))
    c.mottle(0, c.depth, 18, 4)


def living_room(c: Canvas) -> None:
    """A sofa, shelves, pictures, a lamp, a rug."""
    _room(c, c.choose((206, 196, 180), (182, 194, 196), (198, 186, 192)), (154, 122, 92))
    for y in np.linspace(0.03, c.depth, 8):
        c.line(0, float(y), c.width, float(y), 0.003, (130, 102, 78))
    c.window(c.uniform(0.1, 0.5), -0.58, 0.3, 0.34)
    for _ in range(3):
        c.picture(c.uniform(0.5, c.width - 0.2), c.uniform(-0.6, -0.42), c.uniform(0.12, 0.2), c.uniform(0.1, 0.16))
    sofa, x = c.muted(90, 150), c.uniform(0.1, c.width - 0.8)
    c.box(x, -0.20, 0.66, 0.18, shade(sofa, 0.85))
    c.box(x + 0.04, -0.07, 0.58, 0.09, sofa)
    for arm in (x - 0.03, x + 0.60):
        c.box(arm, -0.13, 0.09, 0.17, shade(sofa, 0.75))
    c.box(x + 0.1, -0.14, 0.11, 0.09, c.muted())
    c.box(x + 0.42, -0.14, 0.11, 0.09, c.muted())
    shelf = c.uniform(0.0, c.width - 0.3)
    c.box(shelf, -0.5, 0.26, 0.5, (118, 90, 66))
    for y in (-0.46, -0.30, -0.14):
        c.box(shelf + 0.015, y, 0.23, 0.12, (86, 64, 48))
        for book in np.arange(shelf + 0.02, shelf + 0.21, 0.03):
            c.box(float(book), y + c.uniform(0.01, 0.04), 0.022, 0.078, c.muted())
    lamp = c.uniform(0.2, c.width - 0.1)
    c.line(lamp, 0.02, lamp, -0.38, 0.010, (90, 82, 74))
    c.polygon(((lamp - 0.05, -0.46), (lamp + 0.05, -0.46), (lamp + 0.09, -0.36), (lamp - 0.09, -0.36)), (236, 222, 184))
    c.plant(c.uniform(0.1, c.width), 0.22)
    c.ellipse(c.width / 2, c.depth * 0.5, 0.62, 0.10, c.muted(120, 180))
    c.ellipse(c.width / 2, c.depth * 0.5, 0.52, 0.075, c.muted(120, 180))


def classroom(c: Canvas) -> None:
    """A blackboard, desks, posters, a clock."""
    _room(c, c.choose((208, 204, 186), (190, 202, 196), (202, 196, 204)), (150, 138, 122))
    c.tiles(0.3, 7, (136, 126, 112), 0.003)
    board = c.uniform(0.25, c.width - 1.1)
    c.box(board - 0.02, -0.56, 0.84, 0.38, (132, 100, 72))
    c.box(board, -0.54, 0.80, 0.34, (52, 78, 68))
    for row in range(4):
        c.line(
            board + 0.06, -0.48 + 0.07 * row, board + c.uniform(0.3, 0.7), -0.48 + 0.07 * row, 0.006, (196, 204, 198)
        )
    for x in (board - 0.22, board + 0.90):
        c.picture(x, -0.52, 0.14, 0.18)
    c.ellipse(board + 0.4, -0.66, 0.05, 0.05, (236, 236, 232))
    c.line(board + 0.4, -0.66, board + 0.4, -0.695, 0.005, (40, 40, 40))
    c.line(board + 0.4, -0.66, board + 0.425, -0.66, 0.005, (40, 40, 40))
    for x in np.arange(c.uniform(0.0, 0.2), c.width, 0.36):
        x = float(x)
        c.box(x, -0.09, 0.24, 0.022, (176, 142, 102))
        for leg in (0.01, 0.21):
            c.box(x + leg, -0.07, 0.012, 0.10, (92, 92, 96))
        c.box(x + 0.07, -0.13, 0.08, 0.038, c.muted())
    c.box(c.width - 0.2, -0.42, 0.2, 0.42, (140, 110, 82))
    c.plant(c.uniform(0, 0.2), 0.16)


def shop(c: Canvas) -> None:
    """Shelves full of goods, a clothes rail, a counter, signs."""
    _room(c, (198, 196, 190), (176, 172, 166))
    c.tiles(0.25, 8, (156, 152, 148))
    x = -0.05
    while x < c.width:
        wide = c.uniform(0.36, 0.5)
        c.box(x, -0.56, wide - 0.03, 0.58, (126, 116, 106))
        for y in (-0.53, -0.38, -0.23, -0.09):
            c.box(x + 0.012, y, wide - 0.054, 0.115, (92, 86, 80))
            item = x + 0.02
            while item < x + wide - 0.09:
                goods = c.uniform(0.024, 0.05)
                tall = c.uniform(0.05, 0.098)
                c.box(item, y + 0.113 - tall, goods - 0.004, tall, c.muted(80, 200))
                item += goods
        x += wide
    for _ in range(2):
        sign = c.uniform(0.1, c.width - 0.3)
        c.box(sign, -0.74, 0.26, 0.11, c.choose((214, 96, 84), (226, 206, 120), (120, 150, 180)))
        c.text(sign + 0.02, -0.66, 0.07, c.choose((244, 240, 228), (50, 44, 44)), pick(c.rng, ("SALE", "-20%", "SHOP")))
    rail = c.uniform(0.1, c.width - 0.5)
    c.line(rail, 0.03, rail, -0.30, 0.010, (96, 98, 104))
    c.line(rail + 0.36, 0.03, rail + 0.36, -0.30, 0.010, (96, 98, 104))
    c.line(rail, -0.30, rail + 0.36, -0.30, 0.010, (96, 98, 104))
    for hanger in np.arange(rail + 0.03, rail + 0.33, 0.042):
        x = float(hanger)
        c.polygon(
            ((x, -0.29), (x + 0.022, -0.25), (x + 0.024, -0.09), (x - 0.024, -0.09), (x - 0.022, -0.25)),
            c.muted(80, 200),
        )
    counter = c.uniform(0.0, c.width - 0.5)
    c.box(counter, -0.15, 0.44, 0.18, (146, 114, 84))
    c.box(counter - 0.012, -0.165, 0.464, 0.022, (190, 168, 140))
    c.box(counter + 0.3, -0.225, 0.09, 0.06, (60, 62, 66))
    c.mottle(0, c.depth, 14, 4)


def gym(c: Canvas) -> None:
    """A mirror, wall bars, dumbbells, mats."""
    _room(c, c.choose((176, 182, 186), (192, 184, 172)), c.choose((112, 116, 122), (148, 126, 100)))
    c.box(c.uniform(0.0, 0.3), -0.60, 0.9, 0.44, (166, 182, 190))
    for x in np.arange(c.width * 0.55, c.width, 0.30):
        for y in np.arange(-0.56, -0.02, 0.06):
            c.line(float(x), float(y), float(x) + 0.22, float(y), 0.012, (176, 140, 98))
        for side in (0.0, 0.22):
            c.line(float(x) + side, -0.6, float(x) + side, 0, 0.016, (146, 112, 76))
    rack = c.uniform(0.05, c.width * 0.4)
    c.box(rack, -0.16, 0.42, 0.014, (70, 72, 76))
    c.box(rack, -0.07, 0.42, 0.014, (70, 72, 76))
    for x in np.arange(rack + 0.02, rack + 0.38, 0.085):
        for y in (-0.175, -0.085):
            c.ellipse(float(x), y, 0.018, 0.018, (54, 54, 58))
            c.ellipse(float(x) + 0.045, y, 0.018, 0.018, (54, 54, 58))
    c.ellipse(c.uniform(0.3, c.width), -0.02, 0.10, 0.10, c.muted(110, 170))
    for _ in range(2):
        x, y = c.uniform(0, c.width - 0.5), c.uniform(0.05, 0.2)
        c.polygon(((x, y), (x + 0.45, y), (x + 0.5, y + 0.07), (x - 0.05, y + 0.07)), c.muted(90, 150))
    c.mottle(0, c.depth, 18, 4)
