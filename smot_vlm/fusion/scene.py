"""CA(F, T), the video caption's input (paper section 4): the trajectories enter the fused video one after another."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention


class SceneFusion(nn.Module):
    """F <- CA(F, T_j) for each trajectory j in order. Without any trajectory the video stays as it is."""

    def __init__(self, dim: int = 256, heads: int = 8, feedforward: int = 1024) -> None:
        super().__init__()
        self.block = CrossAttention(dim, heads, feedforward)

    def forward(
        self,
        video: Float[Tensor, "tokens dim"],
        tracks: Float[Tensor, "tracks track_tokens dim"],
        mask: Bool[Tensor, "tracks track_tokens"],
    ) -> Float[Tensor, "tokens dim"]:
        """mask: true where a token of a track is real."""
        for track, real in zip(tracks, mask, strict=True):
            video = self.block(video[None], track[None], real[None])[0]
        return video
