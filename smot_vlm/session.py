"""One video in progress: boxes on every frame, keyframes about twice a second, captions and verbs when asked."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smot_vlm.association.interpolation import fill_gaps
from smot_vlm.association.people_sources import PeopleSource
from smot_vlm.association.trajectories import TrajectoryBuilder
from smot_vlm.config import Config
from smot_vlm.detection.detector import Detector
from smot_vlm.detection.people_detector import PEOPLE_DETECTOR
from smot_vlm.language.agreement import agreed
from smot_vlm.language.pointing import with_clauses
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.caption_times import clause_texts, with_segments
from smot_vlm.models.card import NOT_STATED
from smot_vlm.models.domain_gate import DomainGate
from smot_vlm.models.interactions import find_interactions, relations_of
from smot_vlm.models.prompted import PromptedModel
from smot_vlm.models.verb_set import known_verbs, open_verbs
from smot_vlm.structures import (
    WITHHELD,
    Description,
    Detections,
    Frame,
    ModelInfo,
    Trajectory,
    VideoInfo,
)
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
    ) -> None:
        self._model = model
        self._gate = DomainGate(model)
        self._people_detector = people_detector
        self._detector = detector
        self._config = config
        self._times = times
        self._trajectories = TrajectoryBuilder()
        self._watched = array("q")
        self._memory = model.open_memory(per_second=config.features.per_second, capacity=config.features.track_frames)
        self._encoded: tuple[int, Any] | None = None
        self._size = (0, 0)
        self._has_own_verbs = verbs is not None
        self._verbs = known_verbs(model) if verbs is None else open_verbs(model, verbs)
        self._people = open_people(self._detect)

    def observe(self, frame: Frame) -> Detections:
        """Take in the next frame.

        Args:
            frame: later than those before.

        Returns:
            The people in it, with ids.
        """
        self._size = (frame.width, frame.height)
        if self._gate.is_used and self._memory.is_due(frame.time_seconds):
            self._gate.look(self._encode(frame, "backbone"))
        people = self._people.update(frame)
        self._trajectories.add(frame.index, people)
        self._watched.append(frame.index)
        self._observe(frame, people)
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
        tracks = [replace(track, words=self._gate.person(self._memory, track.id)) for track in self._tracks()]
        silent = Description(
            self._video_info(video), tuple(tracks), (), "", self._model_info(), words=self._gate.video()
        )
        # Without people there is nothing to say, and nothing either where the model would only guess.
        return silent if silent.words == WITHHELD or not tracks else self._put_into_words(silent)

    def _put_into_words(self, silent: Description) -> Description:
        tracks = silent.tracks
        ids = [track.id for track in tracks]
        with self._times.part("fusion"):
            fused = self._model.fuse_memory(self._memory, ids)
        with self._times.part("verbs"):
            found = find_interactions(
                self._verbs, fused, tracks, self._config.interaction, self._model.device, silent.video
            )
        with self._times.part("language"):
            caption, captions = self._model.describe(fused, relations_of(found.edges, tracks, self._verbs))
        stated = {track.id: text for track, text in zip(tracks, captions, strict=True) if track.words != WITHHELD}
        interactions = tuple(edge for edge in found.edges if edge.subject in stated and edge.object in stated)
        told = replace(silent, interactions=interactions).with_captions(caption, stated)
        # Phrases of the user's are no senses; what captions tell cannot be compared with them.
        if not self._has_own_verbs:
            told = agreed(told, compose=self._config.decoder.compose_video_caption)
        with self._times.part("language"):
            words = self._model.word_moments(fused, clause_texts(told.tracks))
            return with_clauses(with_segments(told, words, found.moments, self._verbs.labels))

    def _tracks(self) -> list[Trajectory]:
        """The trajectories so far, with their gaps filled if the configuration says so; given ones are left as they are."""
        tracks = self._trajectories.build()
        if not self._config.association.fill_gaps or self._people.final:
            return tracks
        return fill_gaps(tracks, np.array(self._watched, dtype=np.int64))

    def _detect(self, frame: Frame) -> Detections:
        """The people of a frame: by the model's own detector where it knows such pictures, else by the other one."""
        if self._people_detector is not None and self._uses_people_detector():
            with self._times.part("detector"):
                return self._people_detector.detect(frame.image)
        encoded = self._encode(frame, "detector")
        with self._times.part("detector"):
            return self._model.detect(encoded)

    def _uses_people_detector(self) -> bool:
        return self._people_detector is not None and self._gate.video() == WITHHELD

    def _encode(self, frame: Frame, part: str) -> Any:
        """The model's encoding of this frame, made at most once."""
        if self._encoded is None or self._encoded[0] != frame.index:
            with self._times.part(part):
                self._encoded = (frame.index, self._model.encode_frame(frame.image))
        return self._encoded[1]

    def _observe(self, frame: Frame, people: Detections) -> None:
        """A keyframe about twice a second, of everybody; between keyframes, a first observation of people who are new."""
        assert people.ids is not None, "people of a frame have ids"
        keyframe = self._memory.is_due(frame.time_seconds)
        if keyframe or self._memory.to_observe(people.ids.tolist(), keyframe):
            encoded = self._encode(frame, "backbone")
            with self._times.part("features"):
                self._model.observe(self._memory, frame, encoded, people, keyframe)

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

    def _model_info(self) -> ModelInfo:
        card = self._model.card
        prompts = self._model.prompts if isinstance(self._model, PromptedModel) else None
        detector = PEOPLE_DETECTOR if self._uses_people_detector() else self._detector
        return ModelInfo(
            self._config.name,
            self._config.decoder.name,
            self._people.name,
            self._model.trained,
            detector=detector,
            domain=card.domain,
            version=card.version,
            training_data="" if card.training_data == NOT_STATED else card.training_data,
            calibration=card.calibration,
            prompts=prompts.fingerprints("instance_caption", "video_caption") if prompts else {},
        )
