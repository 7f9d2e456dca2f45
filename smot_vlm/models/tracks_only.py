"""TracksOnlyModel: trajectories without words. It loads no weights, so boxes come from a detector file or from MOT files."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.base import Describer
from smot_vlm.semantics.context import Relation, SceneContext
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.structures import Detections, Frame
from smot_vlm.verbs import NUM_VERBS


class TracksOnlyModel(Describer[np.ndarray, tuple[int, ...]]):
    """For associators alone, and for the tracking half of the paper's tables: captions are empty, nobody interacts.

    Nothing in it has random weights, so `trained` is true.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trained = True

    @property
    def device(self) -> torch.device:
        """See Describer.device."""
        return torch.device("cpu")

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """See Describer.verb_thresholds: no probability is above 1."""
        return torch.ones(NUM_VERBS)

    def check_detector(self) -> None:
        """See Describer.check_detector: there is none."""
        raise ValueError(
            "this model has no detector of its own; give --detector onnx:FILE or yolo:FILE, or --trajectories"
        )

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """See Describer.open_memory."""
        return SceneMemory(per_second=per_second, capacity=capacity)

    def see(self, image: np.ndarray) -> np.ndarray:
        """See Describer.see: the image itself."""
        return image

    def detect(self, view: np.ndarray) -> Detections:
        """See Describer.detect."""
        self.check_detector()
        raise AssertionError("check_detector raises")

    def remember(self, memory: SceneMemory, frame: Frame, view: np.ndarray, tracked: Detections, regular: bool) -> None:
        """See Describer.remember: nothing is kept."""

    def recall(self, memory: SceneMemory, track_ids: Sequence[int]) -> tuple[int, ...]:
        """See Describer.recall."""
        return tuple(track_ids)

    def people_requests(self, recalled: tuple[int, ...]) -> list[CaptionRequest]:
        """See Describer.people_requests: nothing is asked."""
        return []

    def scene_request(self, recalled: tuple[int, ...], context: SceneContext) -> CaptionRequest:
        """See Describer.scene_request."""
        raise ValueError("this model has no words; choose another model for captions")

    def describe(self, recalled: tuple[int, ...], relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """See Describer.describe: empty captions."""
        return "", [""] * len(recalled)

    def relate(self, recalled: tuple[int, ...], pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """See Describer.relate: no verb for anybody."""
        return torch.full((len(pairs), NUM_VERBS), -torch.inf)

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[tuple[int, ...], Tensor], Tensor]:
        """See Describer.open_vocabulary."""
        raise ValueError("this model has no words; choose another model for verbs")
