"""SmotModel, the spine: frames -> detections -> trajectories -> fused features -> captions, verbs.

Reads like the paper's figure. Boxes become trajectories outside (tracker.py, by an associator, which has no gradient);
everything else that turns a frame into a sentence is here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from smot_vlm.detection.detector import DetectorOutput, YoloDetector
from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.fusion.actor_relations import ActorRelations
from smot_vlm.fusion.memory import Observation, SceneMemory, TrackBatch, stack
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.fusion.roi import FrameFeatures, PersonFeatures
from smot_vlm.fusion.scene import SceneFusion
from smot_vlm.fusion.trajectory import TrajectoryFusion
from smot_vlm.fusion.video import VideoFusion
from smot_vlm.models.base import Describer
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.decoder import CaptionDecoder, CaptionRequest
from smot_vlm.semantics.interaction import InteractionHead
from smot_vlm.semantics.marks import Pictures, marked_pictures
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.structures import Detections, Frame


@dataclass(frozen=True, eq=False)
class View:
    """One frame seen by the detector: its raw output with the pyramid, and where the frame lies in the canvas."""

    output: DetectorOutput
    placement: Letterbox


@dataclass(frozen=True, eq=False)
class Fused:
    """After fusion. tracks: T_j of each track, padded; mask: its real tokens; scene: CA(F, T).

    pictures: marked pictures of the scene and of each track, where the decoder wants them.
    """

    tracks: Float[Tensor, "tracks tokens dim"]
    mask: Bool[Tensor, "tracks tokens"]
    scene: Float[Tensor, "scene_tokens dim"]
    pictures: Pictures | None = None


class SmotModel(Describer[View, Fused]):
    """All that is learned. trained: false until weights from a training are loaded.

    actor_relations: none, and people's tokens do not know of the others in the frame. open_pictures: makes a memory for
    pictures, where the decoder wants them.
    """

    def __init__(
        self,
        detector: YoloDetector,
        person_features: PersonFeatures,
        actor_relations: ActorRelations | None,
        frame_features: FrameFeatures,
        video_fusion: VideoFusion,
        trajectory_fusion: TrajectoryFusion,
        scene_fusion: SceneFusion,
        decoder: nn.Module,
        interaction_head: InteractionHead,
        prompts: Prompts,
        open_pictures: Callable[[], PictureMemory] | None = None,
        *,
        context: str = "none",
    ) -> None:
        super().__init__(context)
        self.detector = detector
        self.person_features = person_features
        self.actor_relations = actor_relations
        self.frame_features = frame_features
        self.video_fusion = video_fusion
        self.trajectory_fusion = trajectory_fusion
        self.scene_fusion = scene_fusion
        self.decoder: CaptionDecoder = decoder  # type: ignore[assignment]
        self.interaction_head = interaction_head
        self.prompts = prompts
        self.trained = False
        self._open_pictures = open_pictures

    @property
    def device(self) -> torch.device:
        """See Describer.device."""
        return next(self.parameters()).device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """See Describer.verb_thresholds: the interaction head's."""
        return self.interaction_head.thresholds

    def check_detector(self) -> None:
        """See Describer.check_detector."""
        if not (self.trained or self.detector.trained):
            raise ValueError(
                "the model's own detector is untrained and would invent people; give --detector onnx:FILE or "
                "--detector yolo:FILE, or your own boxes with --trajectories MOT.txt"
            )

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """See Describer.open_memory."""
        pictures = self._open_pictures() if self._open_pictures else None
        return SceneMemory(per_second=per_second, capacity=capacity, pictures=pictures)

    def see(self, image: np.ndarray) -> View:
        """One forward of the detector's network on RGB uint8 (height, width, 3): boxes and pyramid come from it."""
        canvas, placement = self.detector.preprocess(image)
        return View(self.detector(canvas[None].to(self.device)), placement)

    def detect(self, view: View) -> Detections:
        """The people in a view, boxes in original pixels, best score first."""
        return self.detector.boxes(view.output, [view.placement])[0]

    def look(
        self, view: View, boxes: np.ndarray
    ) -> tuple[Float[Tensor, "people cells dim"], Float[Tensor, "people 4"]]:
        """t_i^j: the tokens of the people at `boxes` (n, 4) in original pixels, and the boxes as fractions of the frame."""
        canvas_boxes = torch.as_tensor(view.placement.to_canvas(boxes), dtype=torch.float32, device=self.device)
        fractions = self._fractions(view.placement, boxes)
        return self.people_tokens(view.output.pyramid, [canvas_boxes], fractions), fractions

    def people_tokens(
        self,
        pyramid: list[Float[Tensor, "batch _ _ _"]],
        boxes: list[Float[Tensor, "_ 4"]],
        fractions: Float[Tensor, "people 4"],
    ) -> Float[Tensor, "people cells dim"]:
        """RoI features of the people of each image, who then look at each other. boxes: see PersonFeatures, and the same
        people's as fractions of the frame."""
        tokens = self.person_features(pyramid, boxes)
        if self.actor_relations is None:
            return tokens
        return self.actor_relations(tokens, fractions, [len(entry) for entry in boxes])

    def remember(self, memory: SceneMemory, frame: Frame, view: View, tracked: Detections, regular: bool) -> None:
        """See Describer.remember."""
        assert tracked.ids is not None, "people are remembered by their ids"
        chosen = memory.to_remember(tracked.ids.tolist(), regular)
        tokens, fractions = self.look(view, tracked.boxes)
        for row in chosen:
            memory.remember(int(tracked.ids[row]), Observation(frame.time_seconds, fractions[row], tokens[row]))
        if memory.pictures is not None:
            memory.pictures.look(frame, tracked.select(np.array(chosen, dtype=np.int64)), regular)
        if regular:
            memory.video = self.video_fusion.step(memory.video, self.frame_features(view.output.pyramid))
            memory.looked(frame.time_seconds)

    def fuse(self, video: Float[Tensor, "frame_tokens dim"], tracks: TrackBatch | None) -> Fused:
        """T_j of every track by TFM, then CA(F, T) for the scene. video: F of the VFM; tracks: None without people."""
        if tracks is None:
            none = video.new_zeros(0, 1, video.shape[-1])
            return Fused(none, none.new_zeros(0, 1, dtype=torch.bool), video)
        fused, mask = self.trajectory_fusion(tracks.tokens, tracks.times, tracks.boxes, tracks.mask)
        return Fused(fused, mask, self.scene_fusion(video, fused, mask))

    def recall(self, memory: SceneMemory, track_ids: Sequence[int]) -> Fused:
        """`fuse` what a streaming memory holds of these people."""
        assert memory.video is not None, "at least one look was taken"
        observations = [memory.tracks[track_id].items for track_id in track_ids]
        fused = self.fuse(self.video_fusion.result(memory.video)[0], stack(observations) if observations else None)
        return (
            fused if memory.pictures is None else replace(fused, pictures=marked_pictures(memory.pictures, track_ids))
        )

    def people_requests(self, fused: Fused) -> list[CaptionRequest]:
        """See Describer.people_requests: T_j of each person."""
        prompt = self.prompts.render("instance_caption")
        images = fused.pictures.people if fused.pictures else ((),) * len(fused.tracks)
        return [
            CaptionRequest("instance", track[real], prompt, seen)
            for track, real, seen in zip(fused.tracks, fused.mask, images, strict=True)
        ]

    def scene_request(self, fused: Fused, context: SceneContext) -> CaptionRequest:
        """See Describer.scene_request: CA(F, T)."""
        images = fused.pictures.scene if fused.pictures else ()
        return CaptionRequest("video", fused.scene, self.prompts.render("video_caption", context=context), images)

    def relate(self, fused: Fused, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Logits of each verb for each ordered pair (subject, object) of rows of `fused.tracks`."""
        return self.interaction_head(fused.tracks, fused.mask, pairs)

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Fused, Tensor], Tensor]:
        """See Describer.open_vocabulary: by the sentence embeddings of the phrases."""
        head = self.interaction_head
        embeddings = head.embed_phrases(phrases)
        return lambda fused, pairs: head.score_phrases(fused.tracks, fused.mask, pairs, embeddings)

    def _fractions(self, placement: Letterbox, boxes: np.ndarray) -> Float[Tensor, "people 4"]:
        """Boxes xyxy in pixels as (center x, center y, width, height) in fractions of the frame."""
        corners = boxes / np.tile([placement.width, placement.height], 2)
        centers = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)
        return torch.as_tensor(centers, dtype=torch.float32, device=self.device)
