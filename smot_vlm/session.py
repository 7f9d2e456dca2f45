"""One video in progress: boxes on every frame, keyframes about twice a second, captions and verbs when asked.

A long video is told stretch by stretch: when one ends its words are written, and all but its boxes is let go.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from smot_vlm.association.interpolation import fill_gaps
from smot_vlm.association.people_sources import PeopleSource
from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.config import Config
from smot_vlm.detection.ahead import Upcoming
from smot_vlm.detection.detector import Detector
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.finding import PeopleFinding
from smot_vlm.models.newest import NewestSeconds
from smot_vlm.models.speakers import Speakers
from smot_vlm.models.stretches import Stretches
from smot_vlm.models.telling import put_into_words
from smot_vlm.models.verb_set import known_verbs, open_verbs
from smot_vlm.models.voice import Voice
from smot_vlm.structures import Description, Detections, Frame, Sight, Trajectory, VideoInfo
from smot_vlm.system.newest_work import Once
from smot_vlm.system.timing import PartTimes
from smot_vlm.video.reader import VideoReader


class Session:
    """Describes one video for a Tracker.

    Args:
        model: any of the three kinds.
        config: its configuration.
        video: the reader that gives the frames.
        open_people: given the model's own detector as a function of a frame, opens the source of boxes with ids.
        times: books seconds by part: detector, backbone, association, features, fusion, language, verbs.
        verbs: phrases in place of the 335 senses.
        people_detector: finds people where the video is unlike what the model learned from; None: the model's own.
        detector: what finds the people otherwise, for the description.
        successor: the model, with its configuration, that speaks where the video is unlike what the first one learned from.
        recent_seconds: only so many seconds are kept, for videos without end, and descriptions are of these; None: all.
        upcoming: the batch of frames that was read.
        own_boxes: the model's own detector finds the people, so that it sees every frame.
        words_apart: words and sights are made in another thread than the one that observes.
    """

    def __init__(
        self,
        model: SmotModelBase,
        config: Config,
        video: VideoReader,
        open_people: Callable[[Callable[[Frame], Detections]], PeopleSource],
        times: PartTimes,
        verbs: Sequence[str] | None = None,
        *,
        people_detector: Detector | None = None,
        detector: str = "",
        successor: tuple[SmotModelBase, Config] | None = None,
        recent_seconds: float | None = None,
        upcoming: Upcoming | None = None,
        own_boxes: bool = False,
        words_apart: bool = False,
    ) -> None:
        self._newest_seconds = recent_seconds
        self._newest = None if recent_seconds is None else NewestSeconds(recent_seconds)
        self._upcoming = upcoming or Upcoming()
        self._config = config
        self._words_apart = words_apart
        self._video = video
        self._times = times
        self._trajectories = TrajectoryBuilder()
        self._watched = array("q")  # the frames of the stretch in progress
        # Of the newest seconds alone nothing is told for good.
        self._stretches = Stretches(config.long_video.passage_seconds if recent_seconds is None else None)
        self._cuts: list[float] = []
        self._size = (0, 0)
        self._has_own_verbs = verbs is not None
        self._voice = self._open_voice(model, config, verbs, finds=own_boxes, helped=people_detector is not None)
        self._speakers = Speakers(self._voice, successor and self._open_voice(*successor, verbs), apart=words_apart)
        self._finding = PeopleFinding(self._voice, people_detector, detector, self._upcoming, times)
        self._people = open_people(self._finding.find)

    def _open_voice(self, model: SmotModelBase, config: Config, verbs: Sequence[str] | None, **finder: bool) -> Voice:
        asked, seconds = known_verbs(model) if verbs is None else open_verbs(model, verbs), self._newest_seconds
        return Voice(model, config, asked, self._times, seconds, self._upcoming, **finder)

    def observe(self, frame: Frame, is_cut: bool = False) -> Detections:
        """Take in the next frame.

        Args:
            frame: later than those before.
            is_cut: another shot begins with it.

        Returns:
            The people in it, with ids.
        """
        if is_cut:
            self._people.end_tracks()
            self._cuts.append(frame.time_seconds)
        if self._stretches.is_over(frame.time_seconds, is_cut):
            self._end_stretch(frame.time_seconds)
        self._stretches.take(frame.time_seconds)
        self._size = (frame.width, frame.height)
        self._voice.judge(frame)
        people = self._people.update(frame)
        self._trajectories.add(frame.index, people)
        self._watched.append(frame.index)
        self._speakers.observe(frame, people)
        if self._newest is not None:
            self._newest.keep(frame, self._trajectories, self._watched, self._speakers.all)
            self._cuts = [seconds for seconds in self._cuts if seconds >= self._newest.first_seconds]
        return people

    def prepare_sight(self, description: Description | None = None) -> Callable[[], Sight]:
        """What is seen in the newest seconds, of a session that keeps these alone; looked at by whoever calls the result.

        Args:
            description: of `describe`, where it is new; what it tells is taken in.
        """
        assert self._newest is not None, "the session keeps the newest seconds"
        look = self._newest.prepare_sight(self._speakers.teller, self._tracks(), self._video_info(), description)
        return self._times.timed("verbs", look)

    def describe(self) -> Description:
        """Describe the frames so far.

        Returns:
            The description.

        Raises:
            ValueError: boxes were given and none of them lies in these frames.
        """
        return self.prepare()()

    def prepare(self) -> Callable[[], Description]:
        """`describe`, with the words still to be written: by whoever calls the result, while frames go on."""
        self._people.check_used(self._video.name, self._video.ended)
        return self._stretches.with_newest(self._prepare_stretch())

    def _end_stretch(self, seconds: float) -> None:
        """Put the stretch into words and let go what was kept for them."""
        words = Once(self._prepare_stretch(), at_once=not self._words_apart)
        self._stretches.end(seconds, words, len(self._watched))
        self._trajectories = TrajectoryBuilder()
        self._watched = array("q")
        self._speakers.forget()

    def _prepare_stretch(self) -> Callable[[], Description]:
        """`prepare` for the frames since the last stretch ended."""
        speaker = self._speakers.teller
        tracks = [replace(track, words=speaker.gate.person(speaker.memory, track.id)) for track in self._tracks()]
        silent = Description(
            self._video_info(),
            tuple(tracks),
            (),
            "",
            speaker.info(self._people.name, self._finding.name),
            words=speaker.gate.video(),
        )
        return partial(put_into_words, silent, speaker, self._times, has_own_verbs=self._has_own_verbs)

    def _tracks(self) -> list[Trajectory]:
        """The trajectories so far, with their gaps filled if the configuration says so; given ones are left as they are."""
        tracks = self._trajectories.build()
        if not self._config.association.fill_gaps or self._people.final:
            return tracks
        return fill_gaps(tracks, np.array(self._watched, dtype=np.int64))

    def _video_info(self) -> VideoInfo:
        width, height = self._size
        video = self._video
        return VideoInfo(
            video.name,
            width,
            height,
            float(video.fps),
            self._stretches.frames_told + len(self._watched),
            truncated=video.truncated,
            stopped=video.stopped,
            damage=video.damage,
            times=video.times if self._newest is None else self._newest.times,
            cuts=tuple(self._cuts),
        )
