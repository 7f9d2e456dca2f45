"""What every language decoder is: a batch of (visual tokens, prompt) in, a loss or captions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

Task = Literal["instance", "video"]
TASKS: tuple[Task, ...] = ("instance", "video")


@dataclass(frozen=True, eq=False)
class CaptionRequest:
    """One caption to write. tokens: T_j of a person ("instance") or CA(F, T) ("video"), only real ones.

    prompt: rendered text with the place of the soft tokens marked. images: pictures to look at, RGB uint8 (height,
    width, 3), boxes drawn in; none for a decoder that does not want them.
    """

    task: Task
    tokens: Float[Tensor, "tokens dim"]
    prompt: str
    images: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, eq=False)
class CaptionLoss:
    """total: negative log-likelihood in nats, added over `tokens` target tokens (divide over all processes' tokens)."""

    total: Float[Tensor, ""]
    tokens: int


@runtime_checkable
class CaptionDecoder(Protocol):
    """A module that writes captions. Each call is one batch: every caption of a clip in one forward pass.

    wants_pictures: whether it looks at `CaptionRequest.images`, so that somebody has to gather them. max_new_tokens: most
    tokens of a caption.
    """

    wants_pictures: bool
    max_new_tokens: int

    def loss(self, requests: Sequence[CaptionRequest], captions: Sequence[str]) -> CaptionLoss:
        """Loss of the reference `captions`, one a request; with gradient into the requests' tokens."""
        ...

    def generate(self, requests: Sequence[CaptionRequest]) -> list[str]:
        """A caption for each request, in order. An empty batch gives an empty list."""
        ...


def pad_tokens(
    rows: Sequence[Float[Tensor, "_ dim"]],
) -> tuple[Float[Tensor, "batch tokens dim"], Bool[Tensor, "batch tokens"]]:
    """Rows of different length as one right-padded batch, and its mask (true where a token is real)."""
    tokens = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    lengths = torch.tensor([len(row) for row in rows], device=tokens.device)
    return tokens, torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
