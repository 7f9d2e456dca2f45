import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smot_vlm.output.text import (
    ELLIPSIS,
    load_font,
    plain_verb,
    render_tag,
    stamp,
    text_width,
    wrap_text,
)

FONT = load_font(14)


@pytest.mark.parametrize(
    ("text", "width", "max_lines", "lines"),
    [
        ("", 100, 3, []),
        (" \n\t ", 100, 3, []),
        ("a b", 1000, 3, ["a b"]),
        ("  a \n\n b\t", 1000, 3, ["a b"]),
        ("one two", text_width("one", FONT) + 1, 3, ["one", "two"]),
        ("one two three", text_width("three", FONT) + 1, 2, ["one", "two" + ELLIPSIS]),
        ("one two three", 1000, 0, []),
        ("abc", 1, 5, ["a", "b", "c"]),
        ("abc", 1, 1, [ELLIPSIS]),
    ],
)
def test_wrap(text, width, max_lines, lines):
    assert wrap_text(text, FONT, width, max_lines) == lines


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.integers(1, 400), st.integers(1, 8))
def test_wrapped_lines_fit_and_lose_nothing_unless_cut(text, width, max_lines):
    lines = wrap_text(text, FONT, width, max_lines)
    assert len(lines) <= max_lines
    assert all(text_width(line, FONT) <= width or len(line) <= 1 for line in lines)
    whole = wrap_text(text, FONT, width, 10**6)
    assert "".join(whole).replace(" ", "") == "".join(text.split()).replace(" ", "")
    if len(whole) <= max_lines:
        assert lines == whole
    else:
        assert len(lines) == max_lines
        assert lines[-1].endswith(ELLIPSIS)
        assert lines[:-1] == whole[: max_lines - 1]


def test_the_widths_without_kerning_are_those_of_the_font_to_a_pixel_a_word():
    text = "A tall woman in a Yellow T-shirt, WAVING to Tom; Övünç läuft, voilà."
    assert text_width(text, FONT) == pytest.approx(FONT.getlength(text), abs=len(text.split()))


@pytest.mark.parametrize(
    ("sense", "word"),
    [
        ("talk.v.01", "talk"),
        ("talk_about.v.12", "talk about"),
        ("play along.v.01", "play along"),
        ("talk", "talk"),
        ("accept.v.0", "accept"),
        (" hug.v.02 ", "hug"),
        ("", ""),
    ],
)
def test_plain_verb(sense, word):
    assert plain_verb(sense) == word


def test_a_tag_is_filled_with_its_colour_and_written_in_its_ink():
    tag = render_tag("#12", 20, (0, 114, 178), (255, 255, 255))
    opaque = tag[tag[..., 3] == 255][:, :3]
    assert (opaque == (0, 114, 178)).all(axis=1).mean() > 0.5
    assert (opaque == (255, 255, 255)).all(axis=1).any()
    assert render_tag("#123", 20, (0, 0, 0), (9, 9, 9)).shape[1] > tag.shape[1]
    assert not tag.flags.writeable


@pytest.mark.parametrize("text", ["", "\U0001f3be 你好", "a" * 300, "\x00\x07", "\u202eright to left", "é\u0301"])
def test_any_text_makes_a_tag(text):
    tag = render_tag(text, 13, (1, 2, 3), (250, 250, 250))
    assert tag.dtype == np.uint8
    assert tag.shape[2] == 4


@settings(max_examples=100, deadline=None)
@given(st.integers(-12, 22), st.integers(-12, 22))
def test_a_stamp_is_cut_at_the_border(left, top):
    tag = np.zeros((6, 9, 4), dtype=np.uint8)
    tag[..., :3], tag[..., 3] = 200, 255
    tag[0, 0, 3] = 0
    image = np.full((15, 20, 3), 50, dtype=np.uint8)
    stamp(image, tag, left, top)
    for y in range(15):
        for x in range(20):
            row, column = y - top, x - left
            covered = 0 <= row < 6 and 0 <= column < 9 and (row, column) != (0, 0)
            assert image[y, x].tolist() == [200 if covered else 50] * 3


def test_a_half_transparent_stamp_lets_half_through():
    tag = np.full((1, 1, 4), [200, 100, 0, 128], dtype=np.uint8)
    image = np.full((1, 1, 3), 100, dtype=np.uint8)
    stamp(image, tag, 0, 0)
    assert image[0, 0].tolist() == pytest.approx([150, 100, 50], abs=1)
