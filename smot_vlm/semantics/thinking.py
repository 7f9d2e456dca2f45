"""Models that think aloud before they answer: thoughts are switched off where a template can, and cut where they come anyway.

Chat templates of such models take `enable_thinking`; false writes an empty thought. Some open a thought regardless.
"""

import re
from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

# Keywords of a chat template; those that know none of them ignore it.
NO_THINKING: dict[str, Any] = {"enable_thinking": False}
OPEN, CLOSE = "<think>", "</think>"
_THOUGHT = re.compile(rf"{OPEN}.*?(?:{CLOSE}|$)", re.DOTALL)


def close_thought(prompt: str) -> str:
    """End a thought that the chat template opened for the assistant, so that the answer begins at once.

    Args:
        prompt: the text of a chat up to where the assistant's answer starts.

    Returns:
        The same, where no thought is open.
    """
    return f"{prompt.rstrip()}\n\n{CLOSE}\n\n" if prompt.rstrip().endswith(OPEN) else prompt


def cut_thought(text: str) -> str:
    """What a model says when it has done thinking.

    Args:
        text: an answer, with or without thoughts; the prompt may have opened the first one.

    Returns:
        The answer without them; nothing where it ends inside a thought.
    """
    return _THOUGHT.sub("", text.rpartition(CLOSE)[2]).strip()


def decode_answers(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Any]) -> list[str]:
    """Captions from generated tokens.

    Args:
        tokenizer: its marks of thoughts may be special tokens, whose text is not decoded.
        rows: token ids of each answer.

    Returns:
        Each on one line, without thoughts and special tokens.
    """
    special = dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    opened, closed = special.get(OPEN), special.get(CLOSE)
    kept = [_after_thought([int(token) for token in row], opened, closed) for row in rows]
    texts: list[str] = tokenizer.batch_decode(kept, skip_special_tokens=True)
    return [" ".join(cut_thought(text).split()) for text in texts]


def _after_thought(ids: list[int], opened: int | None, closed: int | None) -> list[int]:
    if closed is not None and closed in ids:
        ids = ids[len(ids) - ids[::-1].index(closed) :]
    return ids[: ids.index(opened)] if opened is not None and opened in ids else ids
