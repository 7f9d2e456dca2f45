"""From plain content (parsed JSON or YAML) to dataclasses: every field's type and range is checked, and named where it is wrong.

A dataclass is its own schema: `int`, `float`, `bool`, `str`, other dataclasses, `tuple[X, ...]`, `tuple[X, Y]`,
`dict[str, X]`, `X | None`; `Annotated[int, Range(1, 9)]` for a range and `Annotated[np.ndarray, Numbers(...)]` for numbers
in bulk. A bool is no int; numbers are finite; integers stay within 2**53 where no range says otherwise.
"""

import math
import types
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from itertools import chain
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from smot_vlm.formats.documents import shown

Record = TypeVar("Record")


@dataclass(frozen=True)
class Range:
    """What a number may be.

    Attributes:
        low: the smallest.
        high: the largest.
        above: whether `low` itself is too small.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        try:
            finite = math.isfinite(value)
        except OverflowError:
            return False
        return finite and self.low <= value <= self.high and not (self.above and value == self.low)

    def holds(self, values: np.ndarray) -> bool:
        """Whether every number of an array may be.

        Args:
            values: ints or floats.

        Returns:
            True where there is none.
        """
        low = values > self.low if self.above else values >= self.low
        return bool((np.isfinite(values) & low & (values <= self.high)).all())

    def __str__(self) -> str:
        ends = [f"{'above' if self.above else 'from'} {_end(self.low)}"] if self.low > -math.inf else []
        ends += [f"to {_end(self.high)}"] if self.high < math.inf else []
        return " ".join(ends) or "that is finite"


@dataclass(frozen=True)
class Numbers:
    """A list of numbers, which becomes an array.

    Attributes:
        kind: int or float.
        range: of each number.
        columns: of a table: numbers in each row; 0 for a plain list.
    """

    kind: type[int] | type[float]
    range: Range
    columns: int = 0


# Beyond it JSON readers of other languages round.
WHOLE = Range(-(2**53), 2**53)
REAL = Range()


def record(
    kind: type[Record], content: Any, place: str = "", *, whole: str = "the file", text_numbers: bool = False
) -> Record:
    """Make a dataclass of an object of JSON or YAML.

    Args:
        kind: the dataclass.
        content: keys and values; a field with a default may be absent.
        place: of the object in its document, such as `tracks[3]`; empty for the document.
        whole: what to call the document.
        text_numbers: whether a text such as "5e-4", which YAML 1.1 does not take for a number, may stand for one.

    Returns:
        The record.

    Raises:
        ValueError: a key is unknown or missing, a value is of another type or out of range; the message names the place.
    """
    return _Reader(whole, text_numbers).record(kind, content, place)


class _Reader:
    def __init__(self, whole: str, text_numbers: bool) -> None:
        self.whole, self.text_numbers = whole, text_numbers

    def record(self, kind: type[Record], content: Any, place: str) -> Record:
        if not isinstance(content, dict):
            raise ValueError(f"{place or self.whole} is {shown(content)}; give keys and values")
        hints, required = _fields(cast(Any, kind))
        prefix = f"{place}." if place else ""
        for key in content:
            if key not in hints:
                name = key if isinstance(key, str) and key.isidentifier() and len(key) < 80 else shown(key)
                raise ValueError(
                    f"unknown key {prefix}{name}; valid keys: {', '.join(prefix + name for name in hints)}"
                )
        missing = [name for name in required if name not in content]
        if missing:
            raise ValueError(f"{prefix}{missing[0]} is missing; it takes {_told(hints[missing[0]])}")
        values = {key: self.value(hints[key], value, prefix + key) for key, value in content.items()}
        try:
            return kind(**values)
        except ValueError as error:
            inside = bool(place) and place not in str(error)
            raise ValueError(f"{place}: {error}" if inside else str(error)) from None

    def value(self, kind: Any, value: Any, place: str) -> Any:
        origin, arguments = get_origin(kind), get_args(kind)
        if is_dataclass(kind):
            return self.record(cast(type[Any], kind), value, place)
        if origin in (Union, types.UnionType):
            if value is None:
                return None
            (inner,) = (argument for argument in arguments if argument is not types.NoneType)
            return self._single(inner, value, place, kind)
        if origin is tuple and isinstance(value, list | tuple):
            kinds = arguments[:1] * len(value) if arguments[1:] == (...,) else arguments
            if len(kinds) == len(value):
                pairs = zip(kinds, value, strict=True)
                return tuple(self.value(entry, part, f"{place}[{row}]") for row, (entry, part) in enumerate(pairs))
        if origin is dict and isinstance(value, dict) and all(isinstance(name, str) for name in value):
            return {name: self.value(arguments[1], part, f"{place}.{name}") for name, part in value.items()}
        return self._single(kind, value, place, kind)

    def _single(self, kind: Any, value: Any, place: str, told: Any) -> Any:
        plain, limits = (get_args(kind)[:2]) if get_origin(kind) is Annotated else (kind, None)
        if isinstance(limits, Numbers):
            return _array(limits, value, place)
        if plain is str and isinstance(value, str) and is_text(value):
            return value
        if plain is bool and isinstance(value, bool):
            return value
        if plain is int and _is_number(value, int) and value in (limits or WHOLE):
            return value
        if plain is float:
            number = self._number(value)
            if number is not None and number in (limits or REAL):
                return number
        # Of the right type, so what is wrong is its size.
        size = f" {WHOLE}" if plain is int and _is_number(value, int) else ""
        size = f" {REAL}" if plain is float and _is_number(value, float) else size
        raise ValueError(f"{place} is {shown(value)}; it takes {_told(told)}{'' if limits else size}")

    def _number(self, value: Any) -> float | None:
        if not _is_number(value, float) and not (self.text_numbers and isinstance(value, str)):
            return None
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None


@cache
def _fields(kind: Hashable) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Each field's type, and the names of those without a default."""
    hints = get_type_hints(kind, include_extras=True)
    own = fields(cast(Any, kind))
    required = tuple(entry.name for entry in own if entry.default is MISSING and entry.default_factory is MISSING)
    return {entry.name: hints[entry.name] for entry in own}, required


