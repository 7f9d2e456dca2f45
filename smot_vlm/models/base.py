"""What a Session needs of a model, whatever the model is made of."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.semantics.context import CONTEXTS, Relation, SceneContext
from smot_vlm.semantics.decoder import CaptionDecoder, CaptionRequest
from smot_vlm.structures import Detections, Frame

Seen = TypeVar("Seen")
Recalled = TypeVar("Recalled")


class Describer(nn.Module, ABC, Generic[Seen, Recalled]):
    """Sees frames, remembers people, finds words. Seen: one frame as it sees it; Recalled: what it remembers, ready to ask.

    trained: whether everything that speaks has trained weights. context: a key of CONTEXTS, what the video's prompt tells.
    """

    trained: bool
    decoder: CaptionDecoder

    def __init__(self, context: str = "none") -> None:
        super().__init__()
        if context not in CONTEXTS:
            raise ValueError(f"decoder.context is {context!r}; it takes {', '.join(CONTEXTS)}")
        self.context = context

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
        """Take one look at the people `tracked`, all of the frame: a regular look is kept of everybody and of the scene,
        one between them of those alone who are new."""

    @abstractmethod
    def recall(self, memory: SceneMemory, track_ids: Sequence[int]) -> Recalled:
        """What is remembered of the scene and of these people."""

    @abstractmethod
    def people_requests(self, recalled: Recalled) -> list[CaptionRequest]:
        """What the decoder is asked about each person recalled."""

    @abstractmethod
    def scene_request(self, recalled: Recalled, context: SceneContext) -> CaptionRequest:
        """What the decoder is asked about the video, told what is known of its people."""

    def caption_requests(self, recalled: Recalled) -> list[CaptionRequest]:
        """All that the decoder is asked without context: the video first, then each person."""
        return [self.scene_request(recalled, SceneContext()), *self.people_requests(recalled)]

    def describe(self, recalled: Recalled, relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """The video's caption, and one for each person recalled.

        Without context they are one batched generation; else the people's come first, and the video's prompt tells
        them, and with "captions+verbs" the `relations` found.
        """
        if self.context == "none":
            caption, *captions = self.decoder.generate(self.caption_requests(recalled))
            return caption, captions
        captions = self.decoder.generate(self.people_requests(recalled))
        context = SceneContext.of(captions, relations if self.context == "captions+verbs" else ())
        return self.decoder.generate([self.scene_request(recalled, context)])[0], captions

    @abstractmethod
    def relate(self, recalled: Recalled, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Log-odds of each verb for each ordered pair (subject, object) of positions among the people recalled."""

    @abstractmethod
    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Recalled, Tensor], Tensor]:
        """`relate` for verbs in other words than the 335: what it returns gives log-odds (pairs, phrases).

        Raises:
            ValueError: this model cannot score new verbs.
            FileNotFoundError, ImportError: a part for that is missing.
        """
