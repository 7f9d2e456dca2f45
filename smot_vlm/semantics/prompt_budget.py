"""What one rendering of a template may compute: each step of a loop and each text is paid for before more is made of it."""

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Sized, ValuesView
from itertools import chain, islice
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace

LONGEST_TEXT = 65_536
LARGEST_NUMBER = 10**15
# Parts of the template that are computed, and characters (or entries) that go through filters: far below a second each.
MOST_STEPS = 500_000
MOST_CHARACTERS = 2_000_000
_HOLDERS = (dict, list, tuple, set, range, KeysView, ValuesView, ItemsView)


class Budget:
    """The budget of one rendering, and what spends it."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin another rendering."""
        self.steps, self.characters = MOST_STEPS, MOST_CHARACTERS

    def spend(self, steps: int, characters: int = 0) -> None:
        """Pay for what is about to be computed.

        Args:
            steps: parts of the template.
            characters: of a text, or entries of a list.

        Raises:
            SecurityError: the budget is spent, or the text is too long.
        """
        self.steps -= steps
        self.characters -= characters
        if self.steps < 0 or self.characters < 0 or characters > LONGEST_TEXT:
            raise SecurityError("it computes too much; a prompt is a few sentences")

    def size(self, value: Any) -> int:
        """What a value costs.

        Args:
            value: any.

        Returns:
            Characters of a text, entries of a list.
        """
        return len(value) if isinstance(value, Sized) and not isinstance(value, Undefined) else 1

    def paid(self, value: Any) -> Any:
        """A value that goes into a filter or out of it.

        Args:
            value: any.

        Returns:
            The value; an iterator as a list.
        """
        if isinstance(value, Iterator):
            value = list(islice(value, LONGEST_TEXT + 1))
        self.spend(1, self.size(value))
        return value

    def text(self, value: Any) -> str:
        """A value as text, paid for before the text is made.

        Args:
            value: any.

        Returns:
            Its text.
        """
        return value if isinstance(value, str) else str(self.paid(value))

    def written(self, value: Any) -> str:
        """A value as it is written.

        Args:
            value: any.

        Returns:
            Its text.
        """
        text = self.text(value)
        self.spend(1, len(text))
        return text

    def walked(self, values: Iterable[Any], steps: int) -> Iterator[Any]:
        """The values of a loop.

        Args:
            values: that the loop runs over.
            steps: parts of the template in the loop.

        Yields:
            The values.
        """
        for value in values:
            self.spend(steps)
            yield value

    def join(self, values: Iterable[Any], d: str = "") -> str:
        """Jinja's filter, paid for before the text is made.

        Args:
            values: texts and numbers.
            d: between them.

        Returns:
            The text.
        """
        parts, separator = [self.text(value) for value in values], self.text(d)
        self.spend(1, sum(map(len, parts)) + len(separator) * len(parts))
        return separator.join(parts)

    def replace(self, text: Any, old: Any, new: Any) -> str:
        """Jinja's filter, paid for before the text is made.

        Args:
            text: any.
            old: to replace.
            new: in its place.

        Returns:
            The text.
        """
        whole, part, other = self.text(text), self.text(old), self.text(new)
        self.spend(1, len(whole) + whole.count(part) * len(other))
        return whole.replace(part, other)

    def binary(self, operator: str, left: Any, right: Any, compute: Callable[[], Any]) -> Any:
        """An operation that makes more of its operands: numbers of numbers, and texts or lists that are put together.

        Args:
            operator: "*", "%" or "+".
            left: operand.
            right: operand.
            compute: gives the result.

        Returns:
            The result.

        Raises:
            SecurityError: other operands, or too large ones.
        """
        if all(isinstance(value, int | float) for value in (left, right)):
            if max(abs(left), abs(right)) > LARGEST_NUMBER:
                raise SecurityError(f"{operator} takes numbers up to {LARGEST_NUMBER}")
        elif operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
            self.spend(1, len(left) + len(right))
        elif operator == "*" and isinstance(left, Sized) and isinstance(right, int):
            self.spend(1, len(left) * max(right, 0))
        else:
            raise SecurityError(f"{operator} takes two numbers")
        return compute()


class NestedBudget(Budget):
    """A budget where lists may hold lists: all that a value holds counts, as often as it is held."""

    def size(self, value: Any) -> int:
        """All characters and entries; stops where they are too many, so that its own time is bounded."""
        total, waiting = 1, [value]
        while waiting and total <= LONGEST_TEXT:
            item = waiting.pop()
            if isinstance(item, Namespace):
                raise SecurityError("a namespace is no value")
            if not isinstance(item, (str, *_HOLDERS)):
                continue
            total += len(item)
            if total <= LONGEST_TEXT and not isinstance(item, str):
                waiting += chain.from_iterable(item.items()) if isinstance(item, dict) else item
        return total


def rounded(value: float, precision: int = 0) -> float:
    """Jinja's filter without its powers.

    Args:
        value: the number.
        precision: digits behind the point.

    Returns:
        The number with so many digits.

    Raises:
        SecurityError: more digits than a number has.
    """
    if not 0 <= precision <= 15:
        raise SecurityError("round takes 0 to 15 digits")
    return round(float(value), precision)


def trimmed(text: Any) -> str:
    """Jinja's filter for white space.

    Args:
        text: any.

    Returns:
        The text without white space at its ends.
    """
    return str(text).strip()
