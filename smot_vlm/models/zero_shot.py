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
from smot_vlm.detection.letterbox import to_normalized_cxcywh
from smot_vlm.fusion.memory import Observation, SceneMemory
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.models.prompted import PromptedModel
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.marks import pair_images, person_images, scene_images
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.verb_likelihood import VerbLikelihood
from smot_vlm.semantics.vision_language import VisionLanguage
from smot_vlm.structures import Detections, Frame


@dataclass(frozen=True, eq=False)
class Album:
    """The pictures of a video and the people who are asked about.

    Attributes:
        pictures: of the scene and of everybody.
        track_ids: of the people.
    """

    pictures: PictureMemory
    track_ids: tuple[int, ...]


class ZeroShotModel(PromptedModel):
    """A pretrained detector, a vision-language model for captions, and verbs by the likelihood of their words.

    Nothing in it has random weights, so `trained` is true.

    Args:
        open_detector: opens the detector when it is first needed; with other boxes it never is.
        decoder: the vision-language model.
        verbs: scores verbs of a pair's pictures.
        prompts: the templates.
        open_pictures: makes the memory of pictures of a video.
        threshold: a verb is reported from this probability on.
        context: what the video's prompt states, a key of CONTEXTS.
    """

    decoder: VisionLanguage
    trained = True

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
        super().__init__(prompts, context)
        self.decoder = decoder
        self.verbs = verbs
        self._open_detector = open_detector
        self._detector: Detector | None = None
        self._open_pictures = open_pictures
        self._threshold = threshold

    @property
    def device(self) -> torch.device:
        """The decoder's."""
        return self.decoder.device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """One for all."""
        return torch.full((self.verbs.count,), self._threshold)

    def check_detector(self) -> None:
        """Open the detector."""
        if self._detector is None:
            self._detector = self._open_detector()

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory of pictures."""
        return SceneMemory(per_second=per_second, capacity=capacity, pictures=self._open_pictures())

    def detect(self, encoded: np.ndarray) -> Detections:
        """The people that the pretrained detector finds."""
        self.check_detector()
        assert self._detector is not None, "it was opened"
        return self._detector.detect(encoded)

    def observe(
        self,
        memory: SceneMemory,
        frame: Frame,
        encoded: np.ndarray,  # noqa: ARG002
        tracked: Detections,
        keyframe: bool,
    ) -> None:
        """Keep pictures. An observation has no tokens: it says who was seen, when and where."""
        assert tracked.ids is not None, "people are observed by their ids"
        assert memory.pictures is not None, "the memory was opened by this model"
        chosen = np.array(memory.to_observe(tracked.ids.tolist(), keyframe), dtype=np.int64)
        boxes = to_normalized_cxcywh(tracked.boxes[chosen], frame.width, frame.height)
        for track_id, box in zip(
            tracked.ids[chosen].tolist(), torch.as_tensor(boxes, dtype=torch.float32), strict=True
        ):
            memory.add(track_id, Observation(frame.time_seconds, box, torch.zeros(0, 0)))
        memory.pictures.observe(frame, tracked.select(chosen), keyframe)
        if keyframe:
            memory.add_keyframe(frame.time_seconds)

    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> Album:
        """The pictures and whom they are asked about."""
        assert memory.pictures is not None, "the memory was opened by this model"
        return Album(memory.pictures, tuple(track_ids))

    def people_requests(self, fused: Album) -> list[CaptionRequest]:
        """Crops of each person."""
        prompt = self.prompts.render("instance_caption")
        return [
            CaptionRequest("instance", self._no_tokens(), prompt, person_images(fused.pictures, track_id))
            for track_id in fused.track_ids
        ]

    def scene_request(self, fused: Album, context: SceneContext) -> CaptionRequest:
        """Marked frames."""
        prompt = self.prompts.render("video_caption", context=context)
        return CaptionRequest("video", self._no_tokens(), prompt, scene_images(fused.pictures))

    def score_pairs(self, fused: Album, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Log-odds of the likelihood of each verb's words."""
        return self._score(self.verbs, fused, pairs)

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Album, Tensor], Tensor]:
        """Phrases are scored by their own likelihood."""
        verbs = self.verbs.in_other_words(phrases)
        return lambda fused, pairs: self._score(verbs, fused, pairs)

    def _score(self, verbs: VerbLikelihood, fused: Album, pairs: Tensor) -> Tensor:
        ids = fused.track_ids
        images = [pair_images(fused.pictures, ids[subject], ids[target]) for subject, target in pairs.tolist()]
        return verbs.probabilities(images).logit()

    def _no_tokens(self) -> Tensor:
        return torch.zeros(0, 0, device=self.device)
