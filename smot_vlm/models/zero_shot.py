"""ZeroShotModel: trajectories and words without any training of ours, from a detector and a vision-language model.

It has no learned features, so nothing but the detector's boxes is computed on a frame: it keeps marked pictures instead,
and asks the vision-language model about them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.detection.detector import Detector
from smot_vlm.fusion.memory import Observation, SceneMemory
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.models.base import Describer
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.marks import pair_images, person_images, scene_images
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.verb_likelihood import VerbLikelihood
from smot_vlm.semantics.vision_language import VisionLanguage
from smot_vlm.structures import Detections, Frame


@dataclass(frozen=True, eq=False)
class Album:
    """The pictures of a video and the people who are asked about."""

    pictures: PictureMemory
    track_ids: tuple[int, ...]


class ZeroShotModel(Describer[np.ndarray, Album]):
    """A pretrained detector, a vision-language model for captions, and verbs by the likelihood of their words.

    open_detector: opens the detector when it is first needed; with other boxes it never is. threshold: a verb is
    reported from this probability on. Nothing in it has random weights, so `trained` is true.
    """

    decoder: VisionLanguage

    def __init__(
        self,
        open_detector: Callable[[], Detector],
        decoder: VisionLanguage,
        verbs: VerbLikelihood,
        prompts: Prompts,
        open_pictures: Callable[[], PictureMemory],
        *,
        threshold: float = 0.3,
        context: str = "none",
    ) -> None:
        super().__init__(context)
        self.decoder = decoder
        self.verbs = verbs
        self.prompts = prompts
        self.trained = True
        self._open_detector = open_detector
        self._detector: Detector | None = None
        self._open_pictures = open_pictures
        self._threshold = threshold

    @property
    def device(self) -> torch.device:
        """See Describer.device."""
        return self.decoder.device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """See Describer.verb_thresholds: one for all."""
        return torch.full((self.verbs.count,), self._threshold)

    def check_detector(self) -> None:
        """See Describer.check_detector."""
        if self._detector is None:
            self._detector = self._open_detector()

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """See Describer.open_memory."""
        return SceneMemory(per_second=per_second, capacity=capacity, pictures=self._open_pictures())

    def see(self, image: np.ndarray) -> np.ndarray:
        """See Describer.see: the image itself."""
        return image

    def detect(self, view: np.ndarray) -> Detections:
        """See Describer.detect."""
        self.check_detector()
        assert self._detector is not None, "it was opened"
        return self._detector.detect(view)

    def remember(self, memory: SceneMemory, frame: Frame, view: np.ndarray, tracked: Detections, regular: bool) -> None:
        """See Describer.remember. An observation has no tokens: it says who was seen, when and where."""
        assert tracked.ids is not None, "people are remembered by their ids"
        assert memory.pictures is not None, "the memory was opened by this model"
        size = np.tile([frame.width, frame.height], 2)
        chosen = np.array(memory.to_remember(tracked.ids.tolist(), regular), dtype=np.int64)
        for track_id, box in zip(tracked.ids[chosen].tolist(), tracked.boxes[chosen] / size, strict=True):
            place = torch.as_tensor(np.concatenate([(box[:2] + box[2:]) / 2, box[2:] - box[:2]]), dtype=torch.float32)
            memory.remember(track_id, Observation(frame.time_seconds, place, torch.zeros(0, 0)))
        memory.pictures.look(frame, tracked.select(chosen), regular)
        if regular:
            memory.looked(frame.time_seconds)

    def recall(self, memory: SceneMemory, track_ids: Sequence[int]) -> Album:
        """See Describer.recall."""
        assert memory.pictures is not None, "the memory was opened by this model"
        return Album(memory.pictures, tuple(track_ids))

    def people_requests(self, recalled: Album) -> list[CaptionRequest]:
        """See Describer.people_requests: crops of each person."""
        prompt = self.prompts.render("instance_caption")
        return [
            CaptionRequest("instance", self._no_tokens(), prompt, person_images(recalled.pictures, track_id))
            for track_id in recalled.track_ids
        ]

    def scene_request(self, recalled: Album, context: SceneContext) -> CaptionRequest:
        """See Describer.scene_request: marked frames."""
        prompt = self.prompts.render("video_caption", context=context)
        return CaptionRequest("video", self._no_tokens(), prompt, scene_images(recalled.pictures))

    def relate(self, recalled: Album, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """See Describer.relate."""
        return self._score(self.verbs, recalled, pairs)

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Album, Tensor], Tensor]:
        """See Describer.open_vocabulary: by the likelihood of the phrases themselves."""
        verbs = self.verbs.in_other_words(phrases)
        return lambda recalled, pairs: self._score(verbs, recalled, pairs)

    def _score(self, verbs: VerbLikelihood, recalled: Album, pairs: Tensor) -> Tensor:
        ids = recalled.track_ids
        images = [pair_images(recalled.pictures, ids[subject], ids[target]) for subject, target in pairs.tolist()]
        return verbs.probabilities(images).logit()

    def _no_tokens(self) -> Tensor:
        return torch.zeros(0, 0, device=self.device)
