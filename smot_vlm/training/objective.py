"""What is minimised: the losses of a few examples, in one forward pass that a distributed wrapper can see."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from smot_vlm.association.associators import Associator
from smot_vlm.detection.detector import DetectorOutput
from smot_vlm.detection.letterbox import PADDING_GREY
from smot_vlm.models.smot import Fused, SmotModel
from smot_vlm.semantics.context import Relation, SceneContext
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.grounding import Grounded
from smot_vlm.semantics.interaction import choose_pairs, highest
from smot_vlm.semantics.losses import focal_loss
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.system.timing import PartTimes
from smot_vlm.training.event_targets import Life, lives_of, moment_labels, moments_of, stretch_texts, true_lives
from smot_vlm.training.examples import Example
from smot_vlm.training.features import Looks, WatchedClip, join, look_at_people, watch
from smot_vlm.training.targets import find_people, pair_labels, people_to_teach, to_images
from smot_vlm.verbs import NUM_VERBS, verb


class Losses(NamedTuple):
    """A value for each loss: sums of losses, the numbers of targets that they are sums over, or weights.

    detection: over frames. instance, video: captions, over target tokens. grounding, moments: over content words' tokens.
    interactions: over true <subject, verb, object> triplets (at least one).
    """

    detection: Tensor | float
    instance: Tensor | float
    video: Tensor | float
    grounding: Tensor | float
    moments: Tensor | float
    interactions: Tensor | float


class Phase(NamedTuple):
    """What is trained now. meaning: grounding (as bags of words), moments and interactions beside the detector.

    spelling: grounding in the order of the words too. words: captions too.
    """

    meaning: bool
    spelling: bool
    words: bool


class Objective(nn.Module):
    """A SmotModel with its losses.

    open_associator: for a frame rate, as at inference. assignment_iou: see `people_to_teach`. detach: no gradient of
    meaning and words into the backbone. negatives_per_positive: pairs without a verb for each pair with one. weights: a
    loss of weight 0 is not computed.
    """

    def __init__(
        self,
        model: SmotModel,
        open_associator: Callable[[float], Associator],
        *,
        weights: Losses,
        assignment_iou: float = 0.5,
        negatives_per_positive: float = 3.0,
        detach: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.weights = weights
        self.times = PartTimes()
        self._open_associator = open_associator
        self._assignment_iou = assignment_iou
        self._negatives = negatives_per_positive
        self._detach = detach

    def forward(self, examples: Sequence[Example], phase: Phase) -> Losses:
        """Sums of losses; divide by `count_targets` of all processes and micro-batches. Those not trained now are 0."""
        with self.times.part("association"):
            clips = [self._clip(example, phase) for example in examples]
        with self.times.part("detector"):
            output = self.model.detector(_stack_canvases(examples, self.model.device))
            zero = output.pyramid[0].sum() * 0.0
            detection = self._detection(output, examples) if self.weights.detection else zero
        if not phase.meaning:
            return Losses(detection, zero, zero, zero, zero, zero)
        with self.times.part("fusion"):
            pyramid = [level.detach() for level in output.pyramid] if self._detach else output.pyramid
            looks = look_at_people(self.model, pyramid, clips)
            lives = lives_of(looks, examples)
            seen = watch(self.model, pyramid, clips, looks)
            interactions = self._interactions(seen, looks, lives, examples) if self.weights.interactions else zero
        people, scenes = self._requests(seen, examples)
        with self.times.part("grounding"):
            grounding = self._grounding(people + scenes, phase.spelling) if self.weights.grounding else None
            moments = self._moments(looks, lives, people) if self.weights.moments else None
        with self.times.part("language"):
            instance = self._words(people) if phase.words and self.weights.instance else None
            video = self._words(scenes) if phase.words and self.weights.video else None
        instance, video, grounding, moments = (
            zero if loss is None else loss for loss in (instance, video, grounding, moments)
        )
        return Losses(detection, instance, video, grounding, moments, interactions)

    def count_targets(self, examples: Sequence[Example]) -> Losses:
        """How many targets the sums of `forward` are over, known before any forward pass."""
        decoder = self.model.decoder
        instance = [track.caption for example in examples for track in example.tracks]
        video = [example.caption for example in examples if example.teach_video]
        words = moments = 0
        if isinstance(decoder, Grounded):
            words = sum(len(decoder.content_tokens(caption)) for caption in instance + video)
            told = Counter(_told(true_lives(examples), decoder.stretches))
            moments = sum(count * len(decoder.content_tokens(text)) for text, count in told.items())
        return Losses(
            detection=float(sum(len(example.detector) for example in examples)),
            instance=float(sum(map(self._target_tokens, instance))),
            video=float(sum(map(self._target_tokens, video))),
            grounding=float(words),
            moments=float(moments),
            interactions=float(sum(len(set(_triplets(example))) for example in examples)),
        )

    def _target_tokens(self, caption: str) -> int:
        """The caption's tokens and its end; none for a blank one, as the decoders count them."""
        decoder = self.model.decoder
        if not caption.strip():
            return 0
        tokens = len(decoder.tokenizer(caption.strip(), add_special_tokens=False)["input_ids"]) + 1  # type: ignore[attr-defined]
        return min(tokens, decoder.max_new_tokens) if isinstance(decoder, SmoterDecoder) else tokens

    def _clip(self, example: Example, phase: Phase) -> WatchedClip:
        frames = example.frames[example.features]
        found = find_people(self.model, example, self._open_associator) if example.associate and phase.meaning else []
        people = people_to_teach(example.tracks, found, frames, self._assignment_iou)
        scene = example.teach_video and bool(self.weights.video)
        return WatchedClip(example.placement, example.times[example.features], people, scene)

    def _detection(self, output: DetectorOutput, examples: Sequence[Example]) -> Tensor:
        """The detector's loss, over the frames that it sees."""
        rows: list[int] = []
        boxes: list[Tensor] = []
        first = 0
        for example in examples:
            for position in example.detector.tolist():
                frame = example.frames[example.features[position]]
                pixels = [track.boxes[track.frames == frame] for track in example.tracks]
                canvas = example.placement.to_canvas(np.concatenate([np.zeros((0, 4)), *pixels]))
                rows.append(first + position)
                boxes.append(torch.as_tensor(canvas, dtype=torch.float32, device=self.model.device))
            first += len(example.features)
        level, stride = output.pyramid[0], self.model.detector.strides[0]
        size = (level.shape[2] * stride, level.shape[3] * stride)
        picked = DetectorOutput(_pick(output.raw, torch.tensor(rows, device=level.device)), output.pyramid)
        return self.model.detector.loss(picked, boxes, size) * len(rows)

    def _interactions(
        self, seen: Sequence[Fused], looks: Looks, lives: Sequence[Life], examples: Sequence[Example]
    ) -> Tensor:
        """Focal loss of every pair with a verb and of some without, in all clips; and as much of their moments."""
        pairs, labels = [], []
        first = 0
        for example in examples:
            all_pairs, all_labels = pair_labels(example, NUM_VERBS)
            chosen = choose_pairs(all_labels, self._negatives, torch.Generator().manual_seed(example.seed))
            pairs.append(all_pairs[chosen] + first)
            labels.append(all_labels[chosen])
            first += len(example.tracks)
        rows = torch.cat(pairs).to(self.model.device)
        joined = join(seen)
        if not len(rows):
            return joined.tracks.sum() * 0.0
        truth = torch.cat(labels).to(rows.device)
        logits = self.model.interaction_head.moments(joined.tracks, joined.mask, rows)
        total = focal_loss(highest(logits, joined.mask[rows[:, 0]]), truth, reduction="sum")
        if not self.model.trajectory_fusion.keeps_order:
            return total
        shown, known = moment_labels(looks, lives, examples, rows, joined.mask, NUM_VERBS)
        share = float(truth.sum()) / max(float(shown.sum()), 1.0)
        known, shown = known.to(rows.device), shown.to(rows.device)
        return total + share * focal_loss(logits[known], shown[known], reduction="sum")

    def _requests(
        self, seen: Sequence[Fused], examples: Sequence[Example]
    ) -> tuple[list[tuple[CaptionRequest, str]], list[tuple[CaptionRequest, str]]]:
        """What is asked about people and about videos, each with the true answer."""
        people, scenes = [], []
        for fused, example in zip(seen, examples, strict=True):
            captions = [track.caption for track in example.tracks]
            people += list(zip(self.model.people_requests(fused), captions, strict=True))
            if example.teach_video and self.weights.video:
                scenes.append((self.model.scene_request(fused, self._context(example, captions)), example.caption))
        return people, scenes

    def _context(self, example: Example, captions: Sequence[str]) -> SceneContext:
        """What the video's prompt tells, as at inference, but true."""
        if self.model.context == "none":
            return SceneContext()
        row = {track.id: index for index, track in enumerate(example.tracks)}
        relations = [
            Relation(row[subject], verb(label).lemma, row[object_]) for subject, label, object_ in _triplets(example)
        ]
        return SceneContext.of(captions, relations if self.model.context == "captions+verbs" else ())

    def _grounding(self, asked: Sequence[tuple[CaptionRequest, str]], spelling: bool) -> Tensor | None:
        decoder = self.model.decoder
        if not asked or not isinstance(decoder, Grounded):
            return None
        requests, captions = [request for request, _ in asked], [answer for _, answer in asked]
        return decoder.grounding(requests, captions, spelling=spelling).total

    def _moments(
        self, looks: Looks, lives: Sequence[Life], people: Sequence[tuple[CaptionRequest, str]]
    ) -> Tensor | None:
        """The words of every look at somebody of whom it is known what they do then, and of every stretch of a life."""
        decoder = self.model.decoder
        happens = moments_of(looks, lives)
        known = [row for row, moment in enumerate(happens) if moment]
        if not known or not isinstance(decoder, Grounded):
            return None
        texts = [moment.text for moment in happens if moment]
        tokens = self.model.trajectory_fusion.moments(looks.tokens[known], looks.times[known], looks.boxes[known])
        total = decoder.moments(tokens, texts).total
        if not any(decoder.stretches):
            return total
        told = [stretch_texts(life, *decoder.stretches) for life in lives]
        return total + decoder.told_stretches([request for request, _ in people], told).total

    def _words(self, asked: Sequence[tuple[CaptionRequest, str]]) -> Tensor | None:
        if not asked:
            return None
        return self.model.decoder.loss([request for request, _ in asked], [answer for _, answer in asked]).total


