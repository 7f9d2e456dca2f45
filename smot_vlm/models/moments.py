"""What a model gives of single observations, beside what it says of whole trajectories: log-odds over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.fusion.memory import TrackBatch
from smot_vlm.semantics.decoder import CaptionRequest, Grounding
from smot_vlm.semantics.interaction import InteractionHead, highest

# Log-odds of verbs beyond this say no more.
MOST_LOG_ODDS = 6.0


@dataclass(frozen=True, eq=False)
class Moments:
    """Log-odds of several statements at the observations of one person.

    Attributes:
        times: (observations,) seconds since the video began, ascending.
        log_odds: (observations, statements).
    """

    times: np.ndarray
    log_odds: np.ndarray


# Words of single frames count half of what those of the decoder's segments count; chosen with `verb_times.RULE`.
FRAME_WEIGHT = 0.5


def word_moments(
    grounding: Grounding,
    requests: Sequence[CaptionRequest],
    fuse_single_frames: Callable[[Tensor, Tensor, Tensor], Tensor],
    observations: TrackBatch,
    texts: Sequence[Sequence[str]],
) -> list[Moments]:
    """How well what is seen of each person at each observation is named by each of several texts.

    Args:
        grounding: reads tokens as words.
        requests: of each person's caption.
        fuse_single_frames: (tokens, times, boxes) of observations to their fused tokens.
        observations: of the same people.
        texts: of each person.

    Returns:
        One record a person; its statements are the texts.
    """
    found = []
    for row, segments in enumerate(grounding.segment_scores(requests, texts)):
        real = observations.mask[row]
        times = observations.times[row][real]
        seen = fuse_single_frames(observations.tokens[row][real], times, observations.boxes[row][real])
        frames = grounding.frame_scores(seen, texts[row]).cpu().double().numpy()
        over_time = _at_observations(segments.cpu().double().numpy(), len(times))
        found.append(Moments(times.cpu().double().numpy(), over_time + FRAME_WEIGHT * frames))
    return found


def _at_observations(segments: np.ndarray, count: int) -> np.ndarray:
    """Scores of equal segments, by linear interpolation between their middles; 0 without segments."""
    if not len(segments):
        return np.zeros((count, segments.shape[1]))
    places = (np.arange(count) + 0.5) / count * len(segments) - 0.5
    columns = [np.interp(places, np.arange(len(segments)), column) for column in segments.T]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


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
            found.append(Moments(times.cpu().double().numpy(), log_odds.cpu().double().numpy()))
    return found
