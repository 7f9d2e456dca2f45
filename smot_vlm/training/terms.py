"""The losses. A term knows its name, from which stage of the training it counts, its sum and its number of targets.

A new loss is one class, and one line in TERMS.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from smot_vlm.detection.detector import DetectorOutput
from smot_vlm.models.fused import Fused
from smot_vlm.models.smot import SmotModel
from smot_vlm.semantics.context import Relation, SceneContext
from smot_vlm.semantics.decoder import TASKS, CaptionRequest, Task
from smot_vlm.semantics.interaction import choose_pairs, highest
from smot_vlm.semantics.losses import focal_loss
from smot_vlm.training.event_targets import TrackEvents, segment_texts, token_labels, track_events, true_track_events
from smot_vlm.training.examples import Example
from smot_vlm.training.targets import pair_labels
from smot_vlm.verbs import NUM_VERBS, verb

# A request to the decoder, and the true answer.
Asked = tuple[CaptionRequest, str]


class Stage(Enum):
    """From when on a loss counts: the detector learns first, then the fused features, then the captions."""

    DETECTOR = "detector"
    FEATURES = "features"
    CAPTIONS = "captions"


class Phase(NamedTuple):
    """What is trained now, beside the detector.

    Attributes:
        features: the losses of Stage.FEATURES.
        ctc: grounding asks for the order of the words too.
        captions: the losses of Stage.CAPTIONS.
    """

    features: bool
    ctc: bool
    captions: bool

    def trains(self, stage: Stage) -> bool:
        """Whether losses of this stage count now.

        Args:
            stage: of a loss.

        Returns:
            True for the detector's always.
        """
        return {Stage.DETECTOR: True, Stage.FEATURES: self.features, Stage.CAPTIONS: self.captions}[stage]


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """One forward pass of a few examples, and what the losses share of it.

    Attributes:
        model: the model.
        examples: the truth.
        phase: what is trained now.
        detected: the detector's output for the keyframes of all examples.
        fused: the fused features; None while the detector is trained alone.
        taught: whose captions have a weight.
    """

    model: SmotModel
    examples: Sequence[Example]
    phase: Phase
    detected: DetectorOutput
    fused: Fused | None = None
    taught: frozenset[Task] = frozenset(TASKS)

    @property
    def features(self) -> Fused:
        """`fused`, for terms that are asked only where it is there."""
        assert self.fused is not None, "features are fused from Stage.FEATURES on"
        return self.fused

    @property
    def zero(self) -> Tensor:
        """0, connected to the network, for a loss without targets."""
        return self.detected.pyramid[0].sum() * 0.0

    @cached_property
    def events(self) -> list[TrackEvents]:
        """What happens in each observation of everybody."""
        return track_events(self.features.observations, self.examples)

    @cached_property
    def people(self) -> list[Asked]:
        """What the decoder is asked about everybody."""
        captions = [track.caption for example in self.examples for track in example.tracks]
        return list(zip(self.model.people_requests(self.features), captions, strict=True))

    @cached_property
    def scenes(self) -> list[Asked]:
        """What the decoder is asked about the videos whose captions are taught."""
        return [
            (self.model.scene_request(self.features, self._context(example), clip), example.caption)
            for clip, example in enumerate(self.examples)
            if len(self.features.scenes[clip])
        ]

    @cached_property
    def caption_totals(self) -> Mapping[Task, Tensor]:
        """The decoder's loss of each task that is taught, all by one call."""
        asked = [pair for pair in self.people + self.scenes if pair[0].task in self.taught]
        if not asked:
            return {}
        return self.model.decoder.loss([request for request, _ in asked], [caption for _, caption in asked]).by_task

    def _context(self, example: Example) -> SceneContext:
        """What the video's prompt states, as at inference, but true."""
        if self.model.context == "none":
            return SceneContext()
        row = {track.id: index for index, track in enumerate(example.tracks)}
        relations = [
            Relation(row[subject], verb(label).lemma, row[target]) for subject, label, target in _triplets(example)
        ]
        captions = [track.caption for track in example.tracks]
        return SceneContext.of(captions, relations if self.model.context == "captions+verbs" else ())


