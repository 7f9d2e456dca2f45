"""CA(F, T), the input of the video caption (paper section 4): trajectories enter the fused video one after another."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention


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
        video: Float[Tensor, "tokens dim"],
        tracks: Float[Tensor, "tracks track_tokens dim"],
        mask: Bool[Tensor, "tracks track_tokens"],
    ) -> Float[Tensor, "tokens dim"]:
        """Fuse one clip.

        Args:
            video: F.
            tracks: T_j of its people; there may be none, and F is returned unchanged.
            mask: true where a token of a track is real.

        Returns:
            CA(F, T).
        """
        for track, real in zip(tracks, mask, strict=True):
            video = self.block(video[None], track[None], real[None])[0]
        return video
