"""One video in progress: boxes on every frame, keyframes about twice a second, captions and verbs when asked.

A long video is told stretch by stretch: when one ends its words are written, and all that was kept for them is let go but the
boxes. So memory grows with boxes and words alone.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from smot_vlm.association.interpolation import fill_gaps
from smot_vlm.association.people_sources import PeopleSource
from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.config import Config
from smot_vlm.detection.ahead import Ahead, Upcoming
from smot_vlm.detection.detector import Detector, detect_many
from smot_vlm.detection.people_detector import PEOPLE_DETECTOR
from smot_vlm.language.agreement import agreed
from smot_vlm.language.confirmation import confirmed
from smot_vlm.language.pointing import with_clauses
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.caption_times import clause_texts, with_segments
from smot_vlm.models.interactions import find_interactions, relations_of
from smot_vlm.models.joining import Stretch, joined
from smot_vlm.models.newest import NewestSeconds
from smot_vlm.models.verb_set import known_verbs, open_verbs
from smot_vlm.models.voice import Voice
from smot_vlm.structures import WITHHELD, Description, Detections, Frame, Sight, Trajectory, VideoInfo
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
    ) -> None:
        self._newest_seconds = recent_seconds
        self._newest = None if recent_seconds is None else NewestSeconds(recent_seconds)
        self._people_detector = people_detector
        self._own_boxes = own_boxes
        self._upcoming = upcoming or Upcoming()
        self._found: Ahead[Detections] = Ahead(self._find_any, self._upcoming)
        self._own_found: Ahead[Detections] = Ahead(self._find_own, self._upcoming)
        self._detector = detector
        self._config = config
        self._video = video
        self._times = times
        self._trajectories = TrajectoryBuilder()
        # Frames of the stretch in progress, and of all before it.
        self._watched = array("q")
        self._frames_told = 0
        self._began: float | None = None
        self._now = 0.0
        self._cuts: list[float] = []
        self._told: list[Stretch] = []
        self._size = (0, 0)
        self._has_own_verbs = verbs is not None
        self._voice = self._open_voice(model, config, verbs, self._encodes_all)
        self._successor = None if successor is None else self._open_voice(*successor, verbs)
        self._people = open_people(self._detect)

    def _open_voice(
        self,
        model: SmotModelBase,
        config: Config,
        verbs: Sequence[str] | None,
        encodes_all: Callable[[], bool] | None = None,
    ) -> Voice:
        asked = known_verbs(model) if verbs is None else open_verbs(model, verbs)
        return Voice(model, config, asked, self._times, self._newest_seconds, self._upcoming, encodes_all)

    @property
    def _speaker(self) -> Voice:
        """Who speaks: the model, or its successor where the model must not or the successor knows these people."""
        successor = self._successor
        return successor if successor and (self._voice.is_silent or successor.knows_people()) else self._voice

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
        if self._is_over(frame.time_seconds, is_cut):
            self._end_stretch(frame.time_seconds)
        self._began = frame.time_seconds if self._began is None else self._began
        self._now = frame.time_seconds
        self._size = (frame.width, frame.height)
        self._voice.judge(frame)
        people = self._people.update(frame)
        self._trajectories.add(frame.index, people)
        self._watched.append(frame.index)
        self._voice.observe(frame, people)
        if self._successor is not None:
            self._successor.observe(frame, people)
        if self._newest is not None:
            self._newest.keep(frame, self._trajectories, self._watched, (self._voice, self._successor))
            self._cuts = [seconds for seconds in self._cuts if seconds >= self._newest.times[0][1]]
        return people

    def sight(self, description: Description | None = None) -> Sight:
        """What is seen in the newest seconds; of a session that keeps these alone.

        Args:
            description: of `describe`, where it was made of the newest frame; what it tells is taken in.
        """
        assert self._newest is not None, "the session keeps the newest seconds"
        with self._times.part("verbs"):
            return self._newest.sight(self._speaker, self._tracks(), self._video_info(), description)

    def describe(self) -> Description:
        """Describe the frames so far.

        Returns:
            The description.

        Raises:
            ValueError: boxes were given and none of them lies in these frames.
        """
        self._people.check_used(self._video.name, self._video.ended)
        newest = self._tell_stretch()
        if not self._told:
            return newest
        last = Stretch(self._began or 0.0, max(self._now, self._began or 0.0), newest)
        return joined([*self._told, last], newest.video, newest.model)

    def _is_over(self, seconds: float, is_cut: bool) -> bool:
        """Whether the stretch ends before a frame of this time; of the newest seconds alone nothing is told for good."""
        if self._began is None or self._newest is not None:
            return False
        longest = self._config.long_video.passage_seconds
        return seconds - self._began >= (longest / 2 if is_cut else longest)

    def _end_stretch(self, seconds: float) -> None:
        """Put the stretch into words and let go what was kept for them."""
        assert self._began is not None, "a stretch that ends has begun"
        self._told.append(Stretch(self._began, seconds, self._tell_stretch()))
        self._frames_told += len(self._watched)
        self._began = None
        self._trajectories = TrajectoryBuilder()
        self._watched = array("q")
        self._voice.forget()
        if self._successor is not None:
            self._successor.forget()

    def _tell_stretch(self) -> Description:
        """Describe the frames since the last stretch ended."""
        speaker = self._speaker
        tracks = [replace(track, words=speaker.gate.person(speaker.memory, track.id)) for track in self._tracks()]
        silent = Description(
            self._video_info(),
            tuple(tracks),
            (),
            "",
            speaker.info(self._people.name, self._detector_name()),
            words=speaker.gate.video(),
        )
        # Without people there is nothing to say, and nothing either where the model would only guess.
        return silent if silent.words == WITHHELD or not tracks else self._put_into_words(silent, speaker)

    def _put_into_words(self, silent: Description, speaker: Voice) -> Description:
        model, ids = speaker.model, [track.id for track in silent.tracks]
        with self._times.part("fusion"):
            fused = model.fuse_memory(speaker.memory, ids)
        silent = speaker.trusted(silent, fused)
        tracks = silent.tracks
        with self._times.part("verbs"):
            settings = speaker.config.interaction
            found = find_interactions(speaker.verbs, fused, tracks, settings, model.device, silent.video)
        with self._times.part("language"):
            caption, captions = model.describe(fused, relations_of(found.certain, tracks, speaker.verbs))
        stated = {track.id: text for track, text in zip(tracks, captions, strict=True) if track.words != WITHHELD}
        found = found.between(stated)
        seen = {
            number: values for number, values in zip(ids, model.attributes(fused), strict=False) if number in stated
        }
        people = tuple(replace(track, attributes=seen.get(track.id, ())) for track in tracks)
        told = replace(silent, tracks=people, interactions=found.certain).with_captions(caption, stated)
        if not self._has_own_verbs:  # phrases are no senses; what captions tell cannot be compared with them
            compose = speaker.config.decoder.compose_video_caption
            told = agreed(confirmed(told, found.possible), compose=compose)
        with self._times.part("language"):
            words = model.word_moments(fused, clause_texts(told.tracks))
            return with_clauses(with_segments(told, words, found.moments, speaker.verbs.labels))

    def _tracks(self) -> list[Trajectory]:
        """The trajectories so far, with their gaps filled if the configuration says so; given ones are left as they are."""
        tracks = self._trajectories.build()
        if not self._config.association.fill_gaps or self._people.final:
            return tracks
        return fill_gaps(tracks, np.array(self._watched, dtype=np.int64))

    def _detect(self, frame: Frame) -> Detections:
        """The people of a frame: by the model's own detector where it knows such pictures, else by the other one."""
        return (self._found if self._uses_people_detector() else self._own_found).of(frame)

    def _find_any(self, frames: list[Frame]) -> list[Detections]:
        """The people of several frames by the detector that knows any people."""
        assert self._people_detector is not None, "it is used where there is one"
        with self._times.part("detector"):
            return detect_many(self._people_detector, [frame.image for frame in frames])

    def _find_own(self, frames: list[Frame]) -> list[Detections]:
        """The people of several frames by the model's own detector."""
        encoded = [self._voice.encode(frame, "detector") for frame in frames]
        with self._times.part("detector"):
            return self._voice.model.detect_many(encoded)

    def _uses_people_detector(self) -> bool:
        return self._people_detector is not None and self._voice.is_silent

    def _encodes_all(self) -> bool:
        return self._own_boxes and not self._uses_people_detector()

    def _detector_name(self) -> str:
        return PEOPLE_DETECTOR if self._uses_people_detector() else self._detector

    def _video_info(self) -> VideoInfo:
        width, height = self._size
        video = self._video
        return VideoInfo(
            video.name,
            width,
            height,
            float(video.fps),
            self._frames_told + len(self._watched),
            truncated=video.truncated,
            stopped=video.stopped,
            damage=video.damage,
            times=video.times if self._newest is None else self._newest.times,
            cuts=tuple(self._cuts),
        )
