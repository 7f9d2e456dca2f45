"""One model that may speak about a video: what it remembers of it, and whether it may."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from smot_vlm.config import Config
from smot_vlm.detection.ahead import Ahead, Upcoming
from smot_vlm.fusion.even_memory import EvenMemory
from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.card import NOT_STATED
from smot_vlm.models.domain_gate import KEYFRAMES, DomainGate
from smot_vlm.models.prompted import PromptedModel
from smot_vlm.models.verb_set import VerbSet
from smot_vlm.structures import DOUBTFUL, STATED, WITHHELD, Description, Detections, Frame, ModelInfo, less_trusted
from smot_vlm.system.gathering import FRAMES, together
from smot_vlm.system.timing import PartTimes


class Voice:
    """A model, its memory of one video, and the gate of its domain.

    Args:
        model: any.
        config: its configuration.
        verbs: that it looks for.
        times: books seconds by part.
        newest_seconds: the memory keeps observations of these alone; None: some of the whole video.
        upcoming: the batch of frames that was read.
        finds: whether the model's own detector finds the people, so that it sees every frame.
        helped: whether another detector does that where the model does not know such pictures.
    """

    def __init__(
        self,
        model: SmotModelBase,
        config: Config,
        verbs: VerbSet,
        times: PartTimes,
        newest_seconds: float | None = None,
        upcoming: Upcoming | None = None,
        *,
        finds: bool = False,
        helped: bool = False,
    ) -> None:
        self.model = model
        self.config = config
        self.verbs = verbs
        self.gate = DomainGate(model)
        self._newest_seconds = newest_seconds
        self.memory = self._open_memory()
        self._places: EvenMemory[np.ndarray] = EvenMemory(KEYFRAMES)
        self._times = times
        self._encoded: Ahead[Any] = Ahead(self._encode, upcoming or Upcoming())
        self._finds, self._helped = finds, helped

    def _open_memory(self) -> SceneMemory:
        features = self.config.features
        memory = self.model.open_memory(per_second=features.per_second, capacity=features.track_frames)
        if self._newest_seconds is not None:
            memory.keep_newest(self._newest_seconds)
        return memory

    def forget(self) -> None:
        """Let go what is remembered of the video, but for whether the model knows such pictures."""
        self.memory = self._open_memory()
        self._places = EvenMemory(KEYFRAMES)

    def snapshot(self) -> "Voice":
        """The same model with what it remembers now, to tell that in another thread while this one goes on."""
        twin = copy(self)
        twin.memory, twin._places = self.memory.snapshot(), self._places.snapshot()
        return twin

    @property
    def is_silent(self) -> bool:
        """Whether the video, as far as it was seen, is unlike what the model learned from."""
        return self.gate.video() == WITHHELD

    def knows_people(self) -> bool:
        """Whether most of the people seen so far are like those that the model learned from."""
        judged = [self.gate.person(self.memory, track_id) for track_id in self.memory.tracks]
        return bool(judged) and 2 * judged.count(STATED) > len(judged)

    def trusted(self, silent: Description, fused: Any) -> Description:
        """A description whose words are trusted no more than the model itself does.

        Args:
            silent: before the words.
            fused: of the model's `fuse_memory`, a row a track.

        Returns:
            With `words` of the people, and of the video if anybody's are doubtful.
        """
        own = self.model.trust(fused)
        told = {track.id: words for track, words in zip(silent.tracks, own, strict=False)}
        tracks = tuple(
            replace(track, words=less_trusted(track.words, told.get(track.id, STATED))) for track in silent.tracks
        )
        return replace(silent, tracks=tracks, words=less_trusted(silent.words, DOUBTFUL if DOUBTFUL in own else STATED))

    def encode(self, frame: Frame, part: str) -> Any:
        """The model's encoding of a frame, made at most once, and with it those that the rest of the batch will need.

        Args:
            frame: the newest, or one behind it in the batch.
            part: of the times.
        """
        if self._encoded.holds(frame):
            return self._encoded.of(frame)
        with self._times.part(part):
            return self._encoded.of(frame, alone=not self._encodes_all)

    def _encode(self, frames: Sequence[Frame]) -> list[Any]:
        """One forward pass, with the frames of other videos that are described at the same time."""
        images = [frame.image for frame in frames]
        return together(self.model.encode_frames, images, stage=FRAMES, kind=(id(self.model), images[0].shape))

    @property
    def _encodes_all(self) -> bool:
        """Whether, as it looks now, every frame will be encoded, and not keyframes alone."""
        return self._finds and not (self._helped and self.is_silent)

    def judge(self, frame: Frame) -> None:
        """Take a frame into the gate's judgement, and read its place, where it is a keyframe.

        Args:
            frame: the newest.
        """
        places = self.model.places
        if (self.gate.is_used or places is not None) and self.memory.is_due(frame.time_seconds):
            statistics = self.model.frame_statistics(self.encode(frame, "backbone"))
            self.gate.look(statistics)
            if places is not None:
                self._places.add(places.probabilities(statistics[None])[0])

    def place(self) -> str | None:
        """Where the video takes place, by the keyframes so far: empty where that is not sure, None where nothing reads it."""
        return None if self.model.places is None else self.model.places.place(self._places.items)

    def observe(self, frame: Frame, people: Detections) -> None:
        """A keyframe about twice a second, of everybody; between keyframes, a first observation of people who are new.

        Args:
            frame: the newest.
            people: in it, with ids.
        """
        assert people.ids is not None, "people of a frame have ids"
        keyframe = self.memory.is_due(frame.time_seconds)
        if keyframe or self.memory.to_observe(people.ids.tolist(), keyframe):
            encoded = self.encode(frame, "backbone")
            with self._times.part("features"):
                self.model.observe(self.memory, frame, encoded, people, keyframe)

    def info(self, associator: str, detector: str) -> ModelInfo:
        """What a description says of who wrote it.

        Args:
            associator: that linked the boxes.
            detector: that found the people.
        """
        model, config, card = self.model, self.config, self.model.card
        prompts = model.prompts if isinstance(model, PromptedModel) else None
        return ModelInfo(
            config.name,
            config.decoder.name,
            associator,
            model.trained,
            detector=detector,
            domain=card.domain,
            version=card.version,
            training_data="" if card.training_data == NOT_STATED else card.training_data,
            calibration=card.calibration,
            prompts=prompts.fingerprints("instance_caption", "video_caption") if prompts else {},
        )
