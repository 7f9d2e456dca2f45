"""What the words of language models cost, in this process or on a server."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass
class Cost:
    """What answers cost.

    Attributes:
        calls: answers of a language model: a caption, what is said of a pair.
        kept: answers from the cache.
        tokens_read: of prompts, pictures and soft tokens.
        tokens_written: of answers.
    """

    calls: int = 0
    kept: int = 0
    tokens_read: int = 0
    tokens_written: int = 0

    def count(self, tokens_read: int, tokens_written: int, calls: int = 1) -> None:
        """Count answers.

        Args:
            tokens_read: for them.
            tokens_written: in them.
            calls: how many.
        """
        self.calls += calls
        self.tokens_read += tokens_read
        self.tokens_written += tokens_written

    def since(self, before: "Cost") -> "Cost":
        """What was counted after an earlier state.

        Args:
            before: a copy of the same cost, made earlier.

        Returns:
            The difference.
        """
        return Cost(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


def total(costs: Iterable[Cost]) -> Cost:
    """The sum.

    Args:
        costs: of several models; none cost nothing.

    Returns:
        A new one.
    """
    return Cost(*map(sum, zip(*map(astuple, (Cost(), *costs)), strict=True)))
