"""What a model gives of single observations, beside what it says of whole trajectories: log-odds over time."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.fusion.memory import TrackBatch
from smot_vlm.semantics.interaction import InteractionHead, highest


@dataclass(frozen=True, eq=False)
class Moments:
    """Log-odds of several statements at the observations of one person.

    Attributes:
        times: (observations,) seconds since the video began, ascending.
        log_odds: (observations, statements).
    """

    times: np.ndarray
    log_odds: np.ndarray


def verb_moments(
    head: InteractionHead,
    tracks: Float[Tensor, "tracks tokens dim"],
    mask: Bool[Tensor, "tracks tokens"],
    observations: TrackBatch,
    pairs: Int[Tensor, "pairs 2"],
    phrases: Float[Tensor, "phrases embedding"] | None = None,
) -> list[Moments]:
    """Each verb at each observation of each pair's subject: the smooth maximum over the observation's tokens.

    Args:
        head: scores single tokens.
        tracks: T_j, a token a cell of an observation, one observation after another.
        mask: true where a token is real.
        observations: what `tracks` were fused from.
        pairs: rows (subject, object) of `tracks`.
        phrases: embeddings of verbs in place of the trained ones.

    Returns:
        One record a pair.
    """
    found = []
    for part in pairs.split(head.chunk):
        logits = head.token_logits(tracks, mask, part, phrases)
        cells = logits.shape[1] // observations.times.shape[1]
        by_cell = logits.unflatten(1, (-1, cells)).flatten(0, 1)
        every = torch.ones(by_cell.shape[:2], dtype=torch.bool, device=by_cell.device)
        by_observation = highest(by_cell, every).unflatten(0, (len(part), -1))
        for row, subject in enumerate(part[:, 0].tolist()):
            real = observations.mask[subject]
            times, log_odds = observations.times[subject][real], by_observation[row][real]
            found.append(Moments(times.double().cpu().numpy(), log_odds.double().cpu().numpy()))
    return found
