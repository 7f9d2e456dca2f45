"""Who else is there: the tokens of a person in a frame read those of the others in the same frame.

Beside the paper, whose T_j knows of others only what lies around its box: who is waved at stands still, and who waves may
be across the street. The term is of group activity recognition (actor relations, Wu et al. 2019); the code of a pair of
boxes is that of relation networks (Hu et al. 2018) with signs.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence


class ActorRelations(nn.Module):
    """t_i^j + up(CA(down(t_i^j), down(t_i^others) + code of their boxes)); at the start next to nothing is added.

    hidden: width in which people look at each other.
    """

    def __init__(self, dim: int = 256, hidden: int = 128, heads: int = 4) -> None:
        super().__init__()
        self.down = nn.Linear(dim, hidden)
        self.place = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        # What somebody reads who is alone, and whoever finds nobody else of interest.
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
        """boxes: (center x, center y, width, height), fractions of the frame. counts: people of each frame, in order."""
        if not len(tokens):
            return tokens
        seen = self.down(tokens)
        others, real = _in_the_frame(seen, counts)
        places, _ = _in_the_frame(boxes, counts)
        others = others + self.place(pair_codes(boxes, places))[:, :, None]
        real = real & ~_oneself(counts, real)
        nobody = self.nobody.to(seen.dtype).expand(len(seen), 1, -1)
        memory = torch.cat([nobody, others.flatten(1, 2).to(seen.dtype)], dim=1)
        ignored = torch.cat([real.new_zeros(len(real), 1), ~real.repeat_interleave(seen.shape[1], dim=1)], dim=1)
        attended, _ = self.attention(seen, memory, memory, key_padding_mask=ignored, need_weights=False)
        return tokens + self.up(attended)


def pair_codes(
    own: Float[Tensor, "people 4"], others: Float[Tensor, "people others 4"]
) -> Float[Tensor, "people others 4"]:
    """Where and how large the others' boxes are, in sizes of one's own; logarithms keep what is far away in bounds."""
    sizes = own[:, None, 2:].clamp(min=1e-3)
    offsets = (others[..., :2] - own[:, None, :2]) / sizes
    scales = (others[..., 2:].clamp(min=1e-3) / sizes).log()
    return torch.cat([offsets.sign() * offsets.abs().log1p(), scales], dim=-1)


def _in_the_frame(
    values: Float[Tensor, "people *rest"], counts: Sequence[int]
) -> tuple[Float[Tensor, "people others *rest"], Bool[Tensor, "people others"]]:
    """For each person the values of everybody in their frame, padded, and which are real."""
    crowded = [count for count in counts if count]
    padded = pad_sequence(list(values.split(crowded)), batch_first=True)
    sizes = torch.tensor(crowded, device=values.device)
    real = torch.arange(padded.shape[1], device=values.device) < sizes[:, None]
    return padded.repeat_interleave(sizes, dim=0), real.repeat_interleave(sizes, dim=0)


def _oneself(counts: Sequence[int], real: Bool[Tensor, "people others"]) -> Bool[Tensor, "people others"]:
    """Where among the people of their frame each person stands."""
    places = torch.cat([torch.arange(count) for count in counts]).to(real.device)
    return torch.arange(real.shape[1], device=real.device) == places[:, None]