def _end(value: float) -> str:
    whole = int(value)
    return f"{'-' * (value < 0)}2**53" if abs(whole) == 2**53 else str(value)


def _is_number(value: Any, kind: type[int] | type[float]) -> bool:
    return isinstance(value, int | kind) and not isinstance(value, bool)


def is_text(value: str) -> bool:
    r"""Whether a text can be written: JSON can hold halves of characters. Bytes of a name that is no UTF-8 (`\udc..`) can.

    Args:
        value: the text.

    Returns:
        True where it can.
    """
    try:
        value.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _told(kind: Any) -> str:
    """A type in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if entry is types.NoneType else _told(entry) for entry in arguments)
    if origin is Annotated:
        limits = arguments[1]
        if isinstance(limits, Numbers):
            return "a list of numbers" if not limits.columns else f"a list of rows of {limits.columns} numbers"
        return f"{_told(arguments[0])} {limits}"
    if origin is tuple:
        parts = [_told(entry) for entry in arguments if entry is not ...]
        return f"a list of {parts[0]}" if arguments[1:] == (...,) else f"[{', '.join(parts)}]"
    if origin is dict or is_dataclass(kind):
        return "keys and values"
    return str(getattr(kind, "__name__", kind))


def _array(limits: Numbers, value: Any, place: str) -> np.ndarray:
    """Checked in bulk: a description may hold millions of numbers."""
    if isinstance(value, np.ndarray) and limits.range.holds(value):
        return value
    numbers = _flat(limits.columns, value, place)
    allowed = {int} if limits.kind is int else {int, float}
    array = None
    if set(map(type, numbers)) <= allowed:
        with suppress(OverflowError):
            array = np.array(numbers, dtype=np.int64 if limits.kind is int else np.float64)
    if array is None or not limits.range.holds(array):
        wrong = (type(number) not in allowed or number not in limits.range for number in numbers)
        index = next(index for index, is_wrong in enumerate(wrong) if is_wrong)
        row, column = divmod(index, limits.columns or 1)
        at = f"[{row}][{column}]" if limits.columns else f"[{row}]"
        raise ValueError(f"{place}{at} is {shown(numbers[index])}; it takes {limits.kind.__name__} {limits.range}")
    return array.reshape(-1, limits.columns) if limits.columns else array


def _flat(columns: int, value: Any, place: str) -> list[Any]:
    """The numbers of a list, or of the rows of a table."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(value, list | tuple):
        raise ValueError(f"{place} is {shown(value)}; it takes a list")
    if not columns:
        return list(value)
    if not (set(map(type, value)) <= {list, tuple} and set(map(len, value)) <= {columns}):
        row = next(row for row, part in enumerate(value) if not isinstance(part, list | tuple) or len(part) != columns)
        raise ValueError(f"{place}[{row}] is {shown(value[row])}; it takes {columns} numbers")
    return list(chain.from_iterable(value))
