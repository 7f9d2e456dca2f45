"""The two caption files of a BenSMOT sequence.

`instance_captions.txt` has one line a person, `man0: A man ...`, in the order of the track ids; `video_caption.txt` is
one text. The index in a key counts the people of that kind, so it says nothing about the track id: only the order does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from smot_vlm.formats.flaws import Flaw, one_line, split_lines

# Some files use the full-width colon of East Asian keyboards.
_COLON = re.compile("[:\uff1a]")
_KEY_LENGTH = 64


@dataclass(frozen=True)
class CaptionLine:
    """One person's line.

    Attributes:
        key: such as `man0`; empty where the line has none.
        text: the caption.
        line: number in the file, from 1.
    """

    key: str
    text: str
    line: int


@dataclass(frozen=True)
class CaptionFile:
    """All captions of a file.

    Attributes:
        lines: in file order.
        flaws: what is wrong with them.
    """

    lines: tuple[CaptionLine, ...]
    flaws: tuple[Flaw, ...]


def parse_instance_captions(text: str) -> CaptionFile:
    """Read the captions of `instance_captions.txt`. Blank lines are skipped, spaces around keys and texts are dropped.

    A line without a key keeps its place (the order gives the track), with an empty key and a flaw.

    Args:
        text: content of the file.

    Returns:
        The captions. Kinds of flaws: malformed-caption, empty-caption, duplicate-key.
    """
    lines: list[CaptionLine] = []
    flaws: list[Flaw] = []
    first_line: dict[str, int] = {}
    for number, raw in enumerate(split_lines(text), start=1):
        if not raw.strip():
            continue
        line = _parse_line(raw, number)
        lines.append(line)
        if not line.key:
            flaws.append(Flaw(number, "malformed-caption", f"{raw.strip()[:40]!r} has no key; write 'man0: A man ...'"))
        elif line.key in first_line:
            message = f"key {line.key!r} was already on line {first_line[line.key]}; give each person their own key"
            flaws.append(Flaw(number, "duplicate-key", message))
        elif not line.text:
            flaws.append(
                Flaw(number, "empty-caption", f"{line.key!r} has no caption; describe the person after the colon")
            )
        first_line.setdefault(line.key, number)
    return CaptionFile(tuple(lines), tuple(flaws))


def format_instance_captions(keys: Sequence[str], captions: Sequence[str]) -> str:
    """Format `instance_captions.txt`: one line a person, runs of whitespace within a caption as one space.

    Args:
        keys: one a person, such as `man0`.
        captions: one a person.

    Returns:
        The content of the file.

    Raises:
        ValueError: not one caption a key, or a key that a reader could not find again.
    """
    if len(keys) != len(captions):
        raise ValueError(f"{len(keys)} keys but {len(captions)} captions; give one caption a person")
    for key in keys:
        check_key(key)
    return "".join(f"{key}: {one_line(caption)}".rstrip() + "\n" for key, caption in zip(keys, captions, strict=True))


def is_key(text: str) -> bool:
    """Whether a text can be a person's key: a few printable characters without a colon, single spaces between words.

    Args:
        text: to check.

    Returns:
        True where it can.
    """
    return (
        0 < len(text) <= _KEY_LENGTH and text.isprintable() and text == one_line(text) and _COLON.search(text) is None
    )


def check_key(key: str) -> None:
    """Refuse a key that could not be written and read again.

    Args:
        key: to check.

    Raises:
        ValueError: empty, too long, with a colon, with spaces at an end or in a row, or with control characters.
    """
    if not is_key(key):
        raise ValueError(
            f"key {key[:80]!r}; a key is up to {_KEY_LENGTH} printable characters without a colon, like 'man0'"
        )


def parse_video_caption(text: str) -> str:
    """Read `video_caption.txt`: all its lines joined by spaces.

    Args:
        text: content of the file.

    Returns:
        The caption on one line.
    """
    return one_line(text)


def format_video_caption(caption: str) -> str:
    """Format `video_caption.txt`.

    Args:
        caption: of the whole video.

    Returns:
        The content of the file.
    """
    return one_line(caption) + "\n"


def _parse_line(raw: str, number: int) -> CaptionLine:
    colon = _COLON.search(raw)
    key = one_line(raw[: colon.start()]) if colon else ""
    if colon is None or not is_key(key):
        return CaptionLine("", one_line(raw), number)
    return CaptionLine(key, one_line(raw[colon.end() :]), number)
