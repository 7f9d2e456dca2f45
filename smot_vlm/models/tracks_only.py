"""TracksOnlyModel: trajectories without words. It loads no weights, so boxes come from a detector file or from MOT files."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.base import SmotModelBase
from smot_vlm.semantics.context import Relation
from smot_vlm.structures import Detections, Frame
from smot_vlm.verbs import NUM_VERBS

NO_DETECTOR = "this model has no detector of its own; give --detector onnx:FILE or yolo:FILE, or --trajectories"


class TracksOnlyModel(SmotModelBase):
    """For associators alone, and for the tracking half of the paper's tables: captions are empty, nobody interacts.

    Nothing in it has random weights, so `trained` is true.
    """

    trained = True

    @property
    def device(self) -> torch.device:
        """Always the CPU."""
        return torch.device("cpu")

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """No probability is above 1."""
        return torch.ones(NUM_VERBS)

    def check_detector(self) -> None:
        """There is none."""
        raise ValueError(NO_DETECTOR)

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory, which stays empty."""
        return SceneMemory(per_second=per_second, capacity=capacity)

    def detect(self, encoded: Any) -> Detections:  # noqa: ARG002
        """There is no detector."""
        raise ValueError(NO_DETECTOR)

    def observe(self, memory: SceneMemory, frame: Frame, encoded: Any, tracked: Detections, keyframe: bool) -> None:
        """Nothing is kept."""

    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> tuple[int, ...]:  # noqa: ARG002
        """The ids themselves."""
        return tuple(track_ids)

    def describe(self, fused: tuple[int, ...], relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:  # noqa: ARG002
        """Empty captions."""
        return "", [""] * len(fused)

    def score_pairs(self, fused: tuple[int, ...], pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:  # noqa: ARG002
        """No verb for anybody."""
        return torch.full((len(pairs), NUM_VERBS), -torch.inf)
