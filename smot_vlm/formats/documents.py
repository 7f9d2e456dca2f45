"""JSON and YAML from outside, read as plain data: bounded in size, depth and aliases, each fault one line.

What the content means is checked afterwards, see formats/checked.py.
"""

import json
import reprlib
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from smot_vlm.formats.flaws import UndecodableText, decode

# Settings are a few kilobytes; PyYAML takes seconds for a megabyte.
LARGEST_SETTINGS = 16 * 2**20
LARGEST_YAML = 256 * 2**10
MOST_YAML_VALUES = 20_000


class _Shown(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxdict = 2, 4, 4, 3
        self.maxstring, self.maxlong, self.maxother = 60, 60, 60

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write out a number of thousands of digits.
        return super().repr_int(x, level) if x.bit_length() < 1024 else f"a number of {x.bit_length()} bits"


_SHOWN = _Shown()


def shown(value: object) -> str:
    """A value from outside for an error's one line: escaped and short, whatever it is.

    Args:
        value: any.

    Returns:
        Its repr, shortened.
    """
    return _SHOWN.repr(value)


def reason(error: BaseException, longest: int = 200) -> str:
    """What a library says of a file, for an error's one line.

    Args:
        error: its exception; the text may quote the file.
        longest: of the result.

    Returns:
        The text on one line, escaped and cut; the exception's type where it says nothing.
    """
    text = " ".join(str(error).split())[:longest] or type(error).__name__
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def read_json(path: Path, largest: int = LARGEST_SETTINGS) -> Any:
    """Read a JSON file.

    Args:
        path: of the file.
        largest: bytes that such a file may have.

    Returns:
        Its content; numbers may still be infinite or not numbers, and nothing is known of its fields.

    Raises:
        FileNotFoundError: no such file.
        ValueError: too large, not text, or not JSON; the message names the file.
    """
    return _parsed(path, _read(path, largest), parse_json)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Args:
        path: of the file.

    Returns:
        Its content; None where it is empty.

    Raises:
        FileNotFoundError: no such file.
        ValueError: too large, not text, or not YAML; the message names the file.
    """
    return _parsed(path, _read(path, LARGEST_YAML), parse_yaml)


def parse_json(text: str) -> Any:
    """Parse JSON.

    Args:
        text: one document.

    Returns:
        Its content.

    Raises:
        ValueError: not JSON, nested too deeply, or an object has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except RecursionError:
        raise ValueError("not JSON that can be read (nested too deeply)") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({reason(error)})") from None


def parse_yaml(text: str) -> Any:
    """Parse YAML without tags of Python's.

    Args:
        text: one document.

    Returns:
        Its content; None where it is empty.

    Raises:
        ValueError: not YAML, nested too deeply, a key twice, or aliases that repeat too much or refer to themselves.
    """
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_size(node, {})
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError:
        raise ValueError("not YAML that can be read (nested too deeply)") from None
    # A scalar of a wrong form (`!!int x`, the 99th of May) fails in many ways.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
        raise ValueError(f"not YAML ({reason(error)})") from None


def _read(path: Path, largest: int) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"{path}: too large; such a file has at most {largest // 2**10} KB")
    try:
        return decode(content)
    except UndecodableText as error:
        raise ValueError(f"{path}:{error.line}: {error.message}") from None


def _parsed(path: Path, text: str, parse: Any) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        _refuse_twice(key for key, _ in pairs)
    return content


def _refuse_twice(keys: Iterable[str]) -> None:
    key, count = Counter(keys).most_common(1)[0]
    if count > 1:
        raise ValueError(f"the key {shown(key)} stands twice; keep one of the two")


def _check_size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """The number of values with every alias written out. Checked before anything is made of them."""
    known = sizes.get(id(node))
    if known == 0:
        raise ValueError("an alias stands inside of what it refers to")
    if known is not None:
        return known
    sizes[id(node)] = 0
    parts: Iterable[yaml.Node] = ()
    if isinstance(node, yaml.MappingNode) and node.value:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) != len(keys):
            _refuse_twice(keys)
        parts = chain.from_iterable(node.value)
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    size = 1 + sum(_check_size(part, sizes) for part in parts)
    if size > MOST_YAML_VALUES:
        raise ValueError(f"more than {MOST_YAML_VALUES} values, aliases written out")
    sizes[id(node)] = size
    return size
