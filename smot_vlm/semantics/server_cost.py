"""What the answers of servers cost, and which questions got none."""

import time
from collections.abc import Sequence

from smot_vlm.semantics.cost import Cost, total


class Watch:
    """What a video costs.

    Args:
        costs: of each model, counted on while a video is described.
    """

    def __init__(self, costs: Sequence[Cost]) -> None:
        self._costs = costs
        self._start = time.monotonic()
        self._before = total(costs)

    def told(self) -> str:
        """The cost since this was made.

        Returns:
            One line.
        """
        spent = total(self._costs).since(self._before)
        seconds = time.monotonic() - self._start
        cached = f", {_counted(spent.kept, 'answer')} from the cache" if spent.kept else ""
        tokens = f"{spent.tokens_read} tokens read, {spent.tokens_written} written"
        return f"servers: {_counted(spent.calls, 'call')}{cached}, {tokens}, {seconds:.1f} s for this video"


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
