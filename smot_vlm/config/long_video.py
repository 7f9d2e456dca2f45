"""How videos of many shots, and long ones, are told."""

from dataclasses import dataclass

from smot_vlm.config.ranges import Positive


@dataclass(frozen=True)
class LongVideoConfig:
    """Cuts and passages.

    Attributes:
        cuts: find where another shot begins; tracks end there.
        passage_seconds: longest stretch of a video that is told at once, after which what was kept for words is let go; it
            ends at a cut where one comes in its second half.
    """

    cuts: bool = True
    passage_seconds: Positive = 60.0
