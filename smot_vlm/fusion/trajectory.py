"""TFM, trajectory fusion (paper section 4): self-attention over the tokens of a person in all frames, concatenated.

And its three alternatives (Table 4), which the paper describes in a supplement that is not public; the definitions here are
ours. Added to the paper: position codes of when (time), where (box) and which part of the box (cell) a token comes from.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention, SelfAttention
from smot_vlm.fusion.mlp import MLPFusion
from smot_vlm.fusion.position_codes import PositionCodes
from smot_vlm.fusion.running_norm import RunningNorm


class TrajectoryFusion(nn.Module, ABC):
    """The tokens t_i^j of a person in each frame become T_j. Works for any number of frames from 1 up.

    Args:
        dim: width of the tokens.
        cells: tokens of a box.
        position_codes: add PositionCodes; false is the released code's way.

    Attributes:
        keeps_order: T_j has the tokens of each frame, in order of time.
    """

    keeps_order = False

    def __init__(self, dim: int = 256, cells: int = 4, position_codes: bool = True) -> None:
        super().__init__()
        self.codes = PositionCodes(dim, cells) if position_codes else None
        self.center = RunningNorm(dim)

    def forward(
        self,
        tokens: Float[Tensor, "tracks frames cells dim"],
        times: Float[Tensor, "tracks frames"],
        boxes: Float[Tensor, "tracks frames 4"],
        mask: Bool[Tensor, "tracks frames"],
    ) -> tuple[Float[Tensor, "tracks tokens dim"], Bool[Tensor, "tracks tokens"]]:
        """T_j of several people.

        Args:
            tokens: t_i^j.
            times: seconds since the video began.
            boxes: (center x, center y, width, height) as fractions of the frame.
            mask: true where a track has that frame.

        Returns:
            The fused tokens, normalised by running statistics, and which of them are real.
        """
        fused, real = self.combine(self._coded(tokens, times, boxes), mask)
        return self.center(fused, real), real

    def fuse_single_frames(
        self,
        tokens: Float[Tensor, "observations cells dim"],
        times: Float[Tensor, "observations"],
        boxes: Float[Tensor, "observations 4"],
    ) -> Float[Tensor, "observations tokens dim"]:
        """Each observation fused as a trajectory of one frame, normalised as whole trajectories are.

        Args:
            tokens: t_i^j.
            times: seconds since the video began.
            boxes: fractions of the frame.

        Returns:
            Fused tokens of each.
        """
        seen = torch.ones(len(tokens), 1, dtype=torch.bool, device=tokens.device)
        fused, _ = self.combine(self._coded(tokens[:, None], times[:, None], boxes[:, None]), seen)
        return self.center.normalize(fused)

    def _coded(self, tokens: Tensor, times: Tensor, boxes: Tensor) -> Tensor:
        return tokens if self.codes is None else tokens + self.codes(times, boxes)

    @abstractmethod
    def combine(
        self, tokens: Float[Tensor, "tracks frames cells dim"], mask: Bool[Tensor, "tracks frames"]
    ) -> tuple[Float[Tensor, "tracks tokens dim"], Bool[Tensor, "tracks tokens"]]:
        """`forward` without codes and normalisation.

        Args:
            tokens: t_i^j with their codes.
            mask: true where a track has that frame.

        Returns:
            The fused tokens, and which of them are real.
        """


class ConcatenationTrajectoryFusion(TrajectoryFusion):
    """T_j = SA(concat of t_i^j), the paper's choice: frames x cells tokens.

    Args:
        dim: width of the tokens.
        heads: of the attention.
        cells: tokens of a box.
        position_codes: add PositionCodes.
    """

    keeps_order = True

    def __init__(self, dim: int = 256, heads: int = 8, cells: int = 4, position_codes: bool = True) -> None:
        super().__init__(dim, cells, position_codes)
        self.block = SelfAttention(dim, heads)

    def combine(
        self, tokens: Float[Tensor, "tracks frames cells dim"], mask: Bool[Tensor, "tracks frames"]
    ) -> tuple[Float[Tensor, "tracks tokens dim"], Bool[Tensor, "tracks tokens"]]:
        """Self-attention over all of them."""
        token_mask = mask.repeat_interleave(tokens.shape[2], dim=1)
        return self.block(tokens.flatten(1, 2), token_mask), token_mask


class RecurrentTrajectoryFusion(TrajectoryFusion):
    """T = t_1, then T = block(T, t_i) for each further frame of the track: as many tokens as a box has cells.

    Args:
        block: (T, t) to T.
        dim: width of the tokens.
        cells: tokens of a box.
        position_codes: add PositionCodes.
    """

    def __init__(self, block: nn.Module, dim: int, cells: int, position_codes: bool) -> None:
        super().__init__(dim, cells, position_codes)
        self.block = block

    def combine(
        self, tokens: Float[Tensor, "tracks frames cells dim"], mask: Bool[Tensor, "tracks frames"]
    ) -> tuple[Float[Tensor, "tracks cells dim"], Bool[Tensor, "tracks cells"]]:
        """The recurrence, which padding leaves unchanged."""
        fused, started = tokens[:, 0], mask[:, 0]
        for index in range(1, tokens.shape[1]):
            frame, real = tokens[:, index], mask[:, index]
            advanced = torch.where(started[:, None, None], self.block(fused, frame), frame)
            fused = torch.where(real[:, None, None], advanced, fused)
            started = started | real
        return fused, started[:, None].expand(fused.shape[:2])


class AttentionTrajectoryFusion(RecurrentTrajectoryFusion):
    """T = CA(T, t_i), VFM's recurrence over the frames of a track.

    Args:
        dim: width of the tokens.
        heads: of the attention.
        feedforward: width of the feed-forward layer.
        cells: tokens of a box.
        position_codes: add PositionCodes.
    """

    def __init__(
        self, dim: int = 256, heads: int = 8, feedforward: int = 1024, cells: int = 4, position_codes: bool = True
    ) -> None:
        super().__init__(CrossAttention(dim, heads, feedforward), dim, cells, position_codes)


class MLPTrajectoryFusion(RecurrentTrajectoryFusion):
    """T = norm(T + MLP([T, t_i])), cell by cell.

    Args:
        dim: width of the tokens.
        feedforward: width of the hidden layer.
        cells: tokens of a box.
        position_codes: add PositionCodes.
    """

    def __init__(self, dim: int = 256, feedforward: int = 1024, cells: int = 4, position_codes: bool = True) -> None:
        super().__init__(MLPFusion(dim, feedforward), dim, cells, position_codes)


class AdditionTrajectoryFusion(TrajectoryFusion):
    """T_j = (t_1 + ... + t_N) / N, cell by cell. Divided, so that a long track is no louder than a short one."""

    def combine(
        self, tokens: Float[Tensor, "tracks frames cells dim"], mask: Bool[Tensor, "tracks frames"]
    ) -> tuple[Float[Tensor, "tracks cells dim"], Bool[Tensor, "tracks cells"]]:
        """The mean over the frames of the track."""
        total = tokens.masked_fill(~mask[:, :, None, None], 0.0).sum(dim=1)
        mean = total / mask.sum(dim=1).clamp(min=1)[:, None, None]
        return mean, mask.any(dim=1)[:, None].expand(mean.shape[:2])


# Name in the config -> the fusion for (dim, heads, feedforward, cells, position_codes).
TRAJECTORY_FUSIONS: dict[str, Callable[[int, int, int, int, bool], TrajectoryFusion]] = {
    "attention": AttentionTrajectoryFusion,
    "mlp": lambda dim, _heads, feedforward, cells, codes: MLPTrajectoryFusion(dim, feedforward, cells, codes),
    "concatenation": lambda dim, heads, _feedforward, cells, codes: ConcatenationTrajectoryFusion(
        dim, heads, cells, codes
    ),
    "addition": lambda dim, _heads, _feedforward, cells, codes: AdditionTrajectoryFusion(dim, cells, codes),
}
