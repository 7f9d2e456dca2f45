"""What `PeopleModel` keeps of one video."""

from collections.abc import Collection
from typing import cast

from smot_vlm.appearance.camera import CameraMotion
from smot_vlm.appearance.courses import Courses
from smot_vlm.appearance.pair_scores import PairScores
from smot_vlm.fusion.memory import SceneMemory


class PeopleMemory(SceneMemory):
    """The looks at each person, where they stood, and the scores of pairs.

    Args:
        per_second: looks a second.
        capacity: readings kept of each person.
        pairs: reads windows of looks.
    """

    def __init__(self, *, per_second: float, capacity: int, pairs: PairScores) -> None:
        super().__init__(per_second=per_second, capacity=capacity)
        self.pairs = pairs
        self.courses = Courses()
        self.camera = CameraMotion()
        self.looks = 0

    def keep_newest(self, seconds: float) -> None:
        """Keep the newest positions and windows of pairs, too."""
        super().keep_newest(seconds)
        self.pairs.keep_newest(seconds)
        self.courses.keep_newest(self._capacity)

    def snapshot(self) -> "PeopleMemory":
        """With where people stood and what was seen of pairs."""
        twin = cast(PeopleMemory, super().snapshot())
        twin.pairs, twin.courses = self.pairs.snapshot(), self.courses.snapshot()
        return twin

    def forget(self, gone: Collection[int]) -> None:
        """Let go of tracks, and of where they were."""
        super().forget(gone)
        self.courses.forget(gone)
