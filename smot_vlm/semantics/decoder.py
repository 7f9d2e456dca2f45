"""The contract of a caption decoder: a batch of (visual tokens, prompt) in, a loss or captions out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from smot_vlm.fusion.padding import Padding

Task = Literal["instance", "video"]
TASKS: tuple[Task, ...] = ("instance", "video")


@dataclass(frozen=True, eq=False)
class CaptionRequest:
    """One caption to write.

    Attributes:
        task: "instance" or "video".
        tokens: T_j of a person or CA(F, T), without padding.
        prompt: rendered text with the place of the soft tokens marked.
        images: RGB uint8 (height, width, 3) with boxes drawn in, for decoders that want pictures.
    """

    task: Task
    tokens: Float[Tensor, "tokens dim"]
    prompt: str
    images: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, eq=False)
class CaptionLoss:
    """The loss of a batch of captions.

    Attributes:
        by_task: negative log-likelihood in nats, summed over target tokens, of each task that is asked for.
        tokens: how many target tokens that is, to divide by.
    """

    by_task: Mapping[Task, Float[Tensor, ""]]
    tokens: int

    @property
    def total(self) -> Float[Tensor, ""]:
        """Of all tasks."""
        first, *others = self.by_task.values()
        return sum(others, start=first)


@dataclass(frozen=True, eq=False)
class GroundingLoss:
    """The loss of soft tokens read as words.

    Attributes:
        total: summed over words.
        words: how many tokens of content words that is, to divide by.
    """

    total: Float[Tensor, ""]
    words: int


@runtime_checkable
class Grounding(Protocol):
    """What a decoder offers whose soft tokens can be read as words; see semantics/grounding.py."""

    @property
    def num_segments(self) -> tuple[int, int]:
        """Into how many segments soft tokens divide a trajectory, and the tokens of each; 0 where they do not."""
        ...

    def caption_loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str], *, ctc: bool) -> GroundingLoss:
        """The soft tokens of each request must name the content words of its caption.

        Args:
            requests: the visual tokens.
            captions: one a request; those without content words count nothing.
            ctc: ask for the order of the words too.

        Returns:
            With gradient into the requests' tokens.
        """
        ...

    def frame_loss(self, tokens: Float[Tensor, "observations tokens dim"], texts: Sequence[str]) -> GroundingLoss:
        """The tokens of single observations must name what is to be seen then.

        Args:
            tokens: fused tokens of each observation.
            texts: one an observation.

        Returns:
            With gradient into the tokens.
        """
        ...

    def segment_loss(
        self, requests: Sequence[CaptionRequest], texts: Sequence[Sequence[Sequence[str]]]
    ) -> GroundingLoss:
        """Each soft token of each segment must name its part: who, the action, the partner.

        Args:
            requests: the visual tokens.
            texts: of the first tokens of each segment of each request; nothing for segments of unknown events.

        Returns:
            With gradient into the requests' tokens.
        """
        ...

    def segment_scores(
        self, requests: Sequence[CaptionRequest], texts: Sequence[Sequence[str]]
    ) -> list[Float[Tensor, "segments texts"]]:
        """How well each segment of a trajectory names each of several texts.

        Args:
            requests: the visual tokens.
            texts: any number for each request.

        Returns:
            For each request the mean over a text's content words of the log-odds that the segment's tokens name them;
            no rows where soft tokens have no segments.
        """
        ...

    def frame_scores(
        self, tokens: Float[Tensor, "observations tokens dim"], texts: Sequence[str]
    ) -> Float[Tensor, "observations texts"]:
        """How well the tokens of each single observation name each of several texts.

        Args:
            tokens: fused tokens of each observation.
            texts: any number.

        Returns:
            As `segment_scores`.
        """
        ...

    def content_tokens(self, caption: str) -> list[int]:
        """The tokens that the losses ask for.

        Args:
            caption: any text.

        Returns:
            Each token once, ascending.
        """
        ...


@runtime_checkable
class CaptionDecoder(Protocol):
    """A torch module that writes captions. Each call is one batch: captions of both tasks in one forward pass.

    Attributes:
        wants_pictures: whether it reads `CaptionRequest.images`, so that the model has to keep pictures.
        max_new_tokens: most tokens of a caption.
        grounding: its soft tokens read as words; None where it has none.
    """

    wants_pictures: bool
    max_new_tokens: int

    @property
    def grounding(self) -> Grounding | None:
        """Its soft tokens read as words; None where it has none."""
        ...

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """The loss of reference captions.

        Args:
            requests: what is asked.
            captions: one a request; blank ones have no target.

        Returns:
            With gradient into the requests' tokens.
        """
        ...

    def count_targets(self, captions: Sequence[str]) -> int:
        """How many target tokens `loss` sums over, known without a forward pass.

        Args:
            captions: blank ones count 0.

        Returns:
            `CaptionLoss.tokens` of these captions.
        """
        ...

    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """Write a caption for each request.

        Args:
            requests: an empty batch gives an empty list.

        Returns:
            Captions in the order of the requests.
        """
        ...

    def optimize(self, *, compile: bool, dtype: torch.dtype | None) -> None:
        """Prepare for training, once, on the device.

        Args:
            compile: torch.compile what is worth it.
            dtype: of frozen weights; None leaves them.
        """
        ...

    def save_extras(self, folder: Path) -> None:
        """Write what belongs to a saved model beside its tensors, such as the tokenizer.

        Args:
            folder: of the model, which is there.
        """
        ...

    def check_extras(self, folder: Path) -> None:
        """Make sure that `save_extras` wrote what this decoder uses.

        Args:
            folder: of a saved model.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file cannot be read, or differs from what this decoder uses.
        """
        ...


def pad_tokens(
    rows: Sequence[Float[Tensor, "_ dim"]],
) -> tuple[Float[Tensor, "batch tokens dim"], Bool[Tensor, "batch tokens"]]:
    """Pad rows of different length on the right.

    Args:
        rows: at least one.

    Returns:
        One batch, and its mask, true where a token is real.
    """
    entries = torch.cat(list(rows))
    padding = Padding.of([len(row) for row in rows], entries.device)
    return padding.apply(entries), padding.mask


def rows_by_task(requests: Sequence[CaptionRequest]) -> Iterator[tuple[Task, list[int]]]:
    """The requests of each task.

    Args:
        requests: of any tasks.

    Yields:
        A task that occurs, and the positions of its requests.
    """
    for task in TASKS:
        rows = [row for row, request in enumerate(requests) if request.task == task]
        if rows:
            yield task, rows
