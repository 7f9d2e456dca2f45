"""One video in progress: boxes on every frame, keyframes about twice a second, captions and verbs when asked."""

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
from smot_vlm.models.card import NOT_STATED
from smot_vlm.models.interactions import find_interactions, relations_of
from smot_vlm.models.prompted import PromptedModel
from smot_vlm.models.verb_set import known_verbs, open_verbs
from smot_vlm.models.voice import Voice
from smot_vlm.structures import WITHHELD, Description, Detections, Frame, ModelInfo, Trajectory, VideoInfo
from smot_vlm.system.timing import PartTimes
from smot_vlm.video.reader import VideoReader


class Session:
    """Describes one video for a Tracker.

    Args:
        model: any of the three kinds.
        config: its configuration.
        open_people: given the model's own detector as a function of a frame, opens the source of boxes with ids.
        times: books seconds by part: detector, backbone, association, features, fusion, language, verbs.
        verbs: phrases in place of the 335 senses.
        people_detector: finds people where the video is unlike what the model learned from; None: the model's own.
        detector: what finds the people otherwise, for the description.
        successor: the model, with its configuration, that speaks where the video is unlike what the first one learned from.
        upcoming: the batch of frames that was read.
        own_boxes: the model's own detector finds the people, so that it sees every frame.
    """

    def __init__(
        self,
        model: SmotModelBase,
        config: Config,
        open_people: Callable[[Callable[[Frame], Detections]], PeopleSource],
        times: PartTimes,
        verbs: Sequence[str] | None = None,
        *,
        people_detector: Detector | None = None,
        detector: str = "",
        successor: tuple[SmotModelBase, Config] | None = None,
        upcoming: Upcoming | None = None,
        own_boxes: bool = False,
    ) -> None:
        self._people_detector = people_detector
        self._own_boxes = own_boxes
        self._upcoming = upcoming or Upcoming()
        self._found: Ahead[Detections] = Ahead(self._find_any, self._upcoming)
        self._own_found: Ahead[Detections] = Ahead(self._find_own, self._upcoming)
        self._detector = detector
        self._config = config
        self._times = times
        self._trajectories = TrajectoryBuilder()
        self._watched = array("q")
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
        return Voice(model, config, asked, self._times, self._upcoming, encodes_all)

    @property
    def _speaker(self) -> Voice:
        """Who speaks: the model, or its successor where the model must not or the successor knows these people."""
        successor = self._successor
        return successor if successor and (self._voice.is_silent or successor.knows_people()) else self._voice

    def observe(self, frame: Frame) -> Detections:
        """Take in the next frame.

        Args:
            frame: later than those before.

        Returns:
            The people in it, with ids.
        """
        self._size = (frame.width, frame.height)
        self._voice.judge(frame)
        people = self._people.update(frame)
        self._trajectories.add(frame.index, people)
        self._watched.append(frame.index)
        self._voice.observe(frame, people)
        if self._successor is not None:
            self._successor.observe(frame, people)
        return people

    def describe(self, video: VideoReader) -> Description:
        """Describe the frames so far.

        Args:
            video: the reader that gave them.

        Returns:
            The description.

        Raises:
            ValueError: boxes were given and none of them lies in these frames.
        """
        self._people.check_used(video.name, video.ended)
        speaker = self._speaker
        tracks = [replace(track, words=speaker.gate.person(speaker.memory, track.id)) for track in self._tracks()]
        silent = Description(
            self._video_info(video), tuple(tracks), (), "", self._model_info(speaker), words=speaker.gate.video()
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

    def _video_info(self, video: VideoReader) -> VideoInfo:
        width, height = self._size
        return VideoInfo(
            video.name,
            width,
            height,
            float(video.fps),
            video.frames_read,
            truncated=video.truncated,
            stopped=video.stopped,
            damage=video.damage,
            times=video.times,
        )

    def _model_info(self, speaker: Voice) -> ModelInfo:
        model, config = speaker.model, speaker.config
        card = model.card
        prompts = model.prompts if isinstance(model, PromptedModel) else None
        detector = PEOPLE_DETECTOR if self._uses_people_detector() else self._detector
        return ModelInfo(
            config.name,
            config.decoder.name,
            self._people.name,
            model.trained,
            detector=detector,
            domain=card.domain,
            version=card.version,
            training_data="" if card.training_data == NOT_STATED else card.training_data,
            calibration=card.calibration,
            prompts=prompts.fingerprints("instance_caption", "video_caption") if prompts else {},
        )
