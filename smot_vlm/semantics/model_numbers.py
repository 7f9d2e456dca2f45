"""Numbers in a language model's configuration by which libraries would build without end, checked before they build."""

import re
from collections.abc import Mapping
from typing import Any

from smot_vlm.formats.documents import shown

# Keys by which layers are made one by one, and the largest numbers that any model has.
COUNTS = re.compile(r"(layers?|depths?|blocks?)$")
# Keys that name one of the layers, which may be counted from the last one, -1 (LLaVA, InternVL, Mistral 3).
PLACES = re.compile(r"(feature|select)_layers?$")
MOST_LAYERS, LARGEST_SIZE = 1024, 2**32


def check_numbers(content: Mapping[str, Any], place: object) -> None:
    """Refuse numbers that no model has.

    Args:
        content: of a config.json, or the same of a GGUF file.
        place: its file, for the error.

    Raises:
        ValueError: such a number; the message names it.
    """
    waiting: list[tuple[str, Any]] = list(content.items())
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{key}.{name}", part) for name, part in value.items()]
        elif isinstance(value, int) and COUNTS.search(str(key)):
            least = -MOST_LAYERS if PLACES.search(str(key)) else 0
            if not least <= value <= MOST_LAYERS:
                raise ValueError(f"{place}: {key} is {shown(value)}; it takes int from {least} to {MOST_LAYERS}")
        elif isinstance(value, int) and abs(value) > LARGEST_SIZE:
            raise ValueError(f"{place}: {key} is {shown(value)}; it takes int to {LARGEST_SIZE}")