def combine(sums: Losses, counts: Losses, weights: Losses) -> Tensor:
    """The weighted sum of the mean losses. counts: of all micro-batches and processes of the step."""
    terms = [
        weight * total / max(float(count), 1.0)
        for total, count, weight in zip(sums, counts, weights, strict=True)
        if weight
    ]
    return torch.stack([torch.as_tensor(term) for term in terms]).sum()


def _told(lives: Sequence[Life], stretches: tuple[int, int]) -> Iterator[str]:
    """What is asked for of people's looks and of the stretches of their lives."""
    for life in lives:
        yield from (moment.text for moment in life if moment)
        yield from (text for parts in stretch_texts(life, *stretches) for text in parts if text)


def _triplets(example: Example) -> list[tuple[int, str, int]]:
    return [(edge.subject, edge.verb, edge.object) for edge in example.interactions]


def _stack_canvases(examples: Sequence[Example], device: torch.device) -> Tensor:
    """The feature frames of all examples as one batch; smaller canvases get grey at the right and below."""
    canvases = [example.canvases[example.features] for example in examples]
    height = max(canvas.shape[1] for canvas in canvases)
    width = max(canvas.shape[2] for canvas in canvases)
    batch = np.full((sum(map(len, canvases)), height, width, 3), PADDING_GREY, dtype=np.uint8)
    row = 0
    for canvas in canvases:
        batch[row : row + len(canvas), : canvas.shape[1], : canvas.shape[2]] = canvas
        row += len(canvas)
    return to_images(batch, device)


def _pick(raw: object, rows: Tensor) -> object:
    """The rows of a batch out of nested dicts and lists of tensors."""
    if isinstance(raw, Tensor):
        return raw[rows]
    if isinstance(raw, dict):
        return {name: _pick(value, rows) for name, value in raw.items()}
    assert isinstance(raw, list | tuple), "ultralytics' head gives tensors, lists and dicts"
    return type(raw)(_pick(value, rows) for value in raw)
