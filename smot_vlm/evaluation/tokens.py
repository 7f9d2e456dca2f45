"""A Treebank tokenizer in plain rules, for machines without Java."""

import re

# Rules after the Penn Treebank's tokenization; what Stanford's tokenizer adds (abbreviation lists, fractions) is left out.
_CONTRACTIONS = re.compile(r"(?<=\w)('s|'m|'d|'ll|'re|'ve|n't)\b")
_TOKEN = re.compile(
    r"\b(?:mr|mrs|ms|dr|st|no)\.(?=\s*\w)"  # abbreviations that keep their full stop
    r"|(?:[a-z]\.){2,}"  # u.s., e.g.
    r"|\d+(?:[.,:/]\d+)*(?:-\w+)*"  # 3.5, 12,000, 3/4, 4-year-old
    r"|n't|'(?:s|m|d|ll|re|ve)\b"
    r"|\w+(?:['/-]\w+)*"
    r"|[^\s\w]"
)
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "{": "-lcb-", "}": "-rcb-", "[": "-lsb-", "]": "-rsb-"}
_REMOVED = set("'`\".?!,:;-\u2013\u2014\u2026\u201c\u201d")
_SPLIT_WORDS = {"cannot": "can not", "gonna": "gon na", "wanna": "wan na", "gotta": "got ta", "gimme": "gim me"}


def treebank_tokens(caption: str) -> str:
    """Tokens near to what Stanford's tokenizer gives.

    Args:
        caption: any text.

    Returns:
        Lower-case tokens joined by blanks, punctuation removed.
    """
    text = caption.lower().replace("\u2019", "'").replace("\u2018", "'")
    words = _TOKEN.findall(_CONTRACTIONS.sub(r" \1", text))
    return " ".join(_BRACKETS.get(word, _SPLIT_WORDS.get(word, word)) for word in words if word not in _REMOVED)
