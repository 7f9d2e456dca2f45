"""Text for people: what cannot be seen or would steer a terminal is escaped; counts with their nouns."""

import unicodedata

# Letters of Persian and pictures of several signs are joined by these two; they move nothing.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Control and format characters (ESC, marks of direction), surrogates, separators of lines and paragraphs.
_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, keep: str = "") -> str:
    r"""Escape what a terminal obeys, what turns the direction of writing, and bytes that are no text.

    Args:
        text: any text, such as the name of a file.
        keep: characters that stay as they are.

    Returns:
        The text; `\x1b` for ESC, `\xe9` for a byte of a name in another encoding, `\u202e` for a mark of direction.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter in keep else _visible(letter) for letter in text)


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    Args:
        number: how many.
        singular: the noun for one.
        plural: for any other number; `singular` with an s where left out.

    Returns:
        Such as `1 person`, `0 people`.
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def people(number: int) -> str:
    """A number of people.

    Args:
        number: how many.

    Returns:
        `1 person`, `2 people`.
    """
    return counted(number, "person", "people")


def _visible(letter: str) -> str:
    if unicodedata.category(letter) not in _ESCAPED or letter in _JOINERS:
        return letter
    code = ord(letter)
    if letter in _SHORT:
        return _SHORT[letter]
    if 0xDC80 <= code <= 0xDCFF:
        # How Python keeps a byte of a name that is no UTF-8.
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
