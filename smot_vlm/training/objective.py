"""What is minimised: the losses of a few examples, in one forward pass that a distributed wrapper can see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from smot_vlm.association.associators import Associator
from smot_vlm.detection.letterbox import PADDING_GREY
from smot_vlm.models.clips import ClipBatch, ClipInput
from smot_vlm.models.smot import SmotModel
from smot_vlm.semantics.decoder import TASKS
from smot_vlm.system.timing import PartTimes
from smot_vlm.training.examples import Example
from smot_vlm.training.targets import assign_targets, run_tracker, to_images
from smot_vlm.training.terms import TERMS, ForwardPass, LossTerm, Phase


class Objective(nn.Module):
    """A SmotModel with its losses.

    Args:
        model: what is trained.
        open_associator: for a frame rate, as at inference.
        weights: of each loss by name; a loss of weight 0 is not computed.
        terms: the losses.
        assignment_iou: see `assign_targets`.
        detach: no gradient of captions and verbs into the detector.
    """

    def __init__(
        self,
        model: SmotModel,
        open_associator: Callable[[float], Associator],
        *,
        weights: Mapping[str, float],
        terms: Mapping[str, LossTerm] = TERMS,
        assignment_iou: float = 0.5,
        detach: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.weights = dict(weights)
        self.times = PartTimes()
        self._terms = [terms[name] for name, weight in weights.items() if weight]
        self._open_associator = open_associator
        self._assignment_iou = assignment_iou
        self._detach = detach

    def active(self, phase: Phase) -> list[str]:
        """The losses that count now.

        Args:
            phase: of the training.

        Returns:
            Their names.
        """
        return [term.name for term in self._terms if phase.trains(term.stage)]

    def forward(self, examples: Sequence[Example], phase: Phase) -> dict[str, Tensor]:
        """Sums of the losses that count now; `combine` divides them by the targets of all processes and micro-batches.

        Args:
            examples: the clips.
            phase: of the training.

        Returns:
            A scalar by name.
        """
        with self.times.part("association"):
            clips = [self._clip(example, phase) for example in examples]
        images = _stack_canvases(examples, self.model.device)
        if phase.features:
            with self.times.part("features"):
                fused = self.model(ClipBatch(images, clips), detach=self._detach)
                fused = replace(fused, pictures=tuple(example.pictures for example in examples if example.pictures))
                taught = frozenset(task for task in TASKS if self.weights.get(task))
                step = ForwardPass(self.model, examples, phase, fused.detected, fused, taught)
        else:
            with self.times.part("detector"):
                step = ForwardPass(self.model, examples, phase, self.model.detector(images))
        sums: dict[str, Tensor] = {}
        for term in self._terms:
            if phase.trains(term.stage):
                with self.times.part(term.part):
                    total = term.total(step)
                sums[term.name] = step.zero if total is None else total
        return sums

    def count_targets(self, examples: Sequence[Example]) -> dict[str, float]:
        """How many targets the sums are over, known before any forward pass.

        Args:
            examples: the clips.

        Returns:
            A number by name, of every loss with a weight.
        """
        return {term.name: float(term.count(self.model, examples)) for term in self._terms}

    def _clip(self, example: Example, phase: Phase) -> ClipInput:
        frames = example.frames[example.features]
        found = run_tracker(self.model, example, self._open_associator) if example.associate and phase.features else []
        people = assign_targets(example.tracks, found, frames, self._assignment_iou)
        with_scene = example.teach_video and bool(self.weights.get("video"))
        return ClipInput(example.placement, example.times[example.features], people, with_scene)


def combine(sums: Mapping[str, Tensor], counts: Mapping[str, float], weights: Mapping[str, float]) -> Tensor:
    """The weighted sum of the mean losses.

    Args:
        sums: of `Objective`.
        counts: targets of all micro-batches and processes of the step.
        weights: of each loss.

    Returns:
        A scalar to step on.
    """
    return torch.stack([weights[name] * total / max(counts[name], 1.0) for name, total in sums.items()]).sum()


def _stack_canvases(examples: Sequence[Example], device: torch.device) -> Tensor:
    """The keyframes of all examples as one batch; smaller canvases get grey at the right and below."""
    canvases = [example.canvases[example.features] for example in examples]
    height = max(canvas.shape[1] for canvas in canvases)
    width = max(canvas.shape[2] for canvas in canvases)
    batch = np.full((sum(map(len, canvases)), height, width, 3), PADDING_GREY, dtype=np.uint8)
    row = 0
    for canvas in canvases:
        batch[row : row + len(canvas), : canvas.shape[1], : canvas.shape[2]] = canvas
        row += len(canvas)
    return to_images(batch, device)