class LossTerm(ABC):
    """One loss.

    Attributes:
        name: in the configuration (`training.weights`) and in logs.
        part: under which its time is booked.
        stage: from when on it counts.
        weight: where the configuration gives none.
    """

    name: str
    part: str = "losses"
    stage: Stage = Stage.FEATURES
    weight: float = 1.0

    @abstractmethod
    def total(self, step: ForwardPass) -> Tensor | None:
        """The sum of the loss over its targets.

        Args:
            step: the forward pass.

        Returns:
            A scalar with gradient; None without targets.
        """

    @abstractmethod
    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:
        """How many targets `total` is the sum over, known before any forward pass.

        Args:
            model: the model.
            examples: the truth.

        Returns:
            The number of targets.
        """


class Detection(LossTerm):
    """The detector's own loss, over frames."""

    name, part, stage = "detection", "detector", Stage.DETECTOR

    def total(self, step: ForwardPass) -> Tensor | None:
        """Over the keyframes that each example picked for the detector."""
        rows: list[int] = []
        boxes: list[np.ndarray] = []
        first = 0
        device = step.model.device
        for example in step.examples:
            for position in example.detector.tolist():
                frame = example.frames[example.features[position]]
                pixels = [track.boxes[track.frames == frame] for track in example.tracks]
                rows.append(first + position)
                boxes.append(example.placement.to_canvas(np.concatenate([np.zeros((0, 4)), *pixels])))
            first += len(example.features)
        if not rows:
            return None
        level, stride = step.detected.pyramid[0], step.model.detector.strides[0]
        size = (level.shape[2] * stride, level.shape[3] * stride)
        picked = DetectorOutput(
            _pick(step.detected.raw, torch.tensor(rows, device=level.device)), step.detected.pyramid
        )
        truth = torch.as_tensor(np.concatenate(boxes), dtype=torch.float32, device=device)
        return step.model.detector.loss(picked, list(truth.split([len(frame) for frame in boxes])), size) * len(rows)

    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:  # noqa: ARG002
        """Frames."""
        return sum(len(example.detector) for example in examples)


class InstanceCaptions(LossTerm):
    """Captions of people, over target tokens."""

    name, part, stage = "instance", "language", Stage.CAPTIONS

    def total(self, step: ForwardPass) -> Tensor | None:
        """The decoder's loss."""
        return step.caption_totals.get("instance")

    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:
        """Target tokens, as the decoder counts them."""
        return model.decoder.count_targets([track.caption for example in examples for track in example.tracks])


class VideoCaptions(LossTerm):
    """Captions of videos, over target tokens."""

    name, part, stage = "video", "language", Stage.CAPTIONS

    def total(self, step: ForwardPass) -> Tensor | None:
        """The decoder's loss."""
        return step.caption_totals.get("video")

    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:
        """Target tokens, as the decoder counts them."""
        return model.decoder.count_targets([example.caption for example in examples if example.teach_video])


class Grounding(LossTerm):
    """The soft tokens of captions must name their content words (see semantics/grounding.py), over these words' tokens."""

    name, part, weight = "grounding", "grounding", 0.5

    def total(self, step: ForwardPass) -> Tensor | None:
        """Of people and videos together: the wrong answers are the other captions' words."""
        # Of whom nothing is told, no word is known to be wrong.
        asked = [(request, caption) for request, caption in step.people + step.scenes if caption.strip()]
        grounding = step.model.decoder.grounding
        if grounding is None or not asked:
            return None
        requests, captions = [request for request, _ in asked], [caption for _, caption in asked]
        return grounding.caption_loss(requests, captions, ctc=step.phase.ctc).total

    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:
        """Tokens of content words."""
        grounding = model.decoder.grounding
        if grounding is None:
            return 0
        captions = [track.caption for example in examples for track in example.tracks]
        captions += [example.caption for example in examples if example.teach_video]
        return sum(len(grounding.content_tokens(caption)) for caption in captions)


class FrameGrounding(LossTerm):
    """The same of single observations and of segments, where it is known what happens when; over words' tokens."""

    name, part, weight = "frame_grounding", "grounding", 0.5

    def total(self, step: ForwardPass) -> Tensor | None:
        """Observations whose event is known, and every segment of every trajectory."""
        grounding, seen = step.model.decoder.grounding, step.features.observations
        known = [(row, place) for row, track in enumerate(step.events) for place, event in enumerate(track) if event]
        if grounding is None or seen is None or not known:
            return None
        rows, places = torch.tensor(known, device=seen.tokens.device).unbind(dim=1)
        texts = [event.text for track in step.events for event in track if event]
        tokens = step.model.trajectory_fusion.fuse_single_frames(
            seen.tokens[rows, places], seen.times[rows, places], seen.boxes[rows, places]
        )
        total = grounding.frame_loss(tokens, texts).total
        if not any(grounding.num_segments):
            return total
        segments = [segment_texts(events, *grounding.num_segments) for events in step.events]
        return total + grounding.segment_loss([request for request, _ in step.people], segments).total

    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:
        """Tokens of the words of true observations and segments."""
        grounding = model.decoder.grounding
        if grounding is None:
            return 0
        texts = Counter(_event_texts(true_track_events(examples), grounding.num_segments))
        return sum(count * len(grounding.content_tokens(text)) for text, count in texts.items())


