"""Names and captions as people see them: nothing steers a terminal, nothing fails for its bytes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.system.printing import counted, people, printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain [2024] 100%.mp4", "plain [2024] 100%.mp4"),
        (os.fsdecode(b"caf\xe9.mp4"), "caf\\xe9.mp4"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\u202egpj.mp4", "a\\u202egpj.mp4"),
        ("\u200eleft\u200f", "\\u200eleft\\u200f"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("\x9b31m", "\\x9b31m"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("café 人 🏃‍♀️ می‌خواهم", "café 人 🏃‍♀️ می‌خواهم"),
    ],
)
def test_what_is_shown(name, shown):
    assert printable(name) == shown


@given(st.text())
def test_every_text_can_be_printed_and_shown_twice(text):
    shown = printable(text)
    shown.encode("utf-8")
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert printable(shown) == shown


def test_what_is_kept():
    assert printable("a\n\x1b", keep="\n") == "a\n\\x1b"


def test_counts():
    assert [people(number) for number in (0, 1, 2)] == ["0 people", "1 person", "2 people"]
    assert [counted(number, "box", "boxes") for number in (1, 2)] == ["1 box", "2 boxes"]
    assert counted(3, "frame") == "3 frames"
