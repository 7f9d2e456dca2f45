"""SmotModel: frames -> detections -> trajectories -> fused features -> captions, verbs.

`forward` is the paper's figure, line by line, for whole clips with gradient. Streaming (`observe`, `fuse_memory`) is a cache
around the same two functions, `person_tokens` and `fuse`. Boxes become trajectories outside, by an associator, which has no
gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.detection.detector import YoloDetector
from smot_vlm.fusion.actor_relations import ActorRelations
from smot_vlm.fusion.memory import Observation, SceneMemory, TrackBatch
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.fusion.roi import FrameFeatures, PersonFeatures
from smot_vlm.fusion.scene import SceneFusion
from smot_vlm.fusion.trajectory import TrajectoryFusion
from smot_vlm.fusion.video import VideoFusion
from smot_vlm.models.clips import ClipBatch
from smot_vlm.models.fused import EncodedFrame, Fused
from smot_vlm.models.moments import Moments, verb_moments, word_moments
from smot_vlm.models.prompted import DecoderModel
from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.decoder import CaptionDecoder, CaptionRequest
from smot_vlm.semantics.interaction import InteractionHead
from smot_vlm.semantics.marks import marked_pictures
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.structures import Detections, Frame


class SmotModel(DecoderModel):
    """Everything that is learned.

    Args:
        detector: boxes, and the pyramid that every feature comes from.
        person_features: t_i^j from boxes.
        actor_relations: people of a frame attend to each other; None leaves it out.
        frame_features: f_i.
        video_fusion: VFM.
        trajectory_fusion: TFM.
        scene_fusion: CA(F, T).
        decoder: a CaptionDecoder.
        interaction_head: verbs of ordered pairs.
        prompts: the templates.
        open_pictures: makes a memory of pictures, for decoders that look at them.
        context: what the video's prompt states, a key of CONTEXTS.
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
        decoder: CaptionDecoder,
        interaction_head: InteractionHead,
        prompts: Prompts,
        open_pictures: Callable[[], PictureMemory] | None = None,
        *,
        context: str = "none",
    ) -> None:
        super().__init__(prompts, context)
        self.detector = detector
        self.person_features = person_features
        self.actor_relations = actor_relations
        self.frame_features = frame_features
        self.video_fusion = video_fusion
        self.trajectory_fusion = trajectory_fusion
        self.scene_fusion = scene_fusion
        self.decoder = decoder
        self.interaction_head = interaction_head
        self.trained = False
        self.open_pictures = open_pictures

    def forward(self, batch: ClipBatch, *, detach: bool = False) -> Fused:
        """Whole clips, from pixels to what captions and verbs are read from (paper, figure 3 and section 4).

        Args:
            batch: keyframes and trajectories of several clips.
            detach: no gradient of captions and verbs into the detector, as in the released code.

        Returns:
            T_j of everybody and CA(F, T) of each clip.
        """
        detected = self.detector(batch.images)
        pyramid = [level.detach() for level in detected.pyramid] if detach else detected.pyramid
        people = batch.people()
        tokens = self.person_tokens(pyramid, people.canvas_boxes, people.boxes)
        frames = self.frame_features(pyramid).split(batch.lengths)
        wanted = [clip for clip, given in enumerate(batch.clips) if given.with_scene]
        videos = self.video_fusion.of_clips({clip: frames[clip] for clip in wanted})
        fused = self.fuse(people.by_track(tokens), videos, batch.num_people)
        return replace(fused, detected=detected)

    def person_tokens(
        self,
        pyramid: list[Float[Tensor, "frames _ _ _"]],
        canvas_boxes: list[Float[Tensor, "_ 4"]],
        boxes: Float[Tensor, "people 4"],
    ) -> Float[Tensor, "people cells dim"]:
        """t_i^j: RoI features of everybody, who then attend to each other within their frame.

        Args:
            pyramid: the detector's feature maps.
            canvas_boxes: of each frame, xyxy in pixels of the canvas.
            boxes: the same people's (center x, center y, width, height) as fractions of the frame.

        Returns:
            Tokens, frame after frame.
        """
        tokens: Tensor = self.person_features(pyramid, canvas_boxes)
        if self.actor_relations is not None:
            tokens = self.actor_relations(tokens, boxes, [len(frame) for frame in canvas_boxes])
        return tokens

    def fuse(
        self,
        observations: TrackBatch | None,
        videos: Mapping[int, Float[Tensor, "_ dim"]],
        num_people: Sequence[int],
    ) -> Fused:
        """T_j of everybody by TFM, then CA(F, T) of each clip.

        Args:
            observations: of the people of all clips; None without anybody.
            videos: F by VFM of each clip whose scene is wanted.
            num_people: of each clip.

        Returns:
            The fused tokens.
        """
        if observations is None:
            tracks = next(self.scene_fusion.parameters()).new_zeros(0, 1, self.person_features.dim)
            mask = torch.zeros(0, 1, dtype=torch.bool, device=tracks.device)
        else:
            seen = observations
            tracks, mask = self.trajectory_fusion(seen.tokens, seen.times, seen.boxes, seen.mask)
        scenes, unwanted = self.scene_fusion(videos, tracks, mask, num_people), tracks.new_zeros(0, tracks.shape[-1])
        return Fused(tracks, mask, tuple(scenes.get(clip, unwanted) for clip in range(len(num_people))), observations)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """The interaction head's."""
        return self.interaction_head.thresholds

    def check_detector(self) -> None:
        """An untrained detector would invent people."""
        if not (self.trained or self.detector.trained):
            raise ValueError(
                "the model's own detector is untrained and would invent people; give --detector onnx:FILE or "
                "--detector yolo:FILE, or your own boxes with --trajectories MOT.txt"
            )

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory for one video, with pictures where the decoder looks at them."""
        pictures = self.open_pictures() if self.open_pictures else None
        return SceneMemory(per_second=per_second, capacity=capacity, pictures=pictures)

    def encode_frame(self, image: np.ndarray) -> EncodedFrame:
        """One forward pass of the detector's network: boxes and pyramid come from it."""
        return self.encode_frames([image])[0]

    def encode_frames(self, images: Sequence[np.ndarray]) -> list[EncodedFrame]:
        """One forward pass for all."""
        placed = [self.detector.preprocess(image) for image in images]
        output = self.detector(torch.stack([canvas for canvas, _ in placed]).to(self.device))
        return [EncodedFrame(output.of(row), placement) for row, (_, placement) in enumerate(placed)]

    def frame_statistics(self, encoded: EncodedFrame) -> np.ndarray:
        """Mean and standard deviation of each channel of the pyramid."""
        levels = [level[0].float().flatten(1) for level in encoded.output.pyramid]
        statistics = torch.cat([torch.cat([level.mean(dim=1), level.std(dim=1)]) for level in levels])
        result: np.ndarray = statistics.cpu().numpy()
        return result

    def detect(self, encoded: EncodedFrame) -> Detections:
        """The people of a frame, boxes in original pixels, best score first."""
        return self.detector.boxes(encoded.output, [encoded.placement])[0]

    def observe(
        self, memory: SceneMemory, frame: Frame, encoded: EncodedFrame, tracked: Detections, keyframe: bool
    ) -> None:
        """Keep t_i^j of the people and, at a keyframe, step the video fusion with f_i."""
        assert tracked.ids is not None, "people are observed by their ids"
        placement, pyramid = encoded.placement, encoded.output.pyramid
        canvas, boxes = placement.to_canvas(tracked.boxes), placement.to_normalized_cxcywh(tracked.boxes)
        places = self._tensor(boxes)
        tokens = self.person_tokens(pyramid, [self._tensor(canvas)], places)
        chosen = memory.to_observe(tracked.ids.tolist(), keyframe)
        for row in chosen:
            memory.add(int(tracked.ids[row]), Observation(frame.time_seconds, places[row], tokens[row]))
        if memory.pictures is not None:
            memory.pictures.observe(frame, tracked.select(np.array(chosen, dtype=np.int64)), keyframe)
        if keyframe:
            memory.video = self.video_fusion.step(memory.video, self.frame_features(pyramid))
            memory.add_keyframe(frame.time_seconds)

    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> Fused:
        """`fuse` what a memory holds of these people."""
        assert memory.video is not None, "at least one keyframe was observed"
        video = self.video_fusion.result(memory.video)[0]
        fused = self.fuse(memory.observations(track_ids), {0: video}, [len(track_ids)])
        pictures = () if memory.pictures is None else (marked_pictures(memory.pictures, track_ids),)
        return replace(fused, pictures=pictures)

    def people_requests(self, fused: Fused) -> list[CaptionRequest]:
        """T_j of each person."""
        prompt = self.prompts.render("instance_caption")
        images = [seen for clip in fused.pictures for seen in clip.people] or [()] * len(fused.tracks)
        tracks = fused.tracks[fused.mask].split(fused.mask.sum(dim=1).tolist())
        return [CaptionRequest("instance", track, prompt, seen) for track, seen in zip(tracks, images, strict=True)]

    def scene_request(self, fused: Fused, context: SceneContext, clip: int = 0) -> CaptionRequest:
        """CA(F, T) of a clip.

        Args:
            fused: of `forward` or `fuse_memory`.
            context: what the prompt states of its people.
            clip: which of the clips.

        Returns:
            The request.
        """
        images = fused.pictures[clip].scene if fused.pictures else ()
        prompt = self.prompts.render("video_caption", context=context)
        return CaptionRequest("video", fused.scenes[clip], prompt, images)

    def score_pairs(self, fused: Fused, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Logits of each verb for each ordered pair (subject, object) of rows of `fused.tracks`."""
        result: Tensor = self.interaction_head(fused.tracks, fused.mask, pairs)
        return result

    def verb_moments(self, fused: Fused, pairs: Int[Tensor, "pairs 2"], phrases: Sequence[str] = ()) -> list[Moments]:
        """Where T_j keeps the order of time."""
        if not self.trajectory_fusion.keeps_order or fused.observations is None:
            return []
        head = self.interaction_head
        embeddings = head.embed_phrases(phrases) if phrases else None
        return verb_moments(head, fused.tracks, fused.mask, fused.observations, pairs, embeddings)

    def word_moments(self, fused: Fused, texts: Sequence[Sequence[str]]) -> list[Moments]:
        """Where the decoder's soft tokens can be read as words, and follow the order of time."""
        grounding, seen = self.decoder.grounding, fused.observations
        if grounding is None or not any(grounding.num_segments) or seen is None:
            return []
        return word_moments(
            grounding, self.people_requests(fused), self.trajectory_fusion.fuse_single_frames, seen, texts
        )

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Fused, Tensor], Tensor]:
        """Phrases are scored by their sentence embeddings."""
        head = self.interaction_head
        embeddings = head.embed_phrases(phrases)
        return lambda fused, pairs: head.score_phrases(fused.tracks, fused.mask, pairs, embeddings)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self.device)
