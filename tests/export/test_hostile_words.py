"""Captions and names that mean to be more than words stay words in every export, and are read back by other readers."""

import csv
import io
import json

import export_cases as cases
import numpy as np
import pytest
from defusedxml.ElementTree import fromstring

from smot_vlm.export.formats import FORMATS
from smot_vlm.structures import Trajectory, VideoInfo
from smot_vlm.system.printing import printable

HOSTILE = {
    "markup": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "quotes": "\"'`;,|\\ $(id) {{7*7}} ${7*7}",
    "right to left": "a \u202egpj.exe\u202c \u2066b\u2069",
    "emoji": "\U0001f3be \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "escapes": "\x1b[31mred\x1b]0;title\x07 \x9b2J",
    "cue": "00:00:01.000 --> 00:00:09.000 NOTE <v Bob>",
    "lines": "one\r\n\r\n2\n00:00:01.000 --> 00:00:02.000\ntwo",
}


def hostile(text: str):
    frames = np.arange(50)
    track = Trajectory(1, frames, np.tile([10.0, 10, 40, 90], (50, 1)), np.full(50, 0.9), text)
    return cases.told(
        video=VideoInfo(f"{text}.mp4", 640, 480, 10.0, 50), tracks=(track,), interactions=(), caption=text, clauses=()
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_caption_stays_one_cue(text):
    webvtt, pysubs2 = pytest.importorskip("webvtt"), pytest.importorskip("pysubs2")
    description = hostile(text)
    vtt = dict(FORMATS["vtt"].write(description))["description.vtt"]
    (cue,) = webvtt.from_string(vtt)
    assert "<" not in cue.raw_text
    assert "\x1b" not in vtt
    assert "\u202e" not in vtt
    assert (cue.start_in_seconds, cue.end_in_seconds) == (0, 5)
    srt = dict(FORMATS["srt"].write(description))["description.srt"]
    assert len(pysubs2.SSAFile.from_string(srt, format_="srt").events) == 1
    assert "\x1b" not in srt


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_cells_are_read_back_and_steer_nothing(text):
    people = dict(FORMATS["csv"].write(hostile(text)))["people.csv"]
    assert not {"\x1b", "\x9b", "\u202e", "\u2066"} & set(people)
    (row,) = csv.DictReader(io.StringIO(people, newline=""))
    assert row["caption"] == printable(text, keep="\r\n")


@pytest.mark.parametrize("first", "=+-@\t\r")
def test_no_cell_begins_a_formula(first):
    text = f"{first}HYPERLINK(\"http://evil.example\"; 'x')"
    for content in dict(FORMATS["csv"].write(hostile(text))).values():
        for row in csv.reader(io.StringIO(str(content), newline="")):
            for cell in row:
                assert not cell.startswith(tuple("=+@\t\r")), cell
                assert not cell.startswith("-") or float(cell) < 0


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"parquet"}))
def test_every_format_takes_any_words(name, text):
    contents = dict(FORMATS[name].write(hostile(text)))
    for file, content in contents.items():
        if file.endswith((".xml", ".eaf")):
            fromstring(content)
        if file.endswith(".json"):
            json.loads(content)
