"""The verbs that a video is searched for: the 335 senses, or phrases of the user's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.moments import Moments
from smot_vlm.verbs import VERBS


@dataclass(frozen=True, eq=False)
class VerbSet:
    """The verbs that are scored.

    Attributes:
        labels: as reported.
        words: in plain English.
        thresholds: probabilities above which each is reported.
        score: (fused, pairs) to log-odds (pairs, verbs).
        moments: (fused, pairs) to the same at single observations; none where the model does not see when.
    """

    labels: Sequence[str]
    words: Sequence[str]
    thresholds: torch.Tensor
    score: Callable[[Any, torch.Tensor], torch.Tensor]
    moments: Callable[[Any, torch.Tensor], list[Moments]]


def known_verbs(model: SmotModelBase) -> VerbSet:
    """The 335 senses.

    Args:
        model: scores them.

    Returns:
        All of them.
    """
    labels, words = [verb.label for verb in VERBS], [verb.lemma for verb in VERBS]
    return VerbSet(labels, words, model.verb_thresholds, model.score_pairs, model.verb_moments)


def open_verbs(model: SmotModelBase, phrases: Sequence[str]) -> VerbSet:
    """Phrases in place of the 335 senses; each has the mean of their thresholds.

    Args:
        model: scores them.
        phrases: at least one, none of them blank or twice.

    Returns:
        The phrases.

    Raises:
        ValueError: no phrase, a blank one, or one twice; or the model cannot score new verbs.
    """
    phrases = [phrase.strip() for phrase in phrases]
    if not phrases or not all(phrases) or len(set(phrases)) != len(phrases):
        raise ValueError(f"verbs are {phrases}; give at least one phrase, none of them empty or twice")
    thresholds = model.verb_thresholds.mean().repeat(len(phrases))
    moments = partial(model.verb_moments, phrases=phrases)
    return VerbSet(phrases, phrases, thresholds, model.open_vocabulary(phrases), moments)
