"""Sentences with marks, boxes of entities, and JSON lines."""

from dataclasses import dataclass

import pytest

from smot_vlm.formats.entity_boxes import read_entity_boxes
from smot_vlm.formats.entity_marks import Mark, parse_marks, without_marks
from smot_vlm.formats.json_lines import read_json_lines

SENTENCE = "[/EN#7/people A man] in [/EN#0/notvisual it] by [/EN#9/vehicles/scene a red train] ."
OBJECT = "<object>{}<bndbox><xmin>{}</xmin><ymin>3</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object>"


def write(path, *objects: str, head: str = ""):
    path.write_text(f"{head}<annotation><filename>a.jpg</filename>{''.join(objects)}</annotation>")
    return path


def test_marks_and_words_without_them():
    first, nothing, last = parse_marks(SENTENCE)
    assert first == Mark(7, ("people",), "A man", 0, len("[/EN#7/people A man]"))
    assert (nothing.entity, last.types, SENTENCE[last.start : last.end]) == (
        0,
        ("vehicles", "scene"),
        "[/EN#9/vehicles/scene a red train]",
    )
    assert without_marks(SENTENCE) == "A man in it by a red train ."
    assert without_marks(SENTENCE, keep_words=False) == " in  by  ."
    assert parse_marks("A man [sic] .") == ()


def test_boxes_of_each_name_without_those_that_have_none(tmp_path):
    path = write(
        tmp_path / "a.xml",
        OBJECT.format("<name>7</name><name>9</name>", 1),
        OBJECT.format("<name>7</name>", 11),
        "<object><name>8</name><scene>1</scene><nobndbox>1</nobndbox></object>",
    )
    # Pixels count from 1 in the file: columns 1 to 20 are x from 0 to 20.
    assert read_entity_boxes(path) == {7: ((0, 2, 20, 30), (10, 2, 20, 30)), 9: ((0, 2, 20, 30),)}


@pytest.mark.parametrize(
    ("objects", "head", "message"),
    [
        (OBJECT.format("<name>x</name>", 1), "", "object 1: 'x' is no number"),
        (OBJECT.format("<name>7</name>", 21), "", "has no area"),
        ("<object><name>7</name><bndbox><xmin>1</xmin></bndbox></object>", "", "object 1: '' is no number"),
        ("<object>", "", "not XML that can be read"),
        ("", '<!DOCTYPE a [<!ENTITY b "c">]>', "declares a document type"),
    ],
)
def test_a_wrong_annotation_is_named(tmp_path, objects, head, message):
    path = write(tmp_path / "a.xml", objects, head=head)
    with pytest.raises(ValueError, match=message) as caught:
        read_entity_boxes(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@dataclass(frozen=True)
class Line:
    """A line of a file."""

    name: str
    count: int = 0


def test_json_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"name": "a", "count": 2}\n\n{"name": "b"}')
    assert list(read_json_lines(path, Line)) == [Line("a", 2), Line("b")]
    for text, message in (
        ('{"name": "a"}\n{"name": 3}', "a.jsonl:2: name is 3"),
        ("{", "a.jsonl:1: not JSON"),
        ("[1]", "a.jsonl:1: the line is"),
        ('{"name": "a", "other": 1}', "a.jsonl:1: unknown key other"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            list(read_json_lines(path, Line))
    path.write_bytes(b'{"name": "\xff"}')
    with pytest.raises(ValueError, match=r"a\.jsonl:1: byte 0xff is not UTF-8"):
        list(read_json_lines(path, Line))
    path.write_text(" " * (2**20 + 1))
    with pytest.raises(ValueError, match="more than 1024 KB"):
        list(read_json_lines(path, Line))
    with pytest.raises(FileNotFoundError, match="no such file"):
        list(read_json_lines(tmp_path / "none", Line))
