"""PictureModel: what models share that look at pictures of a video and learned no features: detector, album, requests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from smot_vlm.detection.detector import Detector, detect_many
from smot_vlm.detection.letterbox import to_normalized_cxcywh
from smot_vlm.fusion.memory import Observation, SceneMemory
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.models.prompted import PromptedModel
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.marks import person_among_others, scene_images
from smot_vlm.semantics.prompts import Prompts
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


class PictureModel(PromptedModel):
    """A pretrained detector, and marked pictures of whom it found.

    Args:
        open_detector: opens the detector when it is first needed; with other boxes it never is.
        prompts: the templates.
        open_pictures: makes the memory of pictures of a video.
        context: what the video's prompt states, a key of CONTEXTS.
        examples: prompts show sentences in the wanted manner.
    """

    scores_at_once = False

    def __init__(
        self,
        open_detector: Callable[[], Detector],
        prompts: Prompts,
        open_pictures: Callable[[], PictureMemory],
        *,
        context: str = "none",
        examples: bool = False,
    ) -> None:
        super().__init__(prompts, context)
        self._open_detector = open_detector
        self._detector: Detector | None = None
        self._open_pictures = open_pictures
        self._examples = examples

    def check_detector(self) -> None:
        """Open the detector."""
        if self._detector is None:
            self._detector = self._open_detector()

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory of pictures."""
        return SceneMemory(per_second=per_second, capacity=capacity, pictures=self._open_pictures())

    def detect(self, encoded: np.ndarray) -> Detections:
        """The people that the pretrained detector finds."""
        return self.detect_many([encoded])[0]

    def detect_many(self, encoded: Sequence[np.ndarray]) -> list[Detections]:
        """One run of the detector, where it can."""
        self.check_detector()
        assert self._detector is not None, "it was opened"
        return detect_many(self._detector, encoded)

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

    def numbers(self, fused: Album) -> tuple[int, ...]:
        """The ids of the tracks, which are written beside the boxes."""
        return fused.track_ids

    def people_requests(self, fused: Album) -> list[CaptionRequest]:
        """Crops of each person, the others in them with their numbers."""
        return [
            CaptionRequest(
                "instance",
                self._no_tokens(),
                self.prompts.render("instance_caption", number=track_id, examples=self._examples),
                person_among_others(fused.pictures, track_id),
            )
            for track_id in fused.track_ids
        ]

    def scene_request(self, fused: Album, context: SceneContext) -> CaptionRequest:
        """Marked frames."""
        prompt = self.prompts.render("video_caption", context=context, examples=self._examples)
        return CaptionRequest("video", self._no_tokens(), prompt, scene_images(fused.pictures))

    def _no_tokens(self) -> Tensor:
        return torch.zeros(0, 0, device=self.device)
