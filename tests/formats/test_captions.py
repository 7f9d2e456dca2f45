import pytest

from smot_vlm.formats import captions, flaws


def kinds(text: str) -> list[tuple[int, str]]:
    return [(flaw.line, flaw.kind) for flaw in captions.parse_instance_captions(text).flaws]


def test_keys_and_texts_in_file_order():
    file = captions.parse_instance_captions("man0: A man: tall.\n\nwoman1:  A  woman \t waves.")
    assert [(line.key, line.text, line.line) for line in file.lines] == [
        ("man0", "A man: tall.", 1),
        ("woman1", "A woman waves.", 3),
    ]
    assert file.flaws == ()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffman0: A man.\r\nman1: B.",
        "man0: A man.   \r\rman1:B.\r",
        " man0 : A man.\n\n\n  man1: B.\n",
        "man0：A man.\nman1：B.",
    ],
    ids=["bom and windows", "old macintosh", "blanks around", "full-width colon"],
)
def test_files_as_people_save_them(text):
    file = captions.parse_instance_captions(flaws.decode(text.encode()))
    assert [(line.key, line.text) for line in file.lines] == [("man0", "A man."), ("man1", "B.")]
    assert file.flaws == ()


def test_a_line_without_a_key_keeps_its_place():
    file = captions.parse_instance_captions("man0: A.\nno key here\nman1: C.")
    assert [line.key for line in file.lines] == ["man0", "", "man1"]
    assert [(flaw.line, flaw.kind) for flaw in file.flaws] == [(2, "malformed-caption")]


def test_flaws_carry_their_lines():
    assert kinds("man0: A.\nman0: B.\n\nman1:\n: C.") == [
        (2, "duplicate-key"),
        (4, "empty-caption"),
        (5, "malformed-caption"),
    ]


def test_line_separators_of_unicode_do_not_break_a_caption():
    assert len(captions.parse_instance_captions("man0: one\u2028two\x0bthree").lines) == 1


def test_format_is_read_back():
    text = captions.format_instance_captions(["man0", "woman0"], ["He\nwalks  on.", ""])
    assert text == "man0: He walks on.\nwoman0:\n"
    assert [line.text for line in captions.parse_instance_captions(text).lines] == ["He walks on.", ""]


@pytest.mark.parametrize("key", ["", "man:0", "man：0", " man0", "man\n0", "man  0", "m" * 65, "man\x000"])
def test_keys_that_cannot_be_written(key):
    with pytest.raises(ValueError, match="key"):
        captions.format_instance_captions([key], ["A."])


def test_one_caption_a_key():
    with pytest.raises(ValueError, match="2 keys but 1 captions"):
        captions.format_instance_captions(["a", "b"], ["A."])


def test_video_caption_is_one_line():
    assert captions.parse_video_caption("Two people\r\ntalk. \n") == "Two people talk."
    assert captions.format_video_caption("Two\npeople") == "Two people\n"


def test_utf16_is_read():
    assert flaws.decode("man0: Ä".encode("utf-16")) == "man0: Ä"


def test_other_encodings_are_refused_with_their_line(tmp_path):
    path = tmp_path / "instance_captions.txt"
    path.write_bytes("man0: A.\nman1: café".encode("latin-1"))
    with pytest.raises(ValueError, match=r"instance_captions.txt:2: byte 0xe9 is not UTF-8"):
        flaws.read_text(path)
    path.write_bytes(b"\xff\xfea")
    with pytest.raises(ValueError, match="UTF-16"):
        flaws.read_text(path)


def test_a_huge_file_is_not_opened(tmp_path):
    path = tmp_path / "instance_captions.txt"
    with path.open("wb") as file:
        file.truncate(flaws.MAXIMUM_BYTES + 1)
    with pytest.raises(ValueError, match="16 MB"):
        flaws.read_text(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        flaws.read_text(tmp_path / "absent.txt")
