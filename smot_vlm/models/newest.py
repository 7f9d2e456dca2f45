"""The newest seconds of a video without end: what a session keeps of them, and what is seen in them."""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.models.card import DRAWN
from smot_vlm.models.present import present
from smot_vlm.models.voice import Voice
from smot_vlm.rules.described import attributes_told, sight_of
from smot_vlm.structures import WITHHELD, Attribute, Description, Frame, Sight, Trajectory, VideoInfo

# Times are rounded by the container.
_SAME_SECONDS = 5e-4


class NewestSeconds:
    """Which frames are new enough, and what captions told of the people in them.

    Args:
        seconds: so many are kept.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._frames: deque[tuple[int, float]] = deque()
        self._told: dict[int, tuple[Attribute, ...]] = {}

    @property
    def times(self) -> tuple[tuple[int, float], ...]:
        """Index and time of each frame that is kept."""
        return tuple(self._frames)

    @property
    def first_seconds(self) -> float:
        """The time of the oldest frame that is kept."""
        return self._frames[0][1]

    def keep(self, frame: Frame, boxes: TrajectoryBuilder, watched: "array[int]", voices: Iterable[Voice]) -> None:
        """Take in a frame, and let go of older ones and of people who were not seen since.

        Args:
            frame: the newest.
            boxes: of all people.
            watched: indices of the frames.
            voices: whose memories of people are kept small.
        """
        self._frames.append((frame.index, frame.time_seconds))
        while self._frames[0][1] < frame.time_seconds - self._seconds - _SAME_SECONDS:
            self._frames.popleft()
        first = self._frames[0][0]
        boxes.drop_before(first)
        del watched[: bisect_left(watched, first)]
        there = boxes.ids
        for voice in voices:
            voice.memory.forget(set(voice.memory.tracks) - there)
        for track_id in set(self._told) - there:
            del self._told[track_id]

    def prepare_sight(
        self, speaker: Voice, tracks: Sequence[Trajectory], video: VideoInfo, description: Description | None
    ) -> Callable[[], Sight]:
        """What is seen, still to be looked at.

        Args:
            speaker: the model, whose memory keeps the newest observations.
            tracks: of these seconds.
            video: gives the times of their frames.
            description: made of the newest frame, or not long ago, which tells more; None: there is none.

        Returns:
            Gives people, what they look like, and deeds.
        """
        drawn = speaker.model.card.domain == DRAWN
        if description is not None and description.words != WITHHELD:
            told = {track.id: attributes_told(track, drawn=drawn) for track in description.tracks}
            self._told |= {track_id: attributes for track_id, attributes in told.items() if attributes}
        looks = dict(self._told)

        def look() -> Sight:
            seen = present(speaker, tracks, video, looks)
            if description is None:
                return seen
            return replace(seen, deeds=(*seen.deeds, *sight_of(description, drawn=drawn).deeds))

        return look
