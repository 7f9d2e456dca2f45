"""What a reader of a text file found wrong, with its line: readers continue and collect these, callers decide.

A strict caller raises the first flaw, a lenient one logs them, the validator prints them all.
"""

import re
from dataclasses import dataclass
from pathlib import Path

# A word file of one video is a few kilobytes; anything near this size is no such file.
MAXIMUM_BYTES = 16 * 2**20

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Flaw:
    """One thing wrong in a file.

    Attributes:
        line: counted from 1, 0 for the file as a whole.
        kind: a fixed word for each cause.
        message: what is wrong and what to do.
    """

    line: int
    kind: str
    message: str

    def at(self, path: Path | str) -> str:
        """Format the flaw for a reader.

        Args:
            path: the file.

        Returns:
            `file:line: message`, or `file: message` for the file as a whole.
        """
        return f"{path}:{self.line}: {self.message}" if self.line else f"{path}: {self.message}"


class UndecodableText(ValueError):
    """Text in an unknown encoding.

    Args:
        line: of the first invalid byte, counted from 1.
        message: what is wrong.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def split_lines(text: str) -> list[str]:
    """Split at Unix, Windows or old Macintosh line ends; other Unicode separators stay inside a line.

    Args:
        text: to split.

    Returns:
        The lines.
    """
    return _LINE_END.split(text)


def read_bytes(path: Path | str) -> bytes:
    """Read a small text file.

    Args:
        path: of the file.

    Returns:
        Its content.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is larger than any annotation of one video.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    size = path.stat().st_size
    if size > MAXIMUM_BYTES:
        raise ValueError(f"{path}: {size / 2**20:.0f} MB; the annotations of one video are at most 16 MB of text")
    return path.read_bytes()


def decode(content: bytes) -> str:
    """Decode UTF-8 with or without a byte order mark, or UTF-16 with one.

    Args:
        content: of a file.

    Returns:
        The text.

    Raises:
        UndecodableText: another encoding; names the line of the first invalid byte.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise UndecodableText(1, "starts like UTF-16 but is not; save the file as UTF-8") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(split_lines(content[: error.start].decode("utf-8", errors="replace")))
        raise UndecodableText(line, f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8") from None


def read_text(path: Path | str) -> str:
    """Read a small text file, with or without a byte order mark.

    Args:
        path: of the file.

    Returns:
        Its text, line ends as they are.

    Raises:
        FileNotFoundError: no such file.
        ValueError: too large, or not UTF-8 (with file and line).
    """
    content = read_bytes(path)
    try:
        return decode(content)
    except UndecodableText as error:
        raise ValueError(f"{path}:{error.line}: {error.message}") from None


def one_line(text: str) -> str:
    """Replace every run of whitespace by one space, so that a text fits on one line of a file.

    Args:
        text: any text.

    Returns:
        The text on one line.
    """
    return " ".join(text.split())
