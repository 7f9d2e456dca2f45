import pytest

from smot_vlm.output.palette import BLACK, COLOURS, WHITE, css, ink_on, track_colour


def test_the_colour_follows_from_the_id_alone_and_differs_from_the_next():
    assert track_colour(1) == COLOURS[0]
    for id in (-3, 0, 1, 6, 7, 8, 10**12):
        assert track_colour(id) == track_colour(id + len(COLOURS))
        assert track_colour(id) != track_colour(id + 1)
    assert len({track_colour(id) for id in range(1, 8)}) == 7


@pytest.mark.parametrize(
    ("colour", "ink"),
    [
        ((255, 255, 255), BLACK),
        ((0, 0, 0), WHITE),
        ((240, 228, 66), BLACK),
        ((0, 114, 178), WHITE),
        ((0, 0, 255), WHITE),
    ],
)
def test_the_ink_is_the_one_that_reads(colour, ink):
    assert ink_on(colour) == ink


def contrast(one, other):
    def luminance(colour):
        parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_tag_reaches_the_contrast_that_wcag_asks_of_text(colour):
    assert contrast(colour, ink_on(colour)) >= 4.5


def test_css():
    assert css((0, 158, 255)) == "#009eff"
