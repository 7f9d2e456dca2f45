"""Actor relations: the tokens of a person attend to those of the other people in the same frame.

Not in the paper, whose T_j knows of others only what lies around its box. The target of a gesture often stands still and the
actor may be far away, so a person's own RoI features are not enough. The term is of group activity recognition (Wu et al.
2019); the code of a pair of boxes is that of relation networks (Hu et al. 2018) with signs.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from smot_vlm.fusion.padding import Padding


class ActorRelations(nn.Module):
    """t_i^j + up(CA(down(t_i^j), down(t_i^others) + code of their boxes)); close to the identity at initialisation.

    Args:
        dim: width of the tokens.
        hidden: width of the attention.
        heads: of the attention.
    """

    def __init__(self, dim: int = 256, hidden: int = 128, heads: int = 4) -> None:
        super().__init__()
        self.down = nn.Linear(dim, hidden)
        self.place = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        # A learned memory slot for people who are alone, or find nobody of interest.
        self.nobody = nn.Parameter(torch.randn(hidden) * hidden**-0.5)
        self.attention = nn.MultiheadAttention(hidden, heads, batch_first=True)
        self.up = nn.Linear(hidden, dim)
        nn.init.normal_(self.up.weight, std=0.01)
        nn.init.zeros_(self.up.bias)

    def forward(
        self,
        tokens: Float[Tensor, "people cells dim"],
        boxes: Float[Tensor, "people 4"],
        counts: Sequence[int],
    ) -> Float[Tensor, "people cells dim"]:
        """Add what the others in the frame say.

        Args:
            tokens: t_i^j, frame after frame.
            boxes: (center x, center y, width, height) as fractions of the frame.
            counts: people of each frame.

        Returns:
            Tokens of the same shape.
        """
        if not len(tokens):
            return tokens
        seen = self.down(tokens)
        company = _company(counts, seen.device)
        others = company.apply(seen) + self.place(pair_codes(boxes, company.apply(boxes)))[:, :, None]
        real = company.mask & (company.sources != torch.arange(len(tokens), device=seen.device)[:, None])
        nobody = self.nobody.to(seen.dtype).expand(len(seen), 1, -1)
        memory = torch.cat([nobody, others.flatten(1, 2).to(seen.dtype)], dim=1)
        ignored = torch.cat([real.new_zeros(len(real), 1), ~real.repeat_interleave(seen.shape[1], dim=1)], dim=1)
        attended, _ = self.attention(seen, memory, memory, key_padding_mask=ignored, need_weights=False)
        result: Tensor = tokens + self.up(attended)
        return result


def pair_codes(
    own: Float[Tensor, "people 4"], others: Float[Tensor, "people others 4"]
) -> Float[Tensor, "people others 4"]:
    """Offsets and sizes of the others' boxes in units of one's own, in logarithms.

    Args:
        own: (center x, center y, width, height).
        others: the same of the others.

    Returns:
        Signed log offsets and log sizes.
    """
    sizes = own[:, None, 2:].clamp(min=1e-3)
    offsets = (others[..., :2] - own[:, None, :2]) / sizes
    scales = (others[..., 2:].clamp(min=1e-3) / sizes).log()
    return torch.cat([offsets.sign() * offsets.abs().log1p(), scales], dim=-1)


def _company(counts: Sequence[int], device: torch.device) -> Padding:
    """For each person everybody in their frame."""
    crowded = [count for count in counts if count]
    sizes = torch.tensor(crowded)
    padding = Padding.of(crowded, torch.device("cpu"))
    sources = padding.sources.repeat_interleave(sizes, dim=0).to(device)
    return Padding(sources, sources < sum(crowded))