class Interactions(LossTerm):
    """Focal loss of verbs, over true <subject, verb, object> triplets.

    Args:
        negatives_per_positive: pairs without a verb for each pair with one.
    """

    name, part = "interactions", "interactions"

    def __init__(self, negatives_per_positive: float = 3.0) -> None:
        self.negatives_per_positive = negatives_per_positive

    def total(self, step: ForwardPass) -> Tensor | None:
        """Of every pair with a verb and of some without; and as much of their tokens, where events are known."""
        rows, truth = self._pairs(step)
        if not len(rows):
            return None
        fused, model = step.features, step.model
        device = model.device
        pairs = rows.to(device)
        logits = model.interaction_head.token_logits(fused.tracks, fused.mask, pairs)
        total = focal_loss(highest(logits, fused.mask[pairs[:, 0]]), truth.to(device), reduction="sum")
        if not model.trajectory_fusion.keeps_order:
            return total
        assert fused.observations is not None, "pairs are of people"
        shown, known = token_labels(
            fused.observations, step.events, step.examples, rows, fused.mask.shape[1], NUM_VERBS
        )
        # What is known is known on the host: chosen by position, it is not waited for.
        share = float(truth.sum()) / max(float(shown.sum()), 1.0)
        chosen = logits[known.nonzero().to(device).unbind(dim=1)]
        return total + share * focal_loss(chosen, shown[known].to(device), reduction="sum")

    def count(self, model: SmotModel, examples: Sequence[Example]) -> int:  # noqa: ARG002
        """True triplets."""
        return sum(len(set(_triplets(example))) for example in examples)

    def _pairs(self, step: ForwardPass) -> tuple[Tensor, Tensor]:
        """Rows (pairs, 2) among the people of all examples, and their verbs (pairs, verbs) as 0 and 1; on the host."""
        pairs, labels = [], []
        first = 0
        for example in step.examples:
            all_pairs, all_labels = pair_labels(example, NUM_VERBS)
            generator = torch.Generator().manual_seed(example.seed)
            negatives = self.negatives_per_positive if example.all_interactions else 0.0
            chosen = choose_pairs(all_labels, negatives, generator)
            pairs.append(all_pairs[chosen] + first)
            labels.append(all_labels[chosen])
            first += len(example.tracks)
        return torch.cat(pairs), torch.cat(labels)


# Every loss, in the order in which they are computed. A new one is a class and a line here.
TERMS: dict[str, LossTerm] = {
    term.name: term
    for term in (Detection(), Interactions(), Grounding(), FrameGrounding(), InstanceCaptions(), VideoCaptions())
}


def term_weights(given: dict[str, float]) -> dict[str, float]:
    """The weight of every loss.

    Args:
        given: weights by name, in place of the terms' own.

    Returns:
        All names of TERMS.

    Raises:
        ValueError: a name that is no loss.
    """
    unknown = sorted(given.keys() - TERMS.keys())
    if unknown:
        raise ValueError(f"training.weights has {', '.join(unknown)}; the losses are {', '.join(TERMS)}")
    return {name: given.get(name, term.weight) for name, term in TERMS.items()}


def _event_texts(events: Sequence[TrackEvents], segments: tuple[int, int]) -> Iterator[str]:
    """What is asked of people's observations and of their segments."""
    for track in events:
        yield from (event.text for event in track if event)
        yield from (text for parts in segment_texts(track, *segments) for text in parts if text)


def _triplets(example: Example) -> list[tuple[int, str, int]]:
    return [(edge.subject, edge.verb, edge.object) for edge in example.interactions]


def _pick(raw: object, rows: Tensor) -> object:
    """The rows of a batch out of nested dicts and lists of tensors."""
    if isinstance(raw, Tensor):
        return raw[rows]
    if isinstance(raw, dict):
        return {name: _pick(value, rows) for name, value in raw.items()}
    assert isinstance(raw, list | tuple), "ultralytics' head gives tensors, lists and dicts"
    return type(raw)(_pick(value, rows) for value in raw)
