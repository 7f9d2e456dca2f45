"""Who speaks about a video: a model, or its successor where the video or its people are not what the model knows."""

from smot_vlm.models.voice import Voice
from smot_vlm.structures import Detections, Frame


class Speakers:
    """One or two voices that watch the same video.

    Args:
        first: speaks where it knows such pictures.
        successor: speaks elsewhere, and where it knows most people; None: nobody does.
        apart: what is told is told in another thread than the one that observes.
    """

    def __init__(self, first: Voice, successor: Voice | None, *, apart: bool = False) -> None:
        self._apart = apart
        self._first = first
        self._successor = successor
        self.all = (first,) if successor is None else (first, successor)

    @property
    def current(self) -> Voice:
        """Who speaks, as far as the video was seen."""
        other = self._successor
        return other if other is not None and (self._first.is_silent or other.knows_people()) else self._first

    @property
    def teller(self) -> Voice:
        """The same, to tell what is remembered now."""
        return self.current.snapshot() if self._apart else self.current

    def observe(self, frame: Frame, people: Detections) -> None:
        """Take in a frame.

        Args:
            frame: the newest.
            people: in it, with ids.
        """
        for voice in self.all:
            voice.observe(frame, people)

    def forget(self) -> None:
        """Let go what is remembered of the video."""
        for voice in self.all:
            voice.forget()
