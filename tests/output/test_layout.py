import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.output.layout import MAX_SIDE, MIN_TEXT, plan_layout


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 8000), st.integers(1, 8000))
def test_the_areas_lie_apart_inside_an_even_canvas(width, height):
    layout = plan_layout(width, height)
    picture, panel = layout.picture, layout.panel
    assert layout.width % 2 == 0
    assert layout.height % 2 == 0
    for area in (picture, panel):
        assert area.left >= 0
        assert area.top >= 0
        assert area.width >= 1
        assert area.height >= 1
        assert area.left + area.width <= layout.width
        assert area.top + area.height <= layout.height
    assert panel.left >= picture.width or panel.top >= picture.height
    assert max(picture.width, picture.height) <= MAX_SIDE
    assert layout.text_size >= MIN_TEXT
    # What neither covers is at most one row or one column.
    free = layout.width * layout.height - picture.width * picture.height - panel.width * panel.height
    assert 0 <= free <= max(layout.width, layout.height)


@pytest.mark.parametrize(
    ("size", "shown", "below"),
    [
        ((640, 480), (640, 480), False),
        ((1920, 1080), (1920, 1080), False),
        ((1080, 1920), (1080, 1920), False),
        ((3840, 2160), (1920, 1080), False),
        ((641, 481), (641, 481), False),
        ((16, 16), (240, 240), False),
        ((1, 1), (240, 240), False),
        ((1280, 400), (1280, 400), True),
        ((4000, 1), (1920, 1), True),
        ((1, 4000), (1, 1920), False),
    ],
)
def test_how_large_the_picture_is_shown_and_where_the_panel_stands(size, shown, below):
    layout = plan_layout(*size)
    assert (layout.picture.width, layout.picture.height) == shown
    assert (layout.panel.top > 0) == below


def test_the_text_grows_with_the_frame():
    sizes = [plan_layout(*size).text_size for size in ((320, 240), (640, 480), (1280, 720), (1920, 1080))]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 2 * sizes[0]
