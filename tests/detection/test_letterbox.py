"""Letterbox: boxes come back where they were, for every shape of picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.detection.letterbox import PADDING_GREY, Letterbox, canvas_size, letterbox, to_normalized_cxcywh

sides = st.integers(1, 400)


@given(sides, sides, st.sampled_from([(64, 64), (96, 64), (416, 416)]), st.booleans())
def test_boxes_return_to_where_they_were(width, height, canvas, centered):
    _, placement = letterbox(np.zeros((height, width, 3), np.uint8), *canvas, centered=centered)
    boxes = np.array([[0, 0, width, height], [width / 4, height / 3, width / 2, height]], dtype=float)
    assert np.allclose(placement.to_frame(placement.to_canvas(boxes)), boxes, atol=1e-9)
    on_canvas = placement.to_canvas(boxes)
    assert on_canvas.min() >= 0
    assert (on_canvas[:, 2] <= canvas[0] + 1e-9).all()
    assert (on_canvas[:, 3] <= canvas[1] + 1e-9).all()


@pytest.mark.parametrize(("centered", "top"), [(False, 0), (True, 16)])
def test_the_picture_lies_where_the_placement_says(centered, top):
    canvas, placement = letterbox(np.full((32, 64, 3), 255, np.uint8), 64, 64, centered=centered)
    assert placement.offset == (0.0, float(top))
    assert (canvas[top : top + 32] == 255).all()
    assert (np.delete(canvas, slice(top, top + 32), axis=0) == PADDING_GREY).all()


@pytest.mark.parametrize(
    ("width", "height", "long_side", "expected"),
    [
        (640, 480, 640, (640, 480)),
        (640, 480, 320, (320, 256)),
        (1920, 1080, 640, (640, 384)),
        (1, 1, 320, (320, 320)),
        (1000, 1, 320, (320, 32)),
    ],
)
def test_canvases_are_multiples_of_the_stride(width, height, long_side, expected):
    assert canvas_size(width, height, long_side) == expected


def test_normalized_boxes_are_fractions_of_the_frame():
    boxes = np.array([[0.0, 0, 200, 100], [50, 20, 100, 30]])
    expected = [[0.5, 0.5, 1, 1], [0.375, 0.25, 0.25, 0.1]]
    placement = Letterbox((0.5, 0.5), (3.0, 4.0), width=200, height=100)
    assert np.allclose(placement.to_normalized_cxcywh(boxes), expected)
    assert np.array_equal(to_normalized_cxcywh(boxes, 200, 100), placement.to_normalized_cxcywh(boxes))
    assert placement.to_normalized_cxcywh(np.zeros((0, 4))).shape == (0, 4)
