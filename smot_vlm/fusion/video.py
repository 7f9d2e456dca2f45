"""VFM, video fusion (paper section 4), and its three alternatives (Table 4). All stream in constant memory.

The paper describes the alternatives in a supplement that is not public; the definitions here are ours.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention, SelfAttention
from smot_vlm.fusion.even_memory import even_positions
from smot_vlm.fusion.memory import VideoState
from smot_vlm.fusion.mlp import MLPFusion
from smot_vlm.fusion.padding import of_equal_length


class VideoFusion(nn.Module, ABC):
    """Frames f_1 .. f_N, one after another, become F. Works for any N from 1 up."""

    @abstractmethod
    def step(self, state: VideoState | None, frame: Float[Tensor, "batch tokens dim"]) -> VideoState:
        """The state after one more frame.

        Args:
            state: so far, left unchanged; None before the first frame.
            frame: f_i.

        Returns:
            The next state.
        """

    @abstractmethod
    def result(self, state: VideoState) -> Float[Tensor, "batch fused_tokens dim"]:
        """F of the frames so far.

        Args:
            state: after at least one frame.

        Returns:
            F.
        """

    def forward(self, frames: Float[Tensor, "batch frames tokens dim"]) -> Float[Tensor, "batch fused_tokens dim"]:
        """F of N frames.

        Args:
            frames: f_1 .. f_N.

        Returns:
            F.
        """
        state = None
        for frame in frames.unbind(dim=1):
            state = self.step(state, frame)
        assert state is not None, "a video has at least one frame"
        return self.result(state)

    def of_clips(self, clips: Mapping[int, Float[Tensor, "_ tokens dim"]]) -> dict[int, Float[Tensor, "_ dim"]]:
        """F of several clips; those with equally many frames are fused side by side.

        Args:
            clips: f_1 .. f_N of each, by number.

        Returns:
            F of each.
        """
        fused: dict[int, Tensor] = {}
        for alike in of_equal_length(clips):
            fused |= dict(zip(alike, self(torch.stack([clips[clip] for clip in alike])), strict=True))
        return fused


class RecurrentVideoFusion(VideoFusion):
    """F_1 = f_1, F_i = block(F_{i-1}, f_i).

    Args:
        block: (F, f) to F.
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def step(self, state: VideoState | None, frame: Float[Tensor, "batch tokens dim"]) -> VideoState:
        """The state holds F alone."""
        if state is None:
            return VideoState((frame,), 1)
        return VideoState((self.block(state.frames[0], frame),), state.seen + 1)

    def result(self, state: VideoState) -> Float[Tensor, "batch tokens dim"]:
        """What the state holds."""
        return state.frames[0]


class AttentionVideoFusion(RecurrentVideoFusion):
    """F_i = CA(F_{i-1}, f_i), the paper's choice, from the second frame on.

    Args:
        dim: width of the tokens.
        heads: of the attention.
        feedforward: width of the feed-forward layer.
    """

    def __init__(self, dim: int = 256, heads: int = 8, feedforward: int = 1024) -> None:
        super().__init__(CrossAttention(dim, heads, feedforward))


class MLPVideoFusion(RecurrentVideoFusion):
    """F_i = norm(F_{i-1} + MLP([F_{i-1}, f_i])), place by place.

    Args:
        dim: width of the tokens.
        feedforward: width of the hidden layer.
    """

    def __init__(self, dim: int = 256, feedforward: int = 1024) -> None:
        super().__init__(MLPFusion(dim, feedforward))


class ConcatenationVideoFusion(VideoFusion):
    """F = SA(concat of f_i): the tokens of at most `frames` frames, as TFM does it.

    A longer video is thinned to frames spread evenly over it (see `even_positions`), the first and the newest among
    them. Nothing says which frame a token comes from.

    Args:
        dim: width of the tokens.
        heads: of the attention.
        frames: most frames kept.
    """

    def __init__(self, dim: int = 256, heads: int = 8, frames: int = 8) -> None:
        super().__init__()
        self.frames = frames
        self.block = SelfAttention(dim, heads)

    def step(self, state: VideoState | None, frame: Float[Tensor, "batch tokens dim"]) -> VideoState:
        """The state holds the frames that are kept."""
        if state is None:
            return VideoState((frame,), 1)
        held = dict(zip(even_positions(state.seen, self.frames), state.frames, strict=True)) | {state.seen: frame}
        seen = state.seen + 1
        return VideoState(tuple(held[position] for position in even_positions(seen, self.frames)), seen)

    def result(self, state: VideoState) -> Float[Tensor, "batch fused_tokens dim"]:
        """Frames x tokens."""
        result: Tensor = self.block(torch.cat(state.frames, dim=1))
        return result


class AdditionVideoFusion(VideoFusion):
    """F = (f_1 + ... + f_N) / N. Divided, so that a long video is no louder than a short one; nothing is learned."""

    def step(self, state: VideoState | None, frame: Float[Tensor, "batch tokens dim"]) -> VideoState:
        """The state holds the mean so far."""
        if state is None:
            return VideoState((frame,), 1)
        mean, seen = state.frames[0], state.seen + 1
        return VideoState((mean + (frame - mean) / seen,), seen)

    def result(self, state: VideoState) -> Float[Tensor, "batch tokens dim"]:
        """What the state holds."""
        return state.frames[0]


# Name in the config -> the fusion for (dim, heads, feedforward). A new one is a class and a line here.
VIDEO_FUSIONS: dict[str, Callable[[int, int, int], VideoFusion]] = {
    "attention": AttentionVideoFusion,
    "mlp": lambda dim, _heads, feedforward: MLPVideoFusion(dim, feedforward),
    "concatenation": lambda dim, heads, _feedforward: ConcatenationVideoFusion(dim, heads),
    "addition": lambda _dim, _heads, _feedforward: AdditionVideoFusion(),
}
