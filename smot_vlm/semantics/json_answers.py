"""JSON in the answers of language models: alone, in a fence, among words, or not at all."""

import json
import re
from typing import Any

_FENCE = re.compile(r"```[a-z]*\s*(.*?)(?:```|$)", re.DOTALL | re.IGNORECASE)
# What models write by mistake: a comma before a closing bracket.
_LOOSE_COMMA = re.compile(r",(\s*[}\]])")
# Marks of chat templates and pictures; a caption that held one would break the prompt that states it.
_MARK = re.compile(r"<[|/\uff5c]?\w[\w|:/.\uff5c\u2581-]{0,38}>")
_DECODER = json.JSONDecoder(strict=False)
# A mark that starts a list, a heading or emphasis, and a label before the sentence.
_LABEL = re.compile(
    r"^(?:[#>*\-\s]*)(?:(?:video |the )?(?:caption|summary|description|answer|sentence)\W*:\s*)?", re.IGNORECASE
)


def read_object(text: str) -> dict[str, Any] | None:
    """The first JSON object in an answer.

    Args:
        text: the answer.

    Returns:
        The object; None where there is none, or none that is whole.
    """
    fenced = _FENCE.search(text)
    for candidate in (fenced.group(1) if fenced else "", text):
        for repaired in (candidate, _LOOSE_COMMA.sub(r"\1", candidate)):
            start = repaired.find("{")
            if start < 0:
                continue
            try:
                content, _ = _DECODER.raw_decode(repaired, start)
            except (ValueError, RecursionError):
                continue
            if isinstance(content, dict):
                return content
    return None


def plain_words(text: str) -> str:
    """A model's words as they can be shown, and stated in another prompt.

    Args:
        text: any.

    Returns:
        On one line, without marks such as <|image|> and without characters that are not printed.
    """
    printed = "".join(letter if letter.isprintable() else " " for letter in _MARK.sub(" ", text))
    return " ".join(printed.split())


def whole_sentences(text: str) -> str:
    """An answer that was cut, up to its last whole sentence.

    Args:
        text: the answer.

    Returns:
        The same where no sentence is whole, or where it is JSON.
    """
    ends = [found.end() for found in re.finditer(r"[.!?](?=\s|$)", text)]
    return text[: ends[-1]] if ends and not text.lstrip().startswith(("{", "[", "```")) else text


def read_sentence(text: str) -> str:
    """The words of an answer that was to be plain text.

    Args:
        text: the answer.

    Returns:
        Its first paragraph on one line, without marks, labels and quotation marks around it; nothing for broken JSON.
    """
    if text.lstrip().startswith(("{", "[", "```")):
        return ""
    paragraphs = [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    if not paragraphs:
        return ""
    first = paragraphs[0].strip()
    # A first paragraph such as "Here is the caption:" announces the second.
    if first.endswith(":") and len(paragraphs) > 1:
        first = paragraphs[1].strip()
    words = plain_words(_LABEL.sub("", first, count=1).replace("**", ""))
    return words.strip('"“”').strip()
