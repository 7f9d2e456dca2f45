"""Where a long video is divided: each stretch is told when it ends, so that what was kept for its words can go."""

from collections.abc import Callable

from smot_vlm.models.joining import Stretch, joined
from smot_vlm.structures import Description


class Stretches:
    """The stretches that were told, and the one in progress.

    Args:
        longest: seconds of a stretch; one may end at a cut from half of them on. None: the video is one stretch.
    """

    def __init__(self, longest: float | None) -> None:
        self.frames_told = 0
        self._longest = longest
        self._began: float | None = None
        self._now = 0.0
        self._told: list[tuple[float, float, Callable[[], Description]]] = []

    def is_over(self, seconds: float, is_cut: bool) -> bool:
        """Whether the stretch in progress ends before a frame.

        Args:
            seconds: the time of the frame.
            is_cut: another shot begins with it.
        """
        if self._began is None or self._longest is None:
            return False
        return seconds - self._began >= (self._longest / 2 if is_cut else self._longest)

    def end(self, seconds: float, told: Callable[[], Description], frames: int) -> None:
        """Note what is said of the stretch in progress.

        Args:
            seconds: where the next one begins.
            told: describes its frames, the same each time.
            frames: how many they are.
        """
        assert self._began is not None, "a stretch that ends has begun"
        self._told.append((self._began, seconds, told))
        self.frames_told += frames
        self._began = None

    def take(self, seconds: float) -> None:
        """Note the next frame.

        Args:
            seconds: its time.
        """
        self._began = seconds if self._began is None else self._began
        self._now = seconds

    def with_newest(self, newest: Callable[[], Description]) -> Callable[[], Description]:
        """One description of all.

        Args:
            newest: describes the stretch in progress.

        Returns:
            Describes all up to now, however many stretches have ended when it is called.
        """
        start = self._began or 0.0
        before, end = tuple(self._told), max(self._now, start)

        def describe() -> Description:
            if not before:
                return newest()
            told = [Stretch(begun, ended, words()) for begun, ended, words in before]
            last = newest()
            return joined([*told, Stretch(start, end, last)], last.video, last.model)

        return describe
