"""What another library's error says, fit for one line of ours."""

import re

LONGEST = 200
_ONNXRUNTIME_PREFIX = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")


def reason_of(error: Exception) -> str:
    """The error's text on one line, shortened, with control characters escaped: it may quote a stranger's file.

    Args:
        error: Of any library.

    Returns:
        The text; the error's class where it has none.
    """
    text = _ONNXRUNTIME_PREFIX.sub("", " ".join(str(error).split())) or type(error).__name__
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."
