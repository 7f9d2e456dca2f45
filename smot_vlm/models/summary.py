"""A caption that sums up the captions of several stretches of time, and stays short however many there are."""

from collections.abc import Sequence

from smot_vlm.structures import STATED, Passage, less_trusted

# Passages that a summary tells.
MOST_TOLD = 3
_BETWEEN = " Later: "


def most_telling(passages: Sequence[Passage]) -> list[int]:
    """Which passages a summary tells: of each different text the first, of these the ones that are true for longest.

    Args:
        passages: in order of time.

    Returns:
        Positions of at most MOST_TOLD passages, in order of time.
    """
    seconds: dict[str, float] = {}
    first: dict[str, int] = {}
    for row, passage in enumerate(passages):
        first.setdefault(passage.text, row)
        seconds[passage.text] = seconds.get(passage.text, 0.0) + passage.seconds
    longest = sorted(first, key=lambda text: (-seconds[text], first[text]))[:MOST_TOLD]
    return sorted(first[text] for text in longest)


def summary(passages: Sequence[Passage]) -> tuple[str, str]:
    """The caption over all passages.

    Args:
        passages: in order of time.

    Returns:
        The most telling texts as they stand, and STATED or DOUBTFUL; no words of no passage.
    """
    told = [passages[row] for row in most_telling(passages)]
    return _BETWEEN.join(passage.text for passage in told), less_trusted(STATED, *(one.words for one in told))
