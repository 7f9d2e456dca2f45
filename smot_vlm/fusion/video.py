"""VFM, video fusion (paper section 4): F_1 = f_1, F_i = CA(F_{i-1}, f_i). A recurrence: it streams, in constant memory."""

from jaxtyping import Float
from torch import Tensor, nn

from smot_vlm.fusion.attention import CrossAttention


class AttentionVideoFusion(nn.Module):
    """The paper's recurrence from the second frame on, for any number of frames from 1 up."""

    def __init__(self, dim: int = 256, heads: int = 8, feedforward: int = 1024) -> None:
        super().__init__()
        self.block = CrossAttention(dim, heads, feedforward)

    def step(
        self, video: Float[Tensor, "batch tokens dim"] | None, frame: Float[Tensor, "batch tokens dim"]
    ) -> Float[Tensor, "batch tokens dim"]:
        """F_i from F_{i-1} and f_i; F_1 = f_1 where `video` is None."""
        return frame if video is None else self.block(video, frame)

    def forward(self, frames: Float[Tensor, "batch frames tokens dim"]) -> Float[Tensor, "batch tokens dim"]:
        """F_N of N frames."""
        video = None
        for frame in frames.unbind(dim=1):
            video = self.step(video, frame)
        assert video is not None, "a video has at least one frame"
        return video
