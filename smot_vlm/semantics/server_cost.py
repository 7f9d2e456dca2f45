"""What the answers of servers cost, and which questions got none."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from smot_vlm.semantics.server_connection import Reply


@dataclass
class Cost:
    """What answers cost.

    Attributes:
        calls: answers of a server.
        kept: answers from the cache.
        tokens_read: of prompts and pictures.
        tokens_written: of answers.
    """

    calls: int = 0
    kept: int = 0
    tokens_read: int = 0
    tokens_written: int = 0

    def count(self, reply: Reply) -> None:
        """Count an answer.

        Args:
            reply: of a server.
        """
        self.calls += 1
        self.tokens_read += reply.tokens_read
        self.tokens_written += reply.tokens_written


class Watch:
    """What a video costs.

    Args:
        costs: of each model, counted on while a video is described.
    """

    def __init__(self, costs: Sequence[Cost]) -> None:
        self._costs = costs
        self._start = time.monotonic()
        self._before = self._total()

    def told(self) -> str:
        """The cost since this was made.

        Returns:
            One line.
        """
        now, before = self._total(), self._before
        calls, kept, read, written = (after - then for after, then in zip(now, before, strict=True))
        seconds = time.monotonic() - self._start
        cached = f", {_counted(kept, 'answer')} from the cache" if kept else ""
        tokens = f"{read} tokens read, {written} written"
        return f"servers: {_counted(calls, 'call')}{cached}, {tokens}, {seconds:.1f} s for this video"

    def _total(self) -> tuple[int, int, int, int]:
        costs = self._costs
        return (
            sum(cost.calls for cost in costs),
            sum(cost.kept for cost in costs),
            sum(cost.tokens_read for cost in costs),
            sum(cost.tokens_written for cost in costs),
        )


def describe_failures(failures: list[tuple[str, str]]) -> list[str]:
    """Failures by their reasons.

    Args:
        failures: (what was asked about, reason).

    Returns:
        One line a reason.
    """
    reasons: dict[str, list[str]] = {}
    for about, reason in failures:
        reasons.setdefault(reason, []).append(about)
    return [f"no answer about {', '.join(abouts)}: {reason}" for reason, abouts in reasons.items()]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
