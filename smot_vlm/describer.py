"""What a Session needs of a model, whatever the model is made of."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.structures import Detections, Frame

Seen = TypeVar("Seen")
Recalled = TypeVar("Recalled")


class Describer(nn.Module, ABC, Generic[Seen, Recalled]):
    """Sees frames, remembers people, finds words. Seen: one frame as it sees it; Recalled: what it remembers, ready to ask.

    trained: whether everything that speaks has trained weights.
    """

    trained: bool

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where its weights are."""

    @property
    @abstractmethod
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """The probability above which each verb is reported."""

    @abstractmethod
    def check_detector(self) -> None:
        """Make sure that `detect` can be used.

        Raises:
            ValueError, FileNotFoundError: its detector is untrained or its weights are missing.
        """

    @abstractmethod
    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory for one video. per_second: looks a second; capacity: observations kept a track."""

    @abstractmethod
    def see(self, image: np.ndarray) -> Seen:
        """RGB uint8 (height, width, 3), as `detect` and `remember` take it."""

    @abstractmethod
    def detect(self, view: Seen) -> Detections:
        """The people in a view, boxes in original pixels, best score first."""

    @abstractmethod
    def remember(self, memory: SceneMemory, frame: Frame, view: Seen, tracked: Detections, regular: bool) -> None:
        """Take one look at the people `tracked`; a regular one is at everybody and at the scene."""

    @abstractmethod
    def recall(self, memory: SceneMemory, track_ids: Sequence[int]) -> Recalled:
        """What is remembered of the scene and of these people."""

    @abstractmethod
    def describe(self, recalled: Recalled) -> tuple[str, list[str]]:
        """The video's caption, and one for each person recalled."""

    @abstractmethod
    def relate(self, recalled: Recalled, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Log-odds of each verb for each ordered pair (subject, object) of positions among the people recalled."""
