"""CA(F, T), the input of the video caption (paper section 4): trajectories enter the fused video one after another."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention
from smot_vlm.fusion.padding import of_equal_length


class SceneFusion(nn.Module):
    """F <- CA(F, T_j) for each trajectory j in order.

    Args:
        dim: width of the tokens.
        heads: of the attention.
        feedforward: width of the feed-forward layer.
    """

    def __init__(self, dim: int = 256, heads: int = 8, feedforward: int = 1024) -> None:
        super().__init__()
        self.block = CrossAttention(dim, heads, feedforward)

    def forward(
        self,
        videos: Mapping[int, Float[Tensor, "_ dim"]],
        tracks: Float[Tensor, "tracks track_tokens dim"],
        mask: Bool[Tensor, "tracks track_tokens"],
        counts: Sequence[int],
    ) -> dict[int, Float[Tensor, "_ dim"]]:
        """Fuse clips, side by side.

        Args:
            videos: F of the clips whose scene is wanted.
            tracks: T_j of everybody, clip after clip.
            mask: true where a token of a track is real.
            counts: people of each clip; where there are none, F is returned unchanged.

        Returns:
            CA(F, T) of these clips.
        """
        people, real = tracks.split(list(counts)), mask.split(list(counts))
        scenes: dict[int, Tensor] = {}
        for clips in of_equal_length(videos):
            fused = self.block.in_turn(
                torch.stack([videos[clip] for clip in clips]),
                torch.cat([people[clip] for clip in clips]),
                torch.cat([real[clip] for clip in clips]),
                [counts[clip] for clip in clips],
            )
            scenes |= dict(zip(clips, fused, strict=True))
        return scenes
