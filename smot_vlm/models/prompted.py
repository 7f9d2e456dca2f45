"""What models share that write captions by asking: prompts, requests, and the order in which a decoder is asked."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from smot_vlm.models.base import SmotModelBase
from smot_vlm.semantics.context import CONTEXTS, Relation, SceneContext
from smot_vlm.semantics.decoder import CaptionDecoder, CaptionRequest
from smot_vlm.semantics.language_models import cast_frozen
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.system.gathering import WORDS, together


class PromptedModel(SmotModelBase):
    """A model whose words come from prompts.

    Args:
        prompts: the templates.
        context: a key of CONTEXTS, what the video's prompt states of its people.

    Raises:
        ValueError: an unknown context.
    """

    def __init__(self, prompts: Prompts, context: str = "none") -> None:
        super().__init__()
        if context not in CONTEXTS:
            raise ValueError(f"decoder.context is {context!r}; it takes {', '.join(CONTEXTS)}")
        self.prompts = prompts
        self.context = context

    @abstractmethod
    def people_requests(self, fused: Any) -> list[CaptionRequest]:
        """What is asked about each person.

        Args:
            fused: of `fuse_memory`.

        Returns:
            One request a person.
        """

    @abstractmethod
    def scene_request(self, fused: Any, context: SceneContext) -> CaptionRequest:
        """What is asked about the video.

        Args:
            fused: of `fuse_memory`.
            context: what is known of its people.

        Returns:
            The request.
        """

    def numbers(self, fused: Any) -> Sequence[int] | None:  # noqa: ARG002
        """The numbers by which prompts call people.

        Args:
            fused: of `fuse_memory`.

        Returns:
            One a person; None counts them from 1.
        """
        return None

    def caption_requests(self, fused: Any) -> list[CaptionRequest]:
        """All requests without context: the video first, then each person.

        Args:
            fused: of `fuse_memory`.

        Returns:
            One request more than there are people.
        """
        return [self.scene_request(fused, SceneContext()), *self.people_requests(fused)]


class DecoderModel(PromptedModel):
    """A model whose words come from a caption decoder."""

    decoder: CaptionDecoder

    def lower_precision(self, dtype: torch.dtype) -> None:
        """The frozen language model's."""
        assert isinstance(self.decoder, nn.Module), "decoders are torch modules"
        cast_frozen(self.decoder, dtype)

    def describe(self, fused: Any, relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """Without context one batched generation; else people first, and the video's prompt states their captions."""
        if self.context == "none":
            caption, *captions = self._write(self.caption_requests(fused))
            return caption, captions
        captions = self._write(self.people_requests(fused))
        told = relations if self.context == "captions+verbs" else ()
        context = SceneContext.of(captions, told, self.numbers(fused))
        return self._write([self.scene_request(fused, context)])[0], captions

    def _write(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """One generation, with the requests of other videos that are described at the same time."""
        return together(self.decoder.generate, requests, stage=WORDS, kind=id(self.decoder))
